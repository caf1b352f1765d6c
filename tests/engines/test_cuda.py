"""On an NVIDIA card, where there is one: real weights and real speech beside the same on the CPU, random ones else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from own_suites import copied

from pytest_modellab.core.devices import presence
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import read

CUDA = presence("cuda")
pytestmark = pytest.mark.skipif(not CUDA.present, reason=CUDA.reason)

ROOT = Path(__file__).parents[2]
WEIGHTS = "faster-whisper-tiny.en"
"""Whose weights all engines are given."""
MIND = "smollm2-135m"
ENGINES = {
    WEIGHTS: "faster_whisper",
    "openai-whisper-tiny.en": "whisper",
    "transformers-whisper-tiny.en": "transformers",
}


@dataclass
class Session:
    """Of this repository's suites, with all engines on the CPU and on the card."""

    reports: Path
    output: str

    @cached_property
    def records(self) -> dict[tuple[str, str], Record]:
        """By model and device."""
        found = [read(path) for path in (self.reports / "runs").rglob("*.json")]
        return {(record.case.model, record.case.device): record for record in found}

    def ran(self, model: str) -> Record:
        """The record of a model on the card, where it has been."""
        record = self.records[model, "cuda"]
        assert record.failure is None, self.output
        assert record.value("success_rate") == 1
        assert str(record.loaded["device"]).startswith("cuda")
        return record

    @property
    def scorecard(self) -> dict[str, Any]:
        card: dict[str, Any] = json.loads((self.reports / "scorecard.json").read_text(encoding="utf-8"))
        return card


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository's catalog and suites, with the weights of one model in three engines."""
    folder = tmp_path_factory.mktemp("cuda")
    copied(folder)
    models = folder / "fixtures" / "models"
    for name in ("openai-whisper", "transformers-whisper"):
        spec = (models / f"{name}-base.yaml").read_text(encoding="utf-8")
        spec = spec.replace(f"id: {name}-base", f"id: {name}-tiny.en\nlanguages: [en]")
        (models / f"{name}-tiny.en.yaml").write_text(spec.replace("faster-whisper-base", WEIGHTS), encoding="utf-8")
    return folder


def run(lab: Path, suite: str, dataset: str, models: Iterable[str], *arguments: str) -> Session:
    reports = f"reports-{dataset}{''.join(arguments)}"
    chosen = [f"--lab-model={model}" for model in models]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--lab-card=full",
        "-p",
        "no:cacheprovider",
        f"suites/{suite}",
        *chosen,
        *arguments,
    ]
    command += ["--lab-device=cpu", "--lab-device=cuda", f"--lab-dataset={dataset}", f"--lab-report={reports}"]
    done = subprocess.run(command, cwd=lab, capture_output=True, text=True, check=False)
    return Session(lab / reports, done.stdout + done.stderr)


@pytest.fixture(scope="module", params=["-n0", "-n2"])
def session(lab: Path, request: pytest.FixtureRequest) -> Session:
    return run(lab, "test_10_asr.py", "smoke-en", ENGINES, request.param)


def installed(library: str) -> None:
    """Skip where it isn't."""
    if find_spec(library) is None:
        pytest.skip(f"{library} is not installed here")


@pytest.mark.parametrize("model", ENGINES)
def test_the_card_writes_what_the_cpu_writes(session: Session, model: str) -> None:
    installed(ENGINES[model])
    cpu, card = session.records[model, "cpu"], session.ran(model)
    # Half precision may turn one word of 60 against the integers of CTranslate2 on the CPU.
    assert abs((card.value("wer") or 0) - (cpu.value("wer") or 0)) < 0.04


@pytest.mark.parametrize("model", ENGINES)
def test_times_and_memory_of_the_card_are_there(session: Session, model: str) -> None:
    installed(ENGINES[model])
    card = session.records[model, "cuda"]
    for metric in ("rtf", "load_s", "first_call_s", "clip5_s", "latency_p95_s"):
        assert (card.value(metric) or 0) > 0, metric
    # 39 million parameters of two bytes, and what CUDA itself takes.
    assert (card.value("peak_device_mb") or 0) > 80
    assert session.records[model, "cpu"].value("peak_device_mb") is None


def test_two_models_are_never_on_the_card_at_once(session: Session) -> None:
    held = [
        (record.case.model, datetime.fromisoformat(each.start), datetime.fromisoformat(each.end))
        for record in session.records.values()
        if record.case.device == "cuda"
        for each in record.timing.passes
    ]
    assert len(held) >= 2
    for (model, start, end), (other, begun, over) in combinations(held, 2):
        assert model == other or end <= begun or over <= start


def test_devices_stand_side_by_side(session: Session) -> None:
    rows = {(row["case"]["model"], row["case"]["device"]) for row in session.scorecard["rows"] if row["record"]}
    assert rows == set(session.records)
    page = (session.reports / "scorecard.html").read_text(encoding="utf-8")
    assert "Devices" in page


def test_a_stream_on_the_card_comes_while_somebody_speaks(lab: Path) -> None:
    installed(ENGINES[WEIGHTS])
    record = run(lab, "test_40_streaming.py", "stream-smoke-en", [WEIGHTS]).ran(WEIGHTS)
    assert record.value("wer") == 0
    assert record.value("early_partials") == 1
    for metric in ("first_partial_p50_s", "final_p95_s", "peak_device_mb"):
        assert (record.value(metric) or 0) > 0, metric


def test_a_language_model_on_the_card_answers(lab: Path) -> None:
    installed("gguf")
    record = run(lab, "test_30_chat.py", "chat-smoke-en", [MIND]).ran(MIND)
    assert record.value("answer_accuracy") == 1
    for metric in ("first_token_p50_s", "latency_p50_s", "peak_device_mb"):
        assert (record.value(metric) or 0) > 0, metric


def printed(script: str, *arguments: str | Path) -> str:
    """What one of the scripts beside this file prints."""
    command = [sys.executable, Path(__file__).parents[1] / script, *arguments]
    variables = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=variables)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_family_of_transformers_hears_on_the_card_as_on_the_cpu(tmp_path: Path) -> None:
    installed("transformers")
    found = {}
    for device in ("cpu", "cuda"):
        (tmp_path / device).mkdir()
        found[device] = json.loads(printed("tiny_models.py", tmp_path / device, device))
    for family in ("wav2vec2", "hubert", "moonshine", "parakeet"):
        assert found["cuda"][family]["facts"]["device"].startswith("cuda")
        assert found["cuda"][family]["texts"] == found["cpu"][family]["texts"]


def test_voices_of_transformers_speak_on_the_card(tmp_path: Path) -> None:
    installed("transformers")
    for voice in json.loads(printed("tiny_voices.py", tmp_path, "cuda")).values():
        assert voice["facts"]["device"].startswith("cuda")
        assert voice["finite"]
        assert voice["samples"] > 0


def test_lfm2_goes_through_its_modes_on_the_card(tmp_path: Path) -> None:
    installed("liquid_audio")
    printed("lfm2_checkpoint.py", tmp_path / "checkpoint")
    printed("lfm2_inside.py", ROOT, tmp_path / "checkpoint", "cuda")
