"""Blind listening tests: a page that says nothing of who speaks, and figures of the answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from records import record, utterance

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.audio_artifacts import AudioArtifacts
from pytest_modellab.reports.listening.figures import of_answers
from pytest_modellab.reports.listening.page import render
from pytest_modellab.reports.listening.prepare import prepared
from pytest_modellab.reports.listening.spec import Answers, Key, ListeningError, Scale, read
from pytest_modellab.results.record import Record
from pytest_modellab.tasks.tts.record import Speech

TEXTS = {f"t{i}": f"text number {i}" for i in range(8)}


def voice(reports: Path, name: str, level: float, texts: dict[str, str] = TEXTS) -> Record:
    """A record of a voice whose sounds, noise at that level, are kept."""
    kept, rows = AudioArtifacts(reports), []
    for i, (id, text) in enumerate(texts.items()):
        noise = np.random.default_rng([i, len(name)]).normal(0, level, 24_000).astype(np.float32)
        speech = Speech.model_construct(audio=kept.keep(noise, 24_000), audible=True)
        rows.append(utterance(id, reference=text).model_copy(update={"parts": {"tts": speech}}))
    case = CaseRef(task="tts", model=name, device="cpu", dataset="texts")
    return record(utterances=[utterance()], case=case).model_copy(update={"utterances": tuple(rows)})


def voices(tmp_path: Path, *names: str) -> list[Record]:
    return [voice(tmp_path, name, 0.02 * (i + 1)) for i, name in enumerate(names)]


def answers(key: Key, listener: str, choose: Any) -> Answers:
    """`choose(item)` is a voice, "" for neither, or a rating by voice."""
    given: list[dict[str, Any]] = []
    for item in key.items:
        said = choose(item)
        clips = sorted(item.clips.values())
        if isinstance(said, dict):
            given.append({"clips": clips, "ratings": {item.clips[voice]: value for voice, value in said.items()}})
        else:
            given.append({"clips": clips, "preferred": item.clips.get(said, "")})
    file = {"schema": "modellab.listening/1", "test": key.test, "listener": listener, "answers": given}
    return Answers.model_validate(file)


class TestPage:
    def test_it_says_nothing_of_who_speaks(self, tmp_path: Path) -> None:
        test = prepared(voices(tmp_path, "anna-voice", "bert-voice"), tmp_path, scale="preference", seed=1, most=5)
        page = render(test, "Listening test")
        assert len(test.key.items) == 5
        assert "anna" not in page
        assert "bert" not in page
        assert all(name in page for item in test.key.items for name in item.clips.values())

    def test_clips_are_equally_loud(self, tmp_path: Path) -> None:
        import base64
        import io

        import soundfile

        test = prepared(voices(tmp_path, "a", "b"), tmp_path, scale="preference", seed=1, most=3)
        levels = []
        for url in test.clips.values():
            samples, _ = soundfile.read(io.BytesIO(base64.b64decode(url.partition(",")[2])))
            levels.append(10 * np.log10(np.mean(np.square(samples))))
        assert levels == [pytest.approx(-26, abs=0.1)] * 6

    def test_a_seed_chooses_the_texts(self, tmp_path: Path) -> None:
        records = voices(tmp_path, "a", "b")
        chosen = [
            [item.id for item in prepared(records, tmp_path, scale="preference", seed=seed, most=3).key.items]
            for seed in (1, 1, 2)
        ]
        assert chosen[0] == chosen[1] != chosen[2]

    @pytest.mark.parametrize(
        ("names", "scale", "message"),
        [
            (("a",), "rating", "two voices or more; found a"),
            (("a", "b", "c"), "preference", "is of two voices; found a, b, c"),
            (("a", "a"), "rating", "two records of a"),
        ],
    )
    def test_what_cannot_be_compared(self, tmp_path: Path, names: tuple[str, ...], scale: Scale, message: str) -> None:
        with pytest.raises(ListeningError, match=message):
            prepared(voices(tmp_path, *names), tmp_path, scale=scale, seed=0, most=3)

    def test_no_text_that_both_spoke(self, tmp_path: Path) -> None:
        records = [voice(tmp_path, "a", 0.1, {"one": "one"}), voice(tmp_path, "b", 0.1, {"two": "two"})]
        with pytest.raises(ListeningError, match="no text was spoken by all of a, b"):
            prepared(records, tmp_path, scale="preference", seed=0, most=3)


class TestFigures:
    def key(self, tmp_path: Path, scale: Scale = "preference", names: tuple[str, ...] = ("a", "b")) -> Key:
        return prepared(voices(tmp_path, *names), tmp_path, scale=scale, seed=1, most=8).key

    def test_preferences(self, tmp_path: Path) -> None:
        key = self.key(tmp_path)
        files = [answers(key, f"l{i}", lambda item, i=i: "b" if (int(item.id[1:]) + i) % 4 else "a") for i in range(6)]
        heard = of_answers(key, files)
        shares = {each.voice: each for each in heard.figures}
        assert (heard.listeners, heard.answers, heard.conditional) == (6, 48, "")
        assert shares["a"].value + shares["b"].value == pytest.approx(1)
        assert shares["b"].value == pytest.approx(0.75)
        interval = shares["b"].interval
        assert interval is not None
        assert 0.5 < interval.low < 0.75 < interval.high < 1

    def test_undecided_counts_half(self, tmp_path: Path) -> None:
        key = self.key(tmp_path)
        heard = of_answers(key, [answers(key, "anna", lambda item: "")])
        assert [each.value for each in heard.figures] == [0.5, 0.5]
        assert heard.conditional == "conditional on 1 listener"

    def test_ratings(self, tmp_path: Path) -> None:
        key = self.key(tmp_path, "rating", ("a", "b", "c"))
        files = [answers(key, f"l{i}", lambda item, i=i: {"a": 80 + i, "b": 50 - i, "c": 20 + i % 3}) for i in range(6)]
        heard = {each.voice: each for each in of_answers(key, files).figures}
        assert heard["a"].value == pytest.approx(82.5)
        assert heard["a"].interval is not None
        assert heard["a"].interval.low > 80
        assert heard["b"].value == pytest.approx(47.5)

    def test_a_rating_lies_in_its_interval_however_many_answers_each_gave(self, tmp_path: Path) -> None:
        key = self.key(tmp_path, "rating")
        files = [answers(key, f"l{i}", lambda item, i=i: {"a": 10 + 15 * i, "b": 90 - i}) for i in range(6)]
        files[0] = files[0].model_copy(update={"answers": files[0].answers[:1]})
        for each in of_answers(key, files).figures:
            assert each.interval is not None
            assert each.interval.low < each.value < each.interval.high

    def test_answers_that_do_not_belong(self, tmp_path: Path) -> None:
        key = self.key(tmp_path)
        file = answers(key, "anna", lambda item: "a")
        with pytest.raises(ListeningError, match="two files are of the listener anna"):
            of_answers(key, [file, file])
        with pytest.raises(ListeningError, match="are of test other"):
            of_answers(key, [file.model_copy(update={"test": "other"})])
        with pytest.raises(ListeningError, match="on another scale than rating"):
            of_answers(key.model_copy(update={"scale": "rating"}), [file])
        twice = file.model_copy(update={"answers": (file.answers[0], *file.answers)})
        with pytest.raises(ListeningError, match=r"anna answered to `t\d` twice"):
            of_answers(key, [twice])
        strange = file.answers[0].model_copy(update={"clips": ("x", "y")})
        with pytest.raises(ListeningError, match="clips that the key doesn't have"):
            of_answers(key, [file.model_copy(update={"answers": (strange,)})])

    @pytest.mark.parametrize(
        ("answer", "message"),
        [
            ({"clips": ["x", "y"]}, "either a preference or ratings"),
            ({"clips": ["x", "y"], "preferred": "z"}, "none of the item's clips"),
            ({"clips": ["x", "y"], "ratings": {"x": 1}}, "every clip of an item needs a rating"),
            ({"clips": ["x", "y"], "ratings": {"x": 1, "y": 101}}, "from 0 to 100"),
        ],
    )
    def test_a_file_that_is_wrong_is_told_where(self, tmp_path: Path, answer: dict[str, Any], message: str) -> None:
        file = tmp_path / "a.json"
        content = {"schema": "modellab.listening/1", "test": "t", "listener": "anna", "answers": [answer]}
        file.write_text(json.dumps(content))
        with pytest.raises(ListeningError, match=rf"a\.json: answers\.0: .*{message}"):
            read(Answers, file)

    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(ListeningError, match="No such file"):
            read(Key, tmp_path / "none.json")
