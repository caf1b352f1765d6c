"""LFM2-Audio through the real liquid-audio, on random weights: it hears nothing, but all of it runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml
from catalogs import model_yaml, write_catalog
from own_suites import copied

from pytest_modellab.catalog import CatalogError, load
from pytest_modellab.catalog.environment_spec import EnvironmentSpec
from pytest_modellab.catalog.environments import Environment, Environments
from pytest_modellab.catalog.specs import ModelSpec
from pytest_modellab.engines.base import Speech
from pytest_modellab.engines.lfm2_audio import Lfm2Audio
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import read
from pytest_modellab.tasks.chat.record import reply_of

ROOT = Path(__file__).parents[2]
MODEL = "lfm2-random"
REQUIREMENTS = (
    "liquid-audio==1.3.0",
    "torch==2.14.1",
    "torchaudio==2.11.0",
    "transformers==5.24.0",
    "accelerate==1.15.0",
)


@dataclass(frozen=True)
class Token:
    """As much of a tensor as the engine looks at."""

    codes: tuple[int, ...]

    def numel(self) -> int:
        return len(self.codes)

    def max(self) -> int:
        return max(self.codes)

    def __int__(self) -> int:
        (code,) = self.codes
        return code


class Letters:
    """A tokenizer whose tokens are letters, but for one that is half a character."""

    def decode(self, ids: list[int], skip_special_tokens: bool) -> str:
        return bytes(ids).decode("utf-8", "replace")


class Scripted(Lfm2Audio):
    """Writes what it is told to instead of asking a model."""

    script: tuple[Token, ...] = ()

    def __init__(self) -> None:
        self._processor = SimpleNamespace(text=Letters())
        self.heard: list[str] = []

    def _tokens(self, chat: Any, mode: Any, limit: int, sampling: Any = None) -> Iterator[Any]:
        yield from self.script[:limit]

    def _voice(self) -> Any:
        engine = self

        class Silent:
            def add(self, frame: Token) -> Iterator[Speech]:
                engine.heard.append(f"frame {frame.codes[0]}")
                yield Speech(np.zeros(1920, np.float32), 24_000)

            def flush(self) -> Iterator[Speech]:
                engine.heard.append("flush")
                yield from ()

            rest = flush

        return Silent()


def test_text_and_audio_are_told_apart_and_ends_left_out() -> None:
    engine = Scripted()
    sound, end = Token((5,) * 8), Token((2048,) * 8)
    # An e with an accent takes two tokens; 130 and 128 are no text, 7 ends the turn.
    half = (Token((0xC3,)), Token((0xA9,)))
    engine.script = (Token((40,)), *half, Token((130,)), sound, sound, end, Token((41,)), Token((7,)))
    pieces = list(engine._pieces(engine.script))
    assert [piece if isinstance(piece, str) else len(piece.samples) for piece in pieces] == [
        "(",
        "\xe9",
        1920,
        1920,
        ")",
    ]
    assert engine.heard.count("frame 5") == 2


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("max_new_tokens: 0", "max_new_tokens must be at least 1, found `0`"),
        ("cpu_threads: 0", "cpu_threads must be at least 1, found `0`"),
        ("tokens_per_second: 0", "tokens_per_second must be more than 0, found `0`"),
        ("text_temperature: 3", "text_temperature must be between 0 and 2, found `3`"),
        ("dtype: int8", "`dtype`: unknown value `int8`"),
        ("beam_size: 5", "unknown option `beam_size` for lfm2-audio"),
    ],
)
def test_options_are_checked_without_the_library(tmp_path: Path, options: str, told: str) -> None:
    text = model_yaml("tiny").replace("faster-whisper", "lfm2-audio").replace("beam_size: 5", options)
    text = text.replace("{compute_type: int8}", "{}").replace("{compute_type: float16}", "{dtype: bfloat16}")
    with pytest.raises(CatalogError) as caught:
        load(write_catalog(tmp_path / "fixtures", files={"models/tiny.yaml": text}))
    (problem,) = caught.value.problems
    assert told in problem.message
    assert problem.line == 13


@pytest.fixture(scope="module")
def environment() -> Environment:
    """Python 3.12 with liquid-audio, in this user's cache: six gigabytes, built by the first run."""
    spec = ModelSpec.model_validate(
        {
            "schema": "modellab.model/1",
            "id": MODEL,
            "engine": "lfm2-audio",
            "tasks": ["asr"],
            "tiers": [],
            "devices": {"cpu": {}},
            "environment": EnvironmentSpec(python="3.12", requirements=REQUIREMENTS),
        }
    )
    found = Environments(Path()).of(spec, lambda line: None)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def place(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository's catalog and suites, with a model of random weights in the smoke tier."""
    folder = tmp_path_factory.mktemp("lfm2")
    copied(folder)
    script = Path(__file__).parents[1] / "lfm2_checkpoint.py"
    subprocess.run([environment.interpreter, script, folder / "checkpoint"], check=True)
    model = {
        "schema": "modellab.model/1",
        "id": MODEL,
        "engine": "lfm2-audio",
        "tasks": ["asr"],
        "tiers": ["smoke"],
        "weights": {"path": "../../checkpoint"},
        "environment": {"python": "3.12", "requirements": list(REQUIREMENTS)},
        "devices": {"cpu": {}},
    }
    (folder / "fixtures" / "models" / f"{MODEL}.yaml").write_text(yaml.safe_dump(model))
    return folder


def run(place: Path, reports: str) -> tuple[subprocess.CompletedProcess[str], Record, dict[str, Any]]:
    """A session with that model alone: how it ended, its record on speech, its row of the scorecard."""
    chosen = ("-m", "smoke", "--lab-model", MODEL, "--lab-device", "cpu", "--lab-dataset", "smoke-en")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--lab-card=full",
        "-p",
        "no:cacheprovider",
        f"--lab-report={reports}",
        *chosen,
    ]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    (path,) = (place / reports / "runs").rglob("*.json")
    (row,) = json.loads((place / reports / "scorecard.json").read_text())["rows"]
    return done, read(path), row


