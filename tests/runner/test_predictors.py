"""Predictors of speech quality: what they compare with, what a judge may list, and one of another package."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pytest
from catalogs import find_again, install_package
from fakeruns import FakeRuns
from pydantic import ValidationError
from voicelab import ready

from pytest_modellab.catalog.datasets import Utterance
from pytest_modellab.catalog.specs import JudgeSpec
from pytest_modellab.core.audio_artifacts import AudioArtifacts
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.engines.predictor import Predictor
from pytest_modellab.engines.registry import PREDICTORS, engine_class
from pytest_modellab.results.record import Record
from pytest_modellab.runner.journal import Journal
from pytest_modellab.runner.judge_setup import predictor
from pytest_modellab.runner.judges import JudgeError, Judges, SpokenAnswer, compared_with
from pytest_modellab.runner.load_order import LoadOrder
from pytest_modellab.tasks.tts.record import speech_of, voice_of

RATE = 16_000
PEAK = """
from pytest_modellab import Predictor


class Peak:
    tasks = frozenset()
    devices = frozenset({"cpu"})
    rate = 16_000
    distributions = ()
    extra = ""
    Options = dict

    @classmethod
    def load(cls, request):
        return cls()

    def score(self, clip):
        return float(abs(clip.samples).max())

    def synchronize(self): ...

    def close(self): ...


PEAK = Predictor(Peak, "Peak", "1", "lower", "Highest sample of the speech; mean over the utterances.")
"""
MORE = """

class Longer(Peak):
    def compare(self, clip, other):
        return float(len(clip.samples) - len(other.samples))


class Faulty(Peak):
    def score(self, clip):
        raise RuntimeError("told to fail")


GAIN = Predictor(Longer, "Gain", "1", "higher", "Samples more than another utterance has.", "utterance")
LOSS = Predictor(Longer, "Loss", "1", "lower", "Samples more than a reading has.", "reading")
FAULTY = Predictor(Faulty, "Faulty", "1", "lower", "Nothing.")
"""
ORDER = LoadOrder("modellab_fake_engine:FakeEngine", {}, {"kind": "cpu", "index": 0}, None, 0, 30)


class Sounds:
    """Artefacts whose samples are all as high as their digest says."""

    def samples(self, digest: str, rate: int) -> Any:
        return np.full(rate, float(digest), np.float32)


class Reading:
    """A person's reading of the text."""

    def samples(self, rate: int) -> Any:
        return np.full(rate, 0.75, np.float32)


def said(level: float, *, read: bool = False) -> SpokenAnswer:
    reading = Utterance("a", "A", cast(Any, Reading())) if read else None
    return SpokenAnswer(str(level), audible=True, language="en", reading=reading)


def compared(name: str, each: SpokenAnswer, *others: SpokenAnswer) -> float | None:
    clip = compared_with(name, each, [each, *others], cast(AudioArtifacts, Sounds()), RATE)
    assert clip is None or (clip.rate, len(clip.samples)) == (RATE, RATE)
    return None if clip is None else float(clip.samples[0])


class TestWhatSpeechIsComparedWith:
    def test_nothing(self) -> None:
        assert compared("distillmos", said(0.25), said(0.5)) is None

    def test_a_reading_of_the_same_text(self) -> None:
        assert compared("mcd", said(0.25, read=True)) == 0.75
        with pytest.raises(JudgeError, match=r"mcd holds speech against people .*, and there are no readings"):
            compared("mcd", said(0.25))

    def test_another_utterance(self) -> None:
        one, two, three = said(0.25), said(0.5), said(0.75)
        assert compared("voice_similarity", two, one, three) == 0.25
        assert compared("voice_similarity", one, two, three) == 0.5
        with pytest.raises(JudgeError, match="voice_similarity compares utterances, and there is one only"):
            compared("voice_similarity", one)


@pytest.mark.parametrize("name", PREDICTORS)
class TestEach:
    def test_its_metric_has_its_name(self, name: str) -> None:
        metric, found = METRICS[name], PREDICTORS[name]
        assert (metric.title, metric.unit, metric.better, metric.doc) == (
            found.title,
            found.unit,
            found.better,
            found.doc,
        )

    def test_a_worker_can_load_its_engine(self, name: str) -> None:
        order = predictor(name, {"kind": "cpu", "index": 0, "shared": False}, 0)
        assert engine_class(order.engine) is PREDICTORS[name].engine
        assert hasattr(PREDICTORS[name].engine, "score" if PREDICTORS[name].compares_with == "nothing" else "compare")


