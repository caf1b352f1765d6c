"""Ends of speech by a detector in a worker: what is asked, what is kept, what a missing one says."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from fakeruns import FakeRuns
from streamlab import model
from streamlab import streams as made_streams

from pytest_modellab.catalog.datasets import Utterance
from pytest_modellab.engines.base import Clip
from pytest_modellab.engines.silero_vad import SileroVad, SileroVadOptions
from pytest_modellab.results import provenance
from pytest_modellab.results.record import Record
from pytest_modellab.runner import speech_ends as detection
from pytest_modellab.runner.executor import WorkerDied
from pytest_modellab.runner.journal import Journal
from pytest_modellab.tasks.streaming.record import stream_of, streams_of

RATE = 16_000


class Recording:
    def samples(self, rate: int) -> Any:
        return np.zeros(rate, np.float32)


class Worker:
    """A worker that gives these scores, or raises."""

    gone = False

    def __init__(self, *scores: Any) -> None:
        self.scores = list(scores)

    def request(self, message: dict[str, Any], payload: bytes = b"", *, timeout: float) -> dict[str, Any]:
        if message["op"] == "load":
            return {"facts": {}}
        score = self.scores.pop(0)
        if isinstance(score, Exception):
            raise score
        return {"score": score}

    def close(self) -> None: ...


class Kept:
    """A journal."""

    def __init__(self, *lines: dict[str, Any]) -> None:
        self.lines = list(lines)

    def append(self, line: dict[str, Any]) -> None:
        self.lines.append(line)


SAID: list[str] = []
UTTERANCES = [Utterance(id, "A", cast(Any, Recording())) for id in "abc"]


def found(journal: Kept, *scores: Any) -> Any:
    return detection.speech_ends(
        UTTERANCES, cast(Journal, journal), lambda order: cast(Any, Worker(*scores)), SAID.append
    )


class TestSpeechEnds:
    def test_what_was_found_is_kept_and_not_asked_again(self) -> None:
        journal = Kept({"speech_end": "a", "end_s": 0.5}, {"utterance": "a"})
        ends = found(journal, 0.75, -1.0)
        assert ends.seconds == {"a": 0.5, "b": 0.75}
        assert [*journal.lines][2:] == [{"speech_end": "b", "end_s": 0.75}, {"speech_end": "c", "end_s": None}]
        assert found(journal) == ends
        assert ends.missing is None
        assert ends.detector is not None
        assert ends.detector.startswith("Silero VAD of faster-whisper 1.")

    def test_one_that_dies_gives_no_ends_and_says_why(self) -> None:
        ends = found(Kept(), 0.5, WorkerDied("crash", "died of SIGSEGV"))
        assert ends.seconds == {}
        assert ends.missing == "Silero VAD failed: died of SIGSEGV"

    def test_one_that_is_not_installed_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(provenance, "versions", lambda names: dict.fromkeys(names))
        ends = found(Kept())
        assert ends.missing is not None
        assert "faster-whisper" in ends.missing
        assert ends.missing.endswith("pip install 'pytest-modellab[faster-whisper]'")


class HalfDetector:
    """A detector in whose view speech ends in the middle of every clip."""

    tasks: frozenset[str] = frozenset()
    devices = frozenset({"cpu"})
    rate = RATE
    distributions = ()
    extra = ""
    Options = SileroVadOptions

    @classmethod
    def load(cls, request: Any) -> HalfDetector:
        return cls()

    def score(self, clip: Clip) -> float:
        return clip.seconds / 2

    def synchronize(self) -> None: ...

    def close(self) -> None: ...


class TestCase:
    @pytest.fixture
    def streams(self, runs: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> FakeRuns:
        monkeypatch.setattr(detection, "TARGET", f"{__name__}:HalfDetector")
        lab = made_streams(runs)
        path = lab.catalog / "datasets" / "numbers.yaml"
        path.write_text(path.read_text().replace("  pace: 3", "  pace: 3\n  endpoint_s: 1"))
        return lab

    def measured(self, streams: FakeRuns, ends_at_s: float) -> Record:
        model(streams, ends_at_s=ends_at_s)
        return streams.measured()

    def test_latencies_are_counted_from_the_end_of_speech(self, streams: FakeRuns) -> None:
        record = self.measured(streams, 1.0)
        summary, first = streams_of(record), stream_of(record.utterances[0])
        assert summary is not None
        assert first is not None
        assert first.endpoint is not None
        assert (summary.endpoint_s, first.speech_end_s) == (1.0, 0.3)
        assert record.provenance.inputs["stream"]["endpoint_s"] == 1
        assert set(record.provenance.inputs["speech_ends"]) == {"versions", "code"}
        # At thrice the pace of speech the fifth chunk, up to 1.0 s of sound, is complete after a third of a second.
        latencies = [each.endpoint.at_s - each.speech_end_s / 3 for each in map(stream_of, record.utterances)]  # type: ignore[union-attr, operator]
        assert record.value("endpoint_p50_s") == pytest.approx(sum(latencies) / 2)
        assert min(latencies) >= (1.0 - 0.3) / 3
        assert (record.value("early_cuts"), record.value("missed_ends")) == (0, 0)
        # It goes on to hear numbers in the silence behind the clip.
        assert (record.value("endpoint_wer") or 0) > 0
        assert record.value("wer") == 0

    def test_speech_that_is_cut_has_no_latency_and_its_text_is_short(self, streams: FakeRuns) -> None:
        record = self.measured(streams, 0.1)
        assert record.value("early_cuts") == 1
        assert record.value("endpoint_p50_s") is None
        assert record.value("endpoint_wer") == pytest.approx(7 / 11)

    def test_an_end_that_is_never_found_counts_as_long_as_it_was_waited_for(self, streams: FakeRuns) -> None:
        record = self.measured(streams, 99.0)
        assert (record.value("missed_ends"), record.value("endpoint_wer")) == (1, 1)
        assert record.value("endpoint_p50_s") == pytest.approx(((0.3 + 1) + (0.25 + 1)) / 2 / 3)

    def test_an_engine_that_looks_for_none(self, streams: FakeRuns) -> None:
        record = streams.measured()
        for name in ("endpoint_p50_s", "early_cuts", "endpoint_wer"):
            assert record.why_missing(name) == "its engine finds no end of speech by itself"

    def test_a_detector_that_is_gone_leaves_the_words(self, streams: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(detection, "TARGET", f"{__name__}:Gone")
        record = self.measured(streams, 1.0)
        assert record.why_missing("endpoint_p50_s") == "Silero VAD failed: RuntimeError: told to fail"
        assert record.value("endpoint_wer") is not None

    def test_shards_and_rescoring_keep_them(self, streams: FakeRuns) -> None:
        record = self.measured(streams, 1.0)
        stored = json.loads(next(iter((streams.reports / "runs").rglob("*.json"))).read_text())
        assert stored["parts"]["streaming"]["endpoint_s"] == 1
        assert record.value("emission_delay_p50_s") is not None


class Gone(HalfDetector):
    def score(self, clip: Clip) -> float:
        raise RuntimeError("told to fail")


def test_silence_has_no_end_of_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_modellab.engines.silero_vad.speech_end", lambda samples: None)
    clip = cast(Any, SimpleNamespace(samples=np.zeros(RATE, np.float32)))
    assert SileroVad().score(clip) == -1
