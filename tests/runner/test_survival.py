"""Everything that a model can do to its process ends in a record that says so, while the others go on.

One session has a model for each fault, and one without; docs/reliability.md tells what each comes to.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from fakelab import FakeLab

from pytest_modellab.results.record import Record

DOCS = Path(__file__).parents[2] / "docs" / "reliability.md"

DIED = "the worker died of {} (signal {}{})"
UTTERANCE = {
    "raise": ("exception", "RuntimeError: the fake engine was told to fail"),
    "wrong-type": ("exception", "TypeError: transcribe() must return a Transcript with text, not 42"),
    "nan": ("exception", "TypeError: transcribe() must return a Transcript with text, not Transcript(text=nan, *"),
    "memory": ("exception", "*Error: *"),
    "segfault": ("crash", DIED.format("SIGSEGV", 11, "")),
    "abort": ("crash", DIED.format("SIGABRT", 6, "")),
    "exit": ("crash", "the worker ended with exit code 7"),
    "system-exit": ("crash", "the worker ended with exit code 3"),
    "kill": ("crash", DIED.format("SIGKILL", 9, ", often the kernel's out-of-memory killer")),
    "leave-things": ("crash", DIED.format("SIGABRT", 6, "")),
    "hang": ("timeout", "no answer to `transcribe` within 2 s; the worker was killed"),
    "endless": ("timeout", "no answer to `transcribe` within 2 s; the worker was killed"),
}
"""Fault in one utterance -> kind and message of its error."""
LOAD = {
    "raise": "could not be loaded: RuntimeError: the fake engine was told to fail",
    "segfault": "could not be loaded: the worker died of SIGSEGV (signal 11)",
    "hang": "could not be loaded: no answer to `load` within 10 s; the worker was killed",
}
"""Fault while loading -> failure of the record."""
HARMLESS = ("loop", "print")
"""Faults that still leave an answer."""
MODES = (
    "-n0",
    pytest.param("-n2", marks=pytest.mark.nightly("tests/runner/test_survival.py::test_a_fault_in_an_utterance")),
)


class Scratch:
    """What FakeLab needs of pytester, for a folder that outlives a test."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def makeini(self, text: str) -> None:
        (self.path / "tox.ini").write_text(text)

    def makepyfile(self, **files: str) -> None:
        for name, text in files.items():
            (self.path / f"{name}.py").write_text(text)


@dataclass(frozen=True)
class Session:
    """A finished session of all faults."""

    folder: Path
    output: str
    code: int
    records: dict[str, Record]


@pytest.fixture(scope="module")
def session(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Session:
    return run(request.param, tmp_path_factory.mktemp("faults"))


def run(workers: str, folder: Path) -> Session:
    lab = FakeLab(Scratch(folder))  # type: ignore[arg-type]  # it has what is used of a Pytester here
    lab.dataset()
    lab.limits({"metric": "wer", "max": 0.1})
    times = {"utterance_s": 2, "per_audio_second": 0, "load_s": 10}
    for fault in (*UTTERANCE, *HARMLESS):
        lab.model(f"utterance-{fault}", faults={lab.size(1): fault}, timeouts=times)
    for fault in LOAD:
        lab.model(f"load-{fault}", load_fault=fault, timeouts=times)
    lab.model("zz-sound", timeouts=times)
    cache_folder = folder / "cache"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--lab-card=full", workers, "-m", "smoke"],
        cwd=folder,
        env={**os.environ, "MODELLAB_CACHE": str(cache_folder)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return Session(folder, done.stdout, done.returncode, {record.case.model: record for record in lab.records()})


both = pytest.mark.parametrize("session", MODES, indirect=True)


@both
@pytest.mark.parametrize("fault", UTTERANCE)
def test_a_fault_in_an_utterance(session: Session, fault: str) -> None:
    record = session.records[f"utterance-{fault}"]
    first, failed, last = record.utterances
    assert (first.hypothesis, failed.hypothesis, last.hypothesis) == ("one fine day", None, "three fine days")
    assert failed.error is not None
    kind, message = UTTERANCE[fault]
    assert failed.error.kind == kind
    assert re.fullmatch(re.escape(message).replace(r"\*", ".*"), failed.error.message)
    assert record.value("wer") == pytest.approx(3 / 9)
    assert record.failure is None
    if failed.error.kind != "exception":
        assert record.value("rtf") is None
        assert record.provenance.worker_restarts == 1


@both
def test_the_last_words_of_a_crash_are_kept(session: Session) -> None:
    error = session.records["utterance-abort"].utterances[1].error
    assert error is not None
    assert error.detail.splitlines() == [f"last words {i}" for i in range(10, 30)]


@both
@pytest.mark.parametrize("fault", LOAD)
def test_a_fault_while_loading(session: Session, fault: str) -> None:
    record = session.records[f"load-{fault}"]
    assert record.failure is not None
    assert record.failure.message == LOAD[fault]
    assert record.summary.answered == 0
    assert record.value("wer") == 1
    assert f"fail load-{fault}:cpu:clips: {LOAD[fault]}" in session.output


@both
def test_a_hallucination_of_100_000_words(session: Session) -> None:
    record = session.records["utterance-loop"]
    assert record.parts["asr"].words.insertions + record.parts["asr"].words.substitutions == 100_000
    assert record.value("wer") == pytest.approx(100_000 / 9)
    assert record.value("looped") == pytest.approx(1 / 3)
    assert max(map(len, session.output.splitlines())) < 2000


@both
def test_a_flood_on_stderr_and_stdout(session: Session) -> None:
    assert session.records["utterance-print"].value("wer") == 0
    assert "noise on standard" not in session.output


@both
def test_the_sound_model_and_the_session(session: Session) -> None:
    assert session.code == 1
    assert session.records["zz-sound"].value("wer") == 0
    assert len(session.records) == len(UTTERANCE) + len(HARMLESS) + len(LOAD) + 1
    assert "INTERNALERROR" not in session.output


@both
def test_no_process_and_no_temporary_file_remains(session: Session) -> None:
    left = list((session.folder / "cache" / "tmp").iterdir())
    assert left == []
    processes = [process.info for process in psutil.process_iter(["cmdline", "cwd"])]
    assert [each for each in processes if each["cwd"] == str(session.folder)] == []
    assert [each for each in processes if each["cmdline"] == ["sleep", "987"]] == []


def test_the_table_of_faults_names_tests_that_exist() -> None:
    source = Path(__file__).read_text()
    named = re.findall(r"`(test_\w+)(?:\[([\w-]+)\])?`", DOCS.read_text())
    faults = {fault for _, fault in named if fault}
    assert faults == {*UTTERANCE, *LOAD}
    for name, _ in named:
        assert f"def {name}(" in source
    elsewhere = re.findall(r"`(\w+/test_\w+\.py)::(?:(\w+)::)?(test_\w+)`", DOCS.read_text())
    assert elsewhere
    for file, of_class, name in elsewhere:
        source = (Path(__file__).parents[1] / file).read_text()
        assert f"def {name}(" in source, f"{file}::{name}"
        assert not of_class or f"class {of_class}:" in source, f"{file}::{of_class}"
    # Every row names one.
    lines = DOCS.read_text().splitlines()
    rows = [line for line, below in zip(lines, [*lines[1:], ""], strict=True) if line[:2] == "| " and below[:2] != "|-"]
    assert [row for row in rows if not re.search(r"`(\w+/)?test_", row.split(" | ")[-1])] == []
