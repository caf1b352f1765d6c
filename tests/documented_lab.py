"""A repository in which the commands of the documents can be run: the models that they name are fakes."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import loadlevels
import pytest
import shard_parts
import yaml
from labsessions import LabSessions, stand_in
from pages import case, tone
from records import record, utterance, with_part
from releases import IGNORED, committed, git

from pytest_modellab.cli import main
from pytest_modellab.core import child
from pytest_modellab.reports.scorecard import kept
from pytest_modellab.results.record_files import read, write
from pytest_modellab.tasks.tts.record import Speech

MODELS = ("faster-whisper-base", "faster-whisper-tiny.en", "my-model")
VOICES = ("kokoro-heart", "hibari-en")
TEXTS = tuple(f"call number {number} is about the bill of last month" for number in range(6))


class PytestChild:
    """In place of the process of a session that a command starts: the session runs in this process."""

    def __init__(self, command: list[str], *, cwd: Path, **_: Any) -> None:
        assert command[1:3] == ["-m", "pytest"]
        self._ended = stand_in(command[3:], cwd, True, asserted=("success_rate",))

    def wait(self) -> int:
        return self._ended


def _lab(path: Path, monkeypatch: pytest.MonkeyPatch) -> LabSessions:
    monkeypatch.chdir(path)
    # A cache of its own: else its sessions would wait for the machine while tests beside it hold it alone.
    monkeypatch.setenv("MODELLAB_CACHE", str(path.with_name(f"{path.name}-cache")))
    monkeypatch.setattr(child, "subprocess", SimpleNamespace(Popen=PytestChild, STDOUT=subprocess.STDOUT))
    lab = LabSessions(path)
    lab.texts = TEXTS
    return lab


def documented_lab(whole: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> LabSessions:
    """One to run commands in: a copy of what `write_documented_lab` wrote."""
    lab = _lab(path, monkeypatch)
    shutil.copytree(whole, path, dirs_exist_ok=True, symlinks=True)
    return lab


def write_documented_lab(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three models on two data sets; two sessions, three commits apart."""
    lab = _lab(path, monkeypatch)
    for name in MODELS:
        spec = yaml.safe_load(lab.model(name).read_text())
        lab.spec(f"models/{name}.yaml", {**spec, "variants": {"beam5": {"options": {"beam_size": 5}}}})
    for name in ("calls", "prompts-en"):
        lab.dataset(name)
    lab.limits({"metric": "wer", "max": 0.1})
    lab.spec("release.yaml", {"schema": "modellab.release/1", "required": ["my-model:cpu:calls"]})
    (path / ".gitignore").write_text(IGNORED)
    git(path, "init", "-q", "-b", "main")
    for number in range(5):
        (path / "notes.txt").write_text(f"{number}\n")
        committed(lab)
        if number in {1, 4}:
            assert lab.session("--lab-fresh") == 0


def sessions(lab: LabSessions) -> list[str]:
    """The ids of its sessions, the oldest first."""
    return [path.stem.rpartition("-")[2] for path in sorted(kept.files(lab.reports))]


def _branches(lab: LabSessions) -> None:
    """Baselines, and reports of two branches."""
    assert main(["baseline", "save"]) == 0
    for name in ("main-reports", "pr-reports"):
        shutil.copytree(lab.reports, lab.path / name)


def _weeks(lab: LabSessions) -> None:
    """The same, and records of last week."""
    ago = datetime.now(UTC) - timedelta(days=8)
    for path in sorted((lab.reports / "runs").rglob("*.json")):
        found = read(path)
        origin = found.provenance.model_copy(update={"created": ago.isoformat()})
        write(found.model_copy(update={"provenance": origin, "id": found.id[::-1], "seal": None}), lab.reports)
    _branches(lab)


def _shards(lab: LabSessions) -> None:
    shutil.rmtree(lab.path / ".git")  # they are of no commit that is here
    shard_parts.of_two_machines(lab).rename(lab.path / "parts")


def _levels(lab: LabSessions) -> None:
    for users in (1, 2, 4):
        write(loadlevels.level(users, 0.1), lab.reports)


def _voices(lab: LabSessions) -> None:
    for name in VOICES:
        rows = [
            with_part(
                utterance(f"t{number}", text, text),
                "tts",
                Speech(
                    seconds=0.2,
                    sample_rate=16_000,
                    pieces=1,
                    audio=tone(lab.reports, 0.2 + number / 50),
                    audible=True,
                    silence=0.0,
                    longest_pause_s=0.0,
                    loudness_lufs=-20.0,
                    faults=(),
                ),
            )
            for number, text in enumerate(TEXTS)
        ]
        write(record(utterances=rows, case=case(name, "tts")), lab.reports)


def _weights(lab: LabSessions) -> None:
    (lab.catalog / "models" / "my-model.yaml").unlink()
    (lab.path / "my-weights").mkdir()
    (lab.path / "my-weights" / "model.bin").write_bytes(b"weights")


def _unbegun(lab: LabSessions) -> None:
    """Nothing but a folder of recordings with a list of them."""
    folder = lab.path / "calls"
    folder.mkdir()
    lines = ["file,transcript"]
    for number, text in enumerate(TEXTS):
        shutil.copy(lab.catalog / "datasets" / f"calls-{number}.wav", folder / f"{number}.wav")
        lines.append(f"{number}.wav,{text}")
    (folder / "list.csv").write_text("\n".join(lines) + "\n")
    shutil.copy(folder / "0.wav", lab.path / "call.wav")
    shutil.rmtree(lab.catalog)
    shutil.rmtree(lab.reports)
    for name in ("pytest.ini", ".gitignore"):
        (lab.path / name).unlink()


def begun(lab: LabSessions) -> None:
    """After `modellab init`: fakes in place of the known models, and the session that the page goes on with."""
    for name in MODELS[:2]:
        assert (lab.catalog / "models" / f"{name}.yaml").is_file()
        lab.model(name)
    assert lab.session("-m", "smoke") == 0


PREPARED: Mapping[str, Callable[[LabSessions], None]] = {
    "README.md": _unbegun,
    "docs/ci.md": _branches,
    "docs/compare.md": _weeks,
    "docs/load.md": _levels,
    "docs/own-model.md": _weights,
    "docs/scaling.md": _shards,
    "docs/start.md": _unbegun,
    "docs/tts.md": _voices,
}
"""What else a page takes to be there."""
