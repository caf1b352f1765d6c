"""Models that serve others, limits against a baseline, environments, dialogues: what the specs say and refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from catalogs import model_yaml, write_catalog
from pydantic import ValidationError

from pytest_modellab.catalog.baseline_spec import BaselineLimitSpec, allowed
from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.catalog.dataset_forms import FORMS
from pytest_modellab.catalog.datasets import DatasetError
from pytest_modellab.catalog.datasets.dialogues import from_dialogues, rules_of, turn_id
from pytest_modellab.catalog.datasets.prompts import from_prompts
from pytest_modellab.catalog.datasets.root import OutsideRoot, Root
from pytest_modellab.catalog.environment_spec import EnvironmentSpec
from pytest_modellab.catalog.load import load
from pytest_modellab.catalog.parts import wrong_auxiliary_model, wrong_part, wrong_roles
from pytest_modellab.catalog.specs import DatasetSpec, ModelSpec
from pytest_modellab.core.stats.regression import DEFAULT, Allowed

HEAD: dict[str, Any] = {"schema": "modellab.dataset/1", "id": "talk", "tiers": []}


def model(id: str = "m", tasks: tuple[str, ...] = ("asr",), **more: Any) -> ModelSpec:
    given = {"schema": "modellab.model/1", "id": id, "engine": "modellab_fake_engine:FakeEngine", "tasks": tasks}
    return ModelSpec.model_validate({**given, "tiers": [], "devices": {"cpu": {}}, **more})


class TestBaselineLimits:
    CASE = CaseRef(task="asr", model="base", device="cpu", dataset="talk")

    def test_the_last_that_matches_counts(self) -> None:
        specs = [
            BaselineLimitSpec(tolerance=0.01),
            BaselineLimitSpec(model="ba*", tolerance=0.03, sanity=0.2),
            BaselineLimitSpec(dataset="other", tolerance=0.05),
        ]
        assert allowed(specs, self.CASE, lambda origin: f"<{origin}>") == Allowed(0.03, 0.2, "<>")
        assert allowed([specs[2]], self.CASE, str) == DEFAULT

    def test_a_tolerance_beyond_sanity(self) -> None:
        with pytest.raises(ValidationError, match=r"`tolerance` \(0.2\) is beyond `sanity` \(0.1\)"):
            BaselineLimitSpec(tolerance=0.2, sanity=0.1)


class TestParts:
    class Whole:
        roles: ClassVar[dict[str, str]] = {"asr": "asr", "llm": "chat"}
        needed_roles: ClassVar[tuple[str, ...]] = ("asr", "llm")

    def test_a_model_that_is_not_made_of_others(self) -> None:
        assert list(wrong_roles(model(), object)) == []
        [(place, message)] = wrong_roles(model(parts={"asr": "x"}), object)
        assert place == ("parts",)
        assert message.endswith("is not made of other models: leave `parts:` out")

    def test_roles_that_are_unknown_and_roles_that_lack(self) -> None:
        told = [message for _, message in wrong_roles(model(parts={"asr": "x", "lml": "y"}), self.Whole)]
        assert "has no part `lml`; did you mean `llm`?" in told[0]
        assert "lacks the part `llm`; write `parts: {asr: <a model that does asr>, llm: " in told[1]
        [(place, message)] = wrong_roles(model(), self.Whole)
        assert place == ("engine",)
        assert "lacks the parts `asr` and `llm`" in message

    @pytest.mark.parametrize(
        ("part", "why"),
        [
            (model("p"), ""),
            (model("p", parts={"asr": "x"}), "`p` is made of parts itself; allowed: fit"),
            (model("p", ("tts",)), "`p` does tts and not `asr`; allowed: fit"),
            (model("p", environment={"requirements": ["x==1"]}), "`p` has an environment of its own, and all parts"),
            (model("p", devices={"cuda": {}}), "`p` does not run on cpu: name it under `devices:` there"),
        ],
        ids=["fits", "of parts", "task", "environment", "device"],
    )
    def test_what_can_have_a_role(self, part: ModelSpec, why: str) -> None:
        found = wrong_part(model("whole"), "asr", part, "asr", {"fit": model("fit")})
        assert found.startswith(why)
        assert bool(found) == bool(why)

    def test_a_part_that_is_told_in_writing_cannot_be_given_speech(self) -> None:
        hears = model("p", ("chat",))
        assert "is given speech, and the part `llm` is told in writing" in wrong_part(model(), "llm", hears, "chat", {})

    @pytest.mark.parametrize(
        ("name", "task", "why"),
        [
            ("voice", "tts", ""),
            ("vioce", "tts", "unknown model `vioce`; did you mean `voice`? allowed: voice"),
            ("ear", "tts", "`ear` does not do `tts` on the device cpu; allowed: voice"),
            ("voice", "chat", "`voice` does not do `chat` in writing, on the device cpu; no model of the catalog does"),
        ],
    )
    def test_who_serves_a_data_set(self, name: str, task: str, why: str) -> None:
        models = {"voice": model("voice", ("tts",)), "ear": model("ear")}
        assert wrong_auxiliary_model(name, task, models) == why


class TestEnvironment:
    def test_requirements_are_compared_as_pip_does(self) -> None:
        spec = EnvironmentSpec(requirements=("Liquid_Audio == 1.3", "torch @ https://x.org/torch.whl"))
        assert spec.requirements is not None
        assert [each.replace(" ", "") for each in spec.requirements] == [
            "liquid-audio==1.3",
            "torch@https://x.org/torch.whl",
        ]

    @pytest.mark.parametrize(
        ("given", "why"),
        [
            ({"requirements": ["--index-url x"]}, "options of pip don't belong here"),
            ({"requirements": ["a b"]}, "`a b` is not a requirement such as name==1.2"),
            ({"requirements": ["a @ file:///a.whl"]}, "a package may be named by an https:// address"),
            ({"interpreter": "bin/python", "python": "3.12"}, "`python` goes with `requirements`"),
        ],
    )
    def test_what_is_refused(self, given: dict[str, Any], why: str) -> None:
        with pytest.raises(ValidationError, match=why):
            EnvironmentSpec.model_validate(given)


class TestDialogues:
    def spec(self, turns: list[dict[str, Any]], **more: Any) -> DatasetSpec:
        dialogues = [{"id": "tea", "turns": turns}]
        return DatasetSpec.model_validate(
            {**HEAD, "tasks": ["chat"], "judge": {"asr": "ear"}, "voice": "v", "dialogues": dialogues, **more}
        )

    def test_turns_know_those_before_them(self) -> None:
        spec = self.spec([{"say": "Hi", "accept": ["hello"]}, {"say": "Two plus two?", "number": 4}], language="en")
        first, second = from_dialogues(spec, spec.given, access=None)  # type: ignore[arg-type]
        assert first.turn is not None
        assert second.turn is not None
        assert (first.id, second.id, second.text, second.language) == ("tea.1", "tea.2", "Two plus two?", "en")
        assert (first.turn.earlier, second.turn.earlier) == ((), ("tea.1",))
        [dialogue] = spec.given
        assert rules_of(dialogue.turns[1]).number == 4
        assert turn_id(dialogue, 1) == "tea.2"
        assert FORMS["dialogues"].summary(spec.given) == "1 dialogues"

    @pytest.mark.parametrize(
        ("turn", "more", "why"),
        [
            ({"number": 1}, {"tasks": ["asr"]}, r"`dialogues` are for `tasks: \[chat\]`"),
            ({"number": 1}, {"voice": None}, "need a `voice` to speak them"),
            ({"rubric": "Is it polite?"}, {}, "say who judges by it under `graded_by`"),
            ({"number": 1}, {"graded_by": {"llm": "judge"}}, "and no turn has one"),
        ],
    )
    def test_what_they_need(self, turn: dict[str, Any], more: dict[str, Any], why: str) -> None:
        with pytest.raises(ValidationError, match=why):
            self.spec([{"say": "Hi", **turn}], **more)

    def test_a_clip_of_an_archive_that_is_not_there(self) -> None:
        clip = {"archive": "box", "member": "a.wav", "sha256": "0" * 64}
        spec = self.spec([{"say": "Hi", "number": 1, "clip": clip}], archives={"bax": {"path": "a.zip"}})
        [(place, message)] = FORMS["dialogues"].mistakes(spec, spec.given)
        assert place == (0, "turns", 0, "clip", "archive")
        assert message.startswith("unknown archive `box`; did you mean `bax`?")


def test_prompts_are_spoken_as_texts_and_heard_as_references() -> None:
    prompts = [{"id": "a", "text": "Dr. No", "heard": "doctor no"}, {"id": "b", "text": "", "language": "de"}]
    spec = DatasetSpec.model_validate(
        {**HEAD, "tasks": ["tts"], "language": "en", "judge": {"asr": "ear"}, "prompts": prompts}
    )
    first, second = from_prompts(spec, spec.given)
    assert (first.text, first.spoken_text, first.language) == ("doctor no", "Dr. No", "en")
    assert (second.text, second.spoken_text, second.language) == ("", "", "de")
    assert spec.spoken


class TestRoot:
    def spec(self, tmp_path: Path, root: str | None = None) -> DatasetSpec:
        spec = DatasetSpec.model_validate({**HEAD, "tasks": ["asr"], "manifest": "a.jsonl", "audio_root": root})
        spec._origin = f"{tmp_path / 'datasets' / 'talk.yaml'}:1"
        return spec

    def test_files_lie_beside_the_manifest_or_in_the_root(self, tmp_path: Path) -> None:
        beside = tmp_path / "datasets"
        (beside / "audio").mkdir(parents=True)
        Root.of(self.spec(tmp_path), beside).check(beside / "audio" / "a.wav")
        with pytest.raises(OutsideRoot, match=r"lies outside .*; if it may be read, set `audio_root` in talk.yaml"):
            Root.of(self.spec(tmp_path, "audio"), beside).check(beside / "a.wav")

    def test_a_root_that_is_no_folder(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match=r"`audio_root` .* is no folder"):
            Root.of(self.spec(tmp_path, "none"), tmp_path)


def test_a_derived_set_that_leads_to_itself(tmp_path: Path) -> None:
    text = "schema: modellab.dataset/1\nid: ID\ntasks: [asr]\ntiers: []\nlanguage: en\nderive: {from: OF, take: 1}\n"
    files = {f"datasets/{a}.yaml": text.replace("ID", a).replace("OF", b) for a, b in (("a", "b"), ("b", "a"))}
    folder = write_catalog(tmp_path / "lab", datasets=(), files={**files, "models/tiny.yaml": model_yaml("tiny")})
    with pytest.raises(Exception, match="derived from itself: a -> b -> a"):
        load(folder, engines=False)
