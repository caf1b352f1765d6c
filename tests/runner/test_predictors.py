"""Predictors of speech quality: what they compare with, what a judge may list, and one of another package."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pytest
from catalogs import install_package
from fakelab import FakeLab
from pydantic import ValidationError
from voicelab import ready

from pytest_modellab.catalog.datasets import Utterance
from pytest_modellab.catalog.specs import JudgeSpec
from pytest_modellab.core.audio_artifacts import AudioArtifacts
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.engines.predictor import Predictor
from pytest_modellab.engines.registry import PREDICTORS, engine_class
from pytest_modellab.runner.judge_setup import predictor
from pytest_modellab.runner.judges import JudgeError, SpokenAnswer, compared_with
from pytest_modellab.tasks.tts.record import speech_of

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


PREDICTOR = Predictor(Peak, "Peak", "1", "lower", "Highest sample of the speech; mean over the utterances.")
"""


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


def test_one_of_another_package_rates_a_session(lab: FakeLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_package(tmp_path / "site", "lab-peak", "modellab.predictors", "peak = lab_peak:PREDICTOR", PEAK)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "site"), os.environ["PYTHONPATH"]]))
    ready(lab, judge={"asr": "ear", "quality": ["peak"]}).limits({"metric": "peak", "max": 1})
    lab.pytester.makepyfile(
        test_suite="""
        import pytest

        pytestmark = pytest.mark.tts


        def test_peak(run, limits):
            assert run.peak <= limits.peak
        """
    )
    lab.subprocess = True
    lab.run().assert_outcomes(passed=1)
    record = lab.record()
    scores = [speech.quality["peak"] for each in record.utterances if (speech := speech_of(each)) is not None]
    assert all(0 < score <= 1 for score in scores)
    assert len(scores) == 3
