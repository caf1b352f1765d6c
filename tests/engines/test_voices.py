"""The voices for real: what they say is understood, rated as ears would, and seen to be spoilt where it is."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from own_suites import copied

from pytest_modellab.catalog.datasets import degraded
from pytest_modellab.core.audio_artifacts import AudioArtifacts
from pytest_modellab.core.metrics.speech import analyse_speech
from pytest_modellab.engines.base import Clip
from pytest_modellab.engines.registry import PREDICTORS
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import read
from pytest_modellab.runner.judge_setup import predictor
from pytest_modellab.runner.judges import Listener
from pytest_modellab.runner.local import LocalWorker
from pytest_modellab.tasks.tts.record import speech_of, voice_of

ROOT = Path(__file__).parents[2]
VOICES = {"hibari-en", "kokoro-heart", "piper-joe", "espeak-ng-en"}
LONG = pytest.mark.nightly("tests/engines/test_voices.py::test_every_voice_says_a_sentence")
PROMPTS = ("plain-2", "numbers-1", "long-2")


JUDGE: Mapping[str, Any] = {
    "asr": "faster-whisper-tiny.en",
    "readings": "smoke-en",
    "quality": ["distillmos", "voice_similarity"],
}


class Session:
    """One session of all four on some texts."""

    def __init__(self, folder: Path, prompts: Sequence[str], judge: Mapping[str, Any]) -> None:
        self.reports = folder / "reports"
        copied(folder)
        path = folder / "fixtures/datasets/speak-en.yaml"
        spec = yaml.safe_load(path.read_text(encoding="utf-8"))
        spec["prompts"] = [prompt for prompt in spec["prompts"] if prompt["id"] in prompts]
        spec["judge"] = judge
        path.write_text(yaml.safe_dump(spec), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "--lab-card=full",
            "-p",
            "no:cacheprovider",
            "-m",
            "real_e2e",
            "suites/test_20_tts.py",
        ]
        done = subprocess.run(
            [*command, "--lab-dataset", "speak-en"], cwd=folder, capture_output=True, text=True, check=False
        )
        self.output = done.stdout + done.stderr
        records = [read(path) for path in (self.reports / "runs").rglob("*.json")]
        self.records = {record.case.model: record for record in records}

    def sound(self, model: str, id: str) -> NDArray[np.float32]:
        """What a voice said, at 16 kHz."""
        speech = next(speech_of(each) for each in self.records[model].utterances if each.id == id)
        assert speech is not None
        return AudioArtifacts(self.reports).samples(str(speech.audio), 16_000)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return Session(tmp_path_factory.mktemp("voices"), PROMPTS, JUDGE)


@pytest.fixture(scope="module")
def brief(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return Session(tmp_path_factory.mktemp("brief"), PROMPTS[:1], {"asr": JUDGE["asr"]})


def quality(record: Record, name: str) -> list[float]:
    return [speech.quality[name] for each in record.utterances if (speech := speech_of(each)) is not None]


def rated(name: str, clips: list[NDArray[np.float32]]) -> list[float]:
    order = predictor(name, {"kind": "cpu", "index": 0, "shared": False}, 0)
    with Listener(name, order, lambda _: LocalWorker()) as listener:
        return [listener.rate_clip(Clip(each, 16_000)) for each in clips]


def test_every_voice_says_a_sentence(brief: Session) -> None:
    assert set(brief.records) == VOICES, brief.output
    for record in brief.records.values():
        assert record.value("success_rate") == 1
        assert record.value("flawed") == 0
        assert (record.value("wer") or 0) < 0.25
        voice = voice_of(record)
        assert voice is not None
        assert voice.loudness_lufs is not None
        assert 1 < record.summary.audio_s < 10


@LONG
def test_every_voice_says_everything_and_is_understood(session: Session) -> None:
    assert set(session.records) == VOICES, session.output
    for record in session.records.values():
        assert record.value("success_rate") == 1
        assert record.value("flawed") == 0
        assert (record.value("wer") or 0) < 0.25
        assert record.value("truncated") == 0
        voice = voice_of(record)
        assert voice is not None
        assert voice.loudness_lufs is not None
        assert (record.value("judge_wer") or 1) < 0.1


@LONG
def test_rates_and_pieces_are_what_the_libraries_give(session: Session) -> None:
    rates = {
        model: voice.sample_rates
        for model, record in session.records.items()
        if (voice := voice_of(record)) is not None
    }
    assert rates == {
        "hibari-en": (24_000,),
        "kokoro-heart": (24_000,),
        "piper-joe": (22_050,),
        "espeak-ng-en": (22_050,),
    }
    for model in VOICES - {"espeak-ng-en"}:
        whole = next(each for each in session.records[model].utterances if each.id == "long-2")
        speech = speech_of(whole)
        assert speech is not None
        assert speech.pieces == 5
        assert speech.first_audio_s is not None
        assert whole.processing_s is not None
        assert speech.first_audio_s < whole.processing_s / 2
    assert session.records["espeak-ng-en"].why_missing("first_audio_p50_s") == "it doesn't stream"


@LONG
def test_voices_rank_as_ears_would_rank_them(session: Session) -> None:
    floor = quality(session.records["espeak-ng-en"], "distillmos")
    for model in ("hibari-en", "kokoro-heart", "piper-joe"):
        neural = quality(session.records[model], "distillmos")
        assert all(a > b + 0.5 for a, b in zip(neural, floor, strict=True))
    assert "primary TTS: espeak" not in session.output


@LONG
def test_a_fixed_voice_stays_the_same(session: Session) -> None:
    for record in session.records.values():
        assert (record.value("voice_similarity") or 0) > 0.7


@LONG
def test_noise_lowers_the_predicted_quality_step_by_step(session: Session) -> None:
    clean = [session.sound("kokoro-heart", id) for id in PROMPTS[:2]]
    random = np.random.default_rng(0)
    levels = [clean]
    for snr_db in (20, 0):
        mixed = [degraded.mixed(each.astype(np.float64), degraded.white(len(each), random), snr_db) for each in clean]
        levels.append([np.clip(each, -1, 1).astype(np.float32) for each in mixed])
    scores = rated("distillmos", [clip for level in levels for clip in level])
    for i in range(len(clean)):
        untouched, faint, loud = scores[i :: len(clean)]
        assert untouched > faint > loud


@LONG
def test_an_utterance_without_its_last_third_is_flawed(session: Session) -> None:
    for id in PROMPTS:
        whole = session.sound("kokoro-heart", id)
        assert analyse_speech(whole, 16_000, "").faults == []
    cut = [session.sound("kokoro-heart", id) for id in PROMPTS]
    faults = [analyse_speech(each[: len(each) * 2 // 3], 16_000, "").faults for each in cut]
    assert sum(any("cut off" in fault for fault in each) for each in faults) >= 2


@LONG
def test_what_else_measures_speech_tells_it_from_noise(session: Session) -> None:
    same = session.sound("hibari-en", "plain-2")
    other = session.sound("espeak-ng-en", "plain-2")
    noise = np.random.default_rng(0).normal(0, 0.1, len(same)).astype(np.float32)
    quiet, loud = rated("dnsmos", [same, noise])
    assert quiet > loud + 1
    order = predictor("mcd", {"kind": "cpu", "index": 0, "shared": False}, 0)
    with Listener("mcd", order, lambda _: LocalWorker()) as listener:
        clip = Clip(same, 16_000)
        zero, far, noisy = (listener.rate_clip(clip, Clip(each, 16_000)) for each in (same, other, noise))
    assert zero == pytest.approx(0, abs=1e-6)
    # How far says little between voices: noise may be nearer than another voice.
    assert min(far, noisy) > 2


def test_voices_of_transformers_speak_by_random_weights(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parents[1] / "tiny_voices.py"), str(tmp_path), "cpu"],
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) == {"vits", "speecht5"}
    for name, each in found.items():
        assert each["facts"]["family"] == name
        assert each["facts"]["device"] == "cpu"
        assert each["rate"] == 16_000
        assert each["samples"] > 0
        assert each["finite"]
        # Both draw at random: the same text is spoken alike all the same.
        assert each["same"]
        assert each["silent"] == 0


@LONG
def test_gaps_cost_a_voice_its_plcmos(session: Session) -> None:
    whole = session.sound("kokoro-heart", "plain-2")
    lossy = whole.copy()
    for begin in range(0, len(lossy), 3200):
        lossy[begin : begin + 960] = 0  # 60 ms of every 200
    best, worse = rated("plcmos", [whole, lossy])
    assert 1 <= worse < best - 0.3
    assert best <= 5


@pytest.mark.parametrize("name", sorted(PREDICTORS))
def test_a_rater_states_what_it_loads_and_what_it_agrees_with(name: str) -> None:
    rater = PREDICTORS[name]
    assert rater.evidence
    assert rater.scale != (None, None)
    for path, digest in rater.weights.items():
        package, _, file = path.partition("/")
        found = importlib.util.find_spec(package)
        assert found is not None
        assert found.origin is not None
        assert hashlib.sha256((Path(found.origin).parent / file).read_bytes()).hexdigest() == digest
