"""Where speech is known to begin and end: in joined recordings, and by CTM files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from catalogs import write_catalog
from manifests import manifest, row
from numpy.typing import NDArray

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog import load
from pytest_modellab.catalog.datasets import Dataset, prepare, spool
from pytest_modellab.catalog.datasets.derived import JoinedRecording
from pytest_modellab.catalog.datasets.spans import read_ctm, spans_of, with_words
from pytest_modellab.catalog.datasets.utterance import DatasetError, Span, Utterance
from pytest_modellab.core.metrics.speech import audible_part

RATE = 16_000


@dataclass(frozen=True)
class Tone:
    """A tone between silences, each of so many seconds."""

    before_s: float
    sound_s: float
    after_s: float

    @property
    def identity(self) -> tuple[Any, ...]:
        return "tone", self.before_s, self.sound_s, self.after_s

    @property
    def seconds(self) -> float:
        return self.before_s + self.sound_s + self.after_s

    def samples(self, rate: int) -> NDArray[np.float32]:
        sound = 0.3 * np.sin(2 * np.pi * 440 * np.arange(round(self.sound_s * rate)) / rate)
        silence = [np.zeros(round(seconds * rate)) for seconds in (self.before_s, self.after_s)]
        return np.concatenate([silence[0], sound, silence[1]]).astype(np.float32)


class TestAudible:
    def test_it_is_found_to_within_a_frame(self) -> None:
        found = audible_part(Tone(0.25, 1.0, 0.5).samples(RATE), RATE)
        assert found == pytest.approx((0.25, 1.25), abs=0.005)

    @pytest.mark.parametrize("samples", [np.zeros(0, np.float32), np.zeros(RATE, np.float32)])
    def test_of_silence_there_is_none(self, samples: NDArray[np.float32]) -> None:
        assert audible_part(samples, RATE) is None

    def test_it_ends_with_the_clip(self) -> None:
        assert audible_part(Tone(0.0, 1.0, 0.0).samples(RATE), RATE) == pytest.approx((0.0, 1.0), abs=0.005)


class TestJoined:
    def test_each_part_has_its_place(self) -> None:
        parts = (Tone(0.1, 1.0, 0.2), Tone(0.0, 0.5, 0.3), Tone(0.5, 0.5, 0.0))
        joined = JoinedRecording(parts, 0.6, ("one", "two", "three"))
        assert [each.text for each in joined.spans()] == ["one", "two", "three"]
        ends = [(each.start_s, each.end_s) for each in joined.spans()]
        assert ends == [pytest.approx(each, abs=0.006) for each in ((0.1, 1.1), (1.9, 2.4), (3.8, 4.3))]

    def test_what_is_said_is_no_part_of_the_samples_identity(self) -> None:
        parts = (Tone(0.1, 1.0, 0.2),)
        assert JoinedRecording(parts, 0.6).identity == JoinedRecording(parts, 0.6, ("one",)).identity

    def test_an_utterance_asks_its_recording(self) -> None:
        joined = JoinedRecording((Tone(0.1, 1.0, 0.2),), 0.6, ("one",))
        assert [each.text for each in spans_of(Utterance("a", "one", joined))] == ["one"]
        assert spans_of(Utterance("a", "one", Tone(0.1, 1.0, 0.2))) == ()
        told = (Span("one", 0.0, 1.0),)
        assert spans_of(Utterance("a", "one", joined, spans=told)) == told


class TestCtm:
    def test_words_by_recording(self, tmp_path: Path) -> None:
        file = tmp_path / "words.ctm"
        file.write_text(";; made by hand\na 1 0.50 0.25 one\nb A 0 1 two 0.9\n\na 1 0.80 0.2 day\n")
        assert read_ctm(file) == {
            "a": (Span("one", 0.5, 0.75), Span("day", 0.8, 1.0)),
            "b": (Span("two", 0.0, 1.0),),
        }

    @pytest.mark.parametrize(
        "line", ["a 1 0.5 one", "a 1 x 0.5 one", "a 1 -1 0.5 one", "a 1 nan 0.5 one", "a 1 0 inf one"]
    )
    def test_what_is_no_ctm_is_told_with_its_line(self, tmp_path: Path, line: str) -> None:
        file = tmp_path / "words.ctm"
        file.write_text(f"a 1 0.5 0.25 one\n{line}\n")
        with pytest.raises(DatasetError, match=r"words\.ctm:2: expected `recording channel start duration word"):
            read_ctm(file)

    def test_words_out_of_order_are_refused(self, tmp_path: Path) -> None:
        file = tmp_path / "words.ctm"
        file.write_text("a 1 0.5 0.25 one\na 1 0.4 0.1 two\n")
        with pytest.raises(DatasetError, match=r"words\.ctm:2: `two` starts at 0.4 s, before"):
            read_ctm(file)

    def test_utterances_get_those_of_their_id(self) -> None:
        found = with_words([Utterance("a", "one", None), Utterance("b", "two", None)], {"a": (Span("one", 0, 1),)})
        assert [each.spans for each in found] == [(Span("one", 0, 1),), ()]


class TestDataset:
    def prepared(self, folder: Path, ctm: str | bytes) -> Dataset:
        manifest(folder, [row(), row("two.wav", "two")])
        text = (
            "schema: modellab.dataset/1\nid: timed\ntasks: [words]\ntiers: [smoke]\nlanguage: en\n"
            "manifest: talk.jsonl\nctm: talk.ctm\n"
        )
        lab = write_catalog(folder / "fixtures", files={"datasets/timed.yaml": text})
        (lab / "datasets/talk.ctm").write_bytes(ctm if isinstance(ctm, bytes) else ctm.encode())
        catalog = load(lab)
        return prepare(catalog.datasets["timed"], catalog, Store(folder / "cache", progress=False))

    def test_words_are_those_of_their_recordings(self, tmp_path: Path) -> None:
        found = self.prepared(tmp_path, "one 1 0.1 0.2 one\n")
        assert [each.spans for each in found.utterances] == [(Span("one", 0.1, 0.1 + 0.2),), ()]

    def test_times_are_part_of_the_fingerprint(self, tmp_path: Path) -> None:
        made = [self.prepared(tmp_path / name, f"one 1 {start} 0.2 one\n") for name, start in (("a", 0.1), ("b", 0.2))]
        assert made[0].fingerprint != made[1].fingerprint

    @pytest.mark.parametrize(
        ("ctm", "told"),
        [
            (
                "three 1 0.1 0.2 one\n",
                r"talk\.ctm: no utterance `three`; ids of the data set are such as `one`, `two`",
            ),
            ("one 1 0.1\n", r"talk\.ctm:1: expected `recording channel start duration word"),
            (b"one 1 0.1 0.2 \xff\n", r"talk\.ctm: .*named in .*timed\.yaml"),
            (";; nothing\n", r"talk\.ctm: no words"),
            ("one 1 0.1 9 one\n", r"talk\.ctm: `one` of `one` ends at 9\.1 s, and its recording at 0\.50 s"),
        ],
    )
    def test_what_is_wrong_is_told(self, tmp_path: Path, ctm: str | bytes, told: str) -> None:
        with pytest.raises(DatasetError, match=told):
            self.prepared(tmp_path, ctm)

    def test_what_differs_is_noted(self, tmp_path: Path) -> None:
        found = self.prepared(tmp_path, "one 1 0.1 0.2 three\n")
        assert found.notes == (
            "talk.ctm has other words than the reference of `one`",
            "talk.ctm has no words of 1 utterance",
        )

    def test_spooled_utterances_have_them_too(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(spool, "FEWEST", 1)
        found = self.prepared(tmp_path, "two 1 0.1 0.2 two\n")
        assert isinstance(found.utterances, spool.SpooledUtterances)
        assert [len(each.spans) for each in found.utterances] == [0, 1]