def test_a_judge_lists_those_that_are_installed() -> None:
    assert JudgeSpec.model_validate({"asr": "ear", "quality": ["mcd", "dnsmos"]}).quality == ("mcd", "dnsmos")
    with pytest.raises(ValidationError, match="Input should be 'distillmos', 'dnsmos', 'mcd'"):
        JudgeSpec.model_validate({"asr": "ear", "quality": ["dnsmoss"]})


@pytest.mark.parametrize("compares_with", ["nothing", "reading", "utterance"])
def test_a_predictor_names_its_engine(compares_with: Literal["nothing", "reading", "utterance"]) -> None:
    made = Predictor(Sounds, "Sounds", "1", "lower", "It.", compares_with)
    assert made.target == f"{__name__}:Sounds"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Predictors of another package: `peak` of a clip alone, `gain` over another utterance, `loss` of a reading."""
    code = PEAK + MORE
    entries = "\n".join(f"{name} = lab_peak:{name.upper()}" for name in ("peak", "gain", "loss", "faulty"))
    install_package(tmp_path / "site", "lab-peak", "modellab.predictors", entries, code)
    find_again(monkeypatch, PREDICTORS, tmp_path / "site")


def rated(record: Record, name: str) -> list[float]:
    return [speech.quality[name] for each in record.utterances if (speech := speech_of(each)) is not None]


class TestOfAnotherPackage:
    def test_it_rates_each_utterance(self, runs: FakeRuns, installed: None) -> None:
        scores = rated(ready(runs, judge={"asr": "ear", "quality": ["peak"]}).measured(), "peak")
        assert all(0 < score <= 1 for score in scores)
        assert len(scores) == 3

    def test_it_compares_what_was_said_with_another_utterance(self, runs: FakeRuns, installed: None) -> None:
        scores = rated(ready(runs, judge={"asr": "ear", "quality": ["gain"]}).measured(), "gain")
        assert scores == [-1000.0, 1000.0, 2000.0]  # the lengths are 16000, 17000 and 18000 samples

    def test_one_that_fails_is_missing_and_the_others_are_not(self, runs: FakeRuns, installed: None) -> None:
        record = ready(runs, judge={"asr": "ear", "quality": ["loss", "faulty", "peak"]}).measured()
        voice = voice_of(record)
        assert voice is not None
        assert "loss holds speech against people reading the same text, and there are no readings" in str(voice.unrated)
        assert "the judge faulty failed: RuntimeError: told to fail" in str(voice.unrated)
        assert len(rated(record, "peak")) == 3

    def test_silence_is_not_rated(self, runs: FakeRuns, installed: None) -> None:
        judge = {"asr": "ear", "quality": ["peak"]}
        record = ready(runs, judge=judge, faults={"one fine day": "silence"}).measured()
        found = [speech.quality for each in record.utterances if (speech := speech_of(each)) is not None]
        assert [sorted(each) for each in found] == [[], ["peak"], ["peak"]]

    def test_one_whose_library_is_not_installed_says_what_to_install(
        self, runs: FakeRuns, installed: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(engine_class(PREDICTORS["peak"].target), "distributions", ("no-such-library",))
        record = ready(runs, judge={"asr": "ear", "quality": ["peak"]}).measured()
        voice = voice_of(record)
        assert voice is not None
        assert "no-such-library is not installed; pip install no-such-library" in str(voice.unrated)

    def test_another_version_of_it_makes_another_run(
        self, runs: FakeRuns, installed: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = ready(runs, judge={"asr": "ear", "quality": ["peak"]}).measured()
        assert runs.outcome().unchanged_since is not None
        monkeypatch.setattr(engine_class(PREDICTORS["peak"].target), "distributions", ("numpy",))
        second = runs.measured()
        assert first.provenance.inputs["judge"]["quality"]["peak"][0] == {}
        assert list(second.provenance.inputs["judge"]["quality"]["peak"][0]) == ["numpy"]


def test_what_was_judged_before_is_not_judged_again(tmp_path: Path) -> None:
    judges = Judges("ear", ORDER, None, {"peak": ORDER}, {"mcd": "not installed"}, {})
    with Journal.open(tmp_path / "a.jsonl", {"key": "k"}) as journal:
        journal.append({"judged": "a", "text": "one fine day", "quality": {"peak": 0.5}})
        found = judges.listen(
            {"a": said(0.5)}, cast(AudioArtifacts, Sounds()), journal, lambda order: pytest.fail("asked"), pytest.fail
        )
    assert (found.texts, found.quality) == ({"a": "one fine day"}, {"a": {"peak": 0.5}})
    assert found.missing == {"mcd": "not installed"}
    assert found.judge.quality == ("peak", "mcd")
