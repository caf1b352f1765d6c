"""The published models that ship, their types, and the rules of shortlists."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from pytest_modellab.catalog import CatalogError, load
from pytest_modellab.catalog.base import TASKS
from pytest_modellab.catalog.published.links import links
from pytest_modellab.catalog.published.shipped import PATH, read_published, shipped
from pytest_modellab.catalog.published.spec import Figure, PublishedModel, Rule
from pytest_modellab.catalog.specs import ModelSpec
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.engines.registry import available, engine_class

ROOT = Path(__file__).parents[2]
SOURCE = {"title": "a card", "url": "https://example.org/card", "opened": "2026-01-31"}
HEAD = "schema: modellab.published/1\nmodels:\n  - id: tiny\n    title: Tiny\n"
REST = "    tasks: [asr]\n    sources: [{title: a card, url: https://example.org/card, opened: 2026-01-31}]\n"


def model(**values: Any) -> PublishedModel:
    """A model of which only what is given is known."""
    return PublishedModel.model_validate(
        {"id": "tiny", "title": "Tiny", "tasks": ["asr"], "sources": [SOURCE], **values}
    )


def figure(metric: str = "wer", value: float = 0.05, **values: Any) -> dict[str, Any]:
    return {"metric": metric, "value": value, "data": "calls", "source": SOURCE, **values}


class TestShipped:
    def test_there_are_enough_of_each_kind(self) -> None:
        models = shipped().models
        assert len(models) >= 40
        kinds = {task for each in models for task in each.all_tasks}
        assert {"asr", "tts", "chat", "streaming", "diarize"} <= kinds

    def test_tasks_and_engines_are_those_of_the_registries(self) -> None:
        for each in shipped().models:
            assert set(each.tasks) <= set(TASKS), each.id
            assert each.engine is None or each.engine in available(), each.id

    def test_an_engine_does_one_of_the_tasks_of_its_models(self) -> None:
        for each in shipped().models:
            if each.engine is not None:
                assert engine_class(available()[each.engine]).tasks & set(each.tasks), each.id

    def test_what_is_told_has_a_source(self) -> None:
        for each in shipped().models:
            assert each.sources, each.id
            assert {figure.source.url for figure in each.figures} <= {source.url for source in each.sources}, each.id

    def test_each_source_is_named_once_and_used(self) -> None:
        file = shipped()
        used = {source.url for each in file.models for source in each.sources}
        assert {source.url for source in file.sources.values()} <= used

    def test_figures_of_metrics_that_are_known_elsewhere_are_of_tasks_that_are_none_here(self) -> None:
        for each in shipped().models:
            foreign = {figure.metric for figure in each.figures} - METRICS.keys()
            assert not foreign or each.other_tasks, each.id

    def test_no_two_models_are_the_same_repository(self) -> None:
        repos = [repo.casefold() for each in shipped().models for repo in (each.repo, *each.also) if repo]
        assert len(repos) == len(set(repos))

    def test_licences_that_forbid_commercial_use_are_told_as_such(self) -> None:
        for each in shipped().models:
            if "-NC" in each.licence:
                assert each.commercial is False, each.id

    @pytest.mark.parametrize("name", list(shipped().uses))
    def test_each_use_has_a_shortlist(self, name: str) -> None:
        rule = shipped().uses[name].rule
        assert any(rule.met_by(each) for each in shipped().models)
        assert not all(rule.met_by(each) for each in shipped().models)

    def test_the_models_of_this_repository_are_linked_by_repository_or_id(self) -> None:
        found = links(shipped().models, load(ROOT / "fixtures", ROOT, engines=False).models)
        assert {"faster-whisper-base", "whisper-cpp-base", "hub-whisper-base"} <= set(found["whisper-base"])
        assert "faster-whisper-distil-large-v3.5" in found["distil-large-v3.5"]
        assert "moonshine-tiny-en" in found["moonshine-tiny"]
        assert set(found["kokoro"]) == {"kokoro-heart"}
        linked = [id for ids in found.values() for id in ids]
        assert len(linked) == len(set(linked))
        assert not {"cascade-tiny-smollm2-hibari", "smollm2-135m", "served-tiny.en"} & set(linked)


def local(id: str, **values: Any) -> ModelSpec:
    given = {
        "schema": "modellab.model/1",
        "id": id,
        "engine": "vosk",
        "tasks": ["asr"],
        "tiers": [],
        "devices": {"cpu": {}},
    }
    return ModelSpec.model_validate({**given, **values})


class TestLinks:
    PUBLISHED = (model(id="tiny", repo="Some/Tiny"), model(id="tiny-en", also=["some/tiny-en-ct2"]))
    PINNED: ClassVar[dict[str, Any]] = {"files": {"a": {"sha256": "0" * 64, "size": 1}}}

    @pytest.mark.parametrize(
        ("spec", "linked"),
        [
            (local("mine", weights={"repo": "some/tiny", "revision": "0" * 40}), "tiny"),
            (local("mine", weights={"repo": "some/tiny-en-ct2", "revision": "0" * 40}), "tiny-en"),
            (local("tiny-x", weights={"repo": "some/other", "revision": "0" * 40}), None),
            (local("my-tiny-en-live", weights=PINNED), "tiny-en"),
            (local("my-tiny"), "tiny"),
            (local("tinyx", weights=PINNED), None),
            (local("tiny-tuned", weights={"path": "../own"}), None),
            (local("tiny", weights={"path": "../own"}), "tiny"),
            (local("tiny-tuned", weights={"convert": {"from": "absent", "to": "transformers"}}), None),
            (local("tiny-cascade", parts={"recogniser": "tiny"}), None),
        ],
        ids=lambda value: value.id if isinstance(value, ModelSpec) else None,
    )
    def test_by_the_repository_of_the_weights_or_else_by_the_id(self, spec: ModelSpec, linked: str | None) -> None:
        assert links(self.PUBLISHED, {spec.id: spec}) == ({} if linked is None else {linked: (spec.id,)})

    def test_by_what_the_weights_are_converted_from(self) -> None:
        source = local("source", weights={"repo": "some/tiny", "revision": "0" * 40})
        made = local("made", weights={"convert": {"from": "source", "to": "transformers"}})
        assert links(self.PUBLISHED, {"source": source, "made": made}) == {"tiny": ("source", "made")}


class TestFile:
    @pytest.mark.parametrize(
        ("text", "line", "message"),
        [
            ("    size: 3\n", 5, "unknown key `size` in `models[0]`"),
            ("    engine: fster-whisper\n", 5, "unknown value `fster-whisper`; did you mean `faster-whisper`?"),
            ("    parameters: many\n", 5, "`models[0].parameters`: expected a whole number, found `many`"),
            ("    languages: [germn]\n", 5, "`germn` is no language tag"),
            ("    other_tasks: [tts]\n", 5, "`tts` is a task here: put it in `tasks`"),
            ("    title: x\n", 5, "duplicate key `title`"),
        ],
    )
    def test_a_mistake_is_told_with_its_line(self, tmp_path: Path, text: str, line: int, message: str) -> None:
        place = tmp_path / "models.yaml"
        place.write_text(HEAD + text + REST)
        with pytest.raises(CatalogError) as told:
            read_published(place)
        assert f"models.yaml:{line}: " in str(told.value)
        assert message in str(told.value)

    def test_ids_are_unique(self, tmp_path: Path) -> None:
        place = tmp_path / "models.yaml"
        place.write_text(HEAD + REST + HEAD.split("models:\n")[1] + REST)
        with pytest.raises(CatalogError, match="duplicate ids: tiny"):
            read_published(place)

    def test_it_ships_in_the_package(self) -> None:
        assert PATH.is_relative_to(ROOT / "pytest_modellab")


class TestModel:
    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"tasks": []}, "names neither `tasks` nor `other_tasks`"),
            ({"languages": ["en"], "language_count": 3}, "leave it out beside `languages`"),
            ({"sources": []}, "at least 1 item"),
            ({"title": "a | b"}, "one line of text"),
            ({"title": "=1+1"}, "as a spreadsheet's formula does"),
            ({"figures": [figure(value=5.0)]}, "wer is a ratio: 0.05 is 5 %"),
            ({"figures": [figure("eer")]}, "`eer` is no metric here: give its `unit`"),
            ({"figures": [figure(unit="%")]}, "the unit of `wer` is known"),
        ],
    )
    def test_what_can_not_be_is_refused(self, values: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            model(**values)

    def test_figures_are_shown_as_ours_are(self) -> None:
        shown = [
            (each.title, each.shown)
            for each in map(Figure.model_validate, (figure(), figure("rtfx", 120.0), figure("eer", 0.188, unit="%")))
        ]
        assert shown == [("WER", "5.0 %"), (METRICS["rtfx"].title, METRICS["rtfx"].format(120.0)), ("EER", "18.8 %")]


class TestRule:
    @pytest.mark.parametrize(
        ("rule", "values", "met"),
        [
            ({"max_parameters": 100}, {"parameters": 100}, True),
            ({"max_parameters": 100}, {"parameters": 101}, False),
            ({"max_parameters": 100}, {}, None),
            ({"max_download_bytes": 5}, {"download_bytes": 6}, False),
            ({"commercial": True}, {"commercial": False}, False),
            ({"commercial": True}, {}, None),
            ({"streaming": True}, {"streaming": True}, True),
            ({"min_languages": 10}, {"language_count": 17}, True),
            ({"min_languages": 10}, {"languages": ["en"]}, False),
            ({"min_languages": 10}, {}, None),
            ({"language": "de"}, {"languages": ["en", "de-AT"]}, True),
            ({"language": "de"}, {"languages": ["en"]}, False),
            ({"language": "de"}, {"language_count": 17}, None),
            ({"task": "asr"}, {}, True),
            ({"task": "diarization"}, {"other_tasks": ["diarization"]}, True),
            ({"task": "tts"}, {}, False),
            ({"at_least": {"rtfx": 200}}, {"figures": [figure("rtfx", 250)]}, True),
            ({"at_least": {"rtfx": 200}}, {"figures": [figure("rtfx", 20)]}, False),
            ({"at_least": {"rtfx": 200}}, {"figures": [figure()]}, None),
            ({"at_most": {"wer": 0.06}}, {"figures": [figure()]}, True),
            ({}, {}, True),
            ({"max_parameters": 100, "streaming": True}, {"streaming": False}, False),
        ],
    )
    def test_what_is_not_known_neither_meets_nor_fails(
        self, rule: dict[str, Any], values: dict[str, Any], met: bool | None
    ) -> None:
        assert Rule.model_validate(rule).met_by(model(**values)) is met