@pytest.mark.heavy
def test_a_session_on_the_cpu_is_complete_and_judged(place: Path, environment: Environment) -> None:
    done, record, row = run(place, "first")
    assert done.returncode == 1, done.stdout
    assert record.failure is None
    assert record.value("success_rate") == 1
    assert all(utterance.hypothesis is not None for utterance in record.utterances)
    assert record.value("wer") is not None
    assert row["status"] == "fail"
    assert row["grade"]["letter"] == "F"
    assert record.loaded["device"] == "cpu"
    assert record.loaded["dtype"] == "float32"
    assert record.loaded["attention"] == "sdpa"
    assert record.timing.load_s is not None
    assert record.value("rtf") is not None
    assert record.timing.first_call_s is not None
    assert record.memory.peak_rss is not None
    assert record.memory.model_size is not None
    inputs = record.provenance.inputs
    assert inputs["weights"]
    assert inputs["environment"]["python"] == environment.python
    assert environment.python.startswith("3.12.")
    versions = inputs["versions"]
    pinned = dict(each.split("==") for each in REQUIREMENTS)
    assert {name: versions[name].partition("+")[0] for name in pinned} == pinned
    assert versions["tokenizers"]

    _, again, _ = run(place, "second")
    assert [each.hypothesis for each in again.utterances] == [each.hypothesis for each in record.utterances]
    assert again.provenance.key == record.provenance.key


@pytest.mark.heavy
def test_a_dialogue_is_complete_timed_and_graded_as_failing(place: Path) -> None:
    path = place / "fixtures" / "models" / f"{MODEL}.yaml"
    model = yaml.safe_load(path.read_text())
    # Few tokens, by chance: the likeliest ones of random weights are the same one over and over.
    options = {"max_new_tokens": 60, "text_temperature": 1.0}
    path.write_text(yaml.safe_dump({**model, "tasks": ["chat"], "options": options}))
    chosen = ("-m", "smoke", "--lab-model", MODEL, "--lab-device", "cpu", "--lab-dataset", "chat-smoke-en")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--lab-report=chat", *chosen]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    path.write_text(yaml.safe_dump(model))
    assert done.returncode == 1, done.stdout
    (found,) = (place / "chat" / "runs").rglob("*.json")
    record = read(found)
    assert record.failure is None
    assert record.value("success_rate") == 1
    assert record.value("answer_accuracy") == 0
    (reply,) = [reply_of(each) for each in record.utterances]
    assert reply is not None
    assert reply.words > 0
    assert reply.audible
    assert reply.sample_rate == 24_000
    assert reply.pieces > 1
    assert reply.first_token_s is not None
    assert reply.first_audio_s is not None
    assert reply.first_token_s < reply.first_audio_s
    for metric in ("first_token_p50_s", "first_audio_p50_s", "onset_p95_s", "latency_p50_s", "load_s", "first_call_s"):
        assert record.value(metric) is not None, metric
    (row,) = json.loads((place / "chat" / "scorecard.json").read_text())["rows"]
    assert row["status"] == "fail"
    assert row["grade"]["letter"] == "F"


@pytest.mark.heavy
def test_chance_short_clips_and_the_other_mode(place: Path, environment: Environment) -> None:
    script = Path(__file__).parents[1] / "lfm2_inside.py"
    command = [str(each) for each in (environment.interpreter, script, ROOT, place / "checkpoint", "cpu")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
