"""A session that is killed loses at most the utterance in flight; the next one goes on where the inputs are equal."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil
import pytest
from fakelab import FakeLab
from waiting import wait_for

from pytest_modellab.core.metrics import asr
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import canonical, read
from pytest_modellab.runner import framing
from pytest_modellab.tasks.fixed_clip import CLIP_S

ROOT = Path(__file__).parents[2]


def answered(reports: Path) -> int:
    """Utterances in the journals of a session that is running or was killed."""
    lines = [line for path in reports.glob("sessions/*/*.jsonl") for line in path.read_text().splitlines()]
    return sum('"utterance":' in line for line in lines)


def kill_midway(command: Sequence[str], cwd: Path, reports: Path, *, after: int) -> None:
    """Start a session, kill -9 the whole of it once `after` utterances are answered, and see its workers gone."""
    session = subprocess.Popen(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    assert wait_for(lambda: answered(reports) >= after or session.poll() is not None, seconds=120)
    assert session.poll() is None, session.communicate()[0]
    family = psutil.Process(session.pid).children(recursive=True)
    assert any("pytest_modellab.runner.worker" in " ".join(child.cmdline()) for child in family)
    os.killpg(session.pid, signal.SIGKILL)
    session.communicate()
    assert wait_for(lambda: not any(child.is_running() and child.status() != "zombie" for child in family), seconds=20)


def only_record(reports: Path) -> Record:
    (path,) = (reports / "runs").rglob("*.json")
    return read(path)


def test_a_killed_session_of_a_real_model_goes_on_to_the_same_record(tmp_path: Path) -> None:
    def command(reports: Path) -> list[str]:
        # Recognition alone: the model streams, too.
        return [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "suites/test_10_asr.py",
                "--lab-model", "faster-whisper-tiny.en", "--lab-device", "cpu", f"--lab-report={reports}"]  # fmt: skip

    disturbed, undisturbed = tmp_path / "disturbed", tmp_path / "undisturbed"
    kill_midway(command(disturbed), ROOT, disturbed, after=2)
    finished = answered(disturbed)
    for reports in (disturbed, undisturbed):
        done = subprocess.run(command(reports), cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    resumed, whole = only_record(disturbed), only_record(undisturbed)
    assert resumed.provenance.resumed == finished >= 2
    assert whole.provenance.resumed == 0
    assert canonical(resumed) == canonical(whole)
    assert resumed.value("rtf") is None
    assert whole.value("rtf") is not None
    assert not list(disturbed.glob("sessions/*"))


class Killed:
    """A lab whose first session was killed after two of its six utterances."""

    def __init__(self, lab: FakeLab, *arguments: str) -> None:
        self.lab = lab
        lab.texts = [f"clip number {i}" for i in range(6)]
        lab.ready(delay_s=0.3)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
        kill_midway(command, lab.path, lab.path / "reports", after=2)
        self.answered = answered(lab.path / "reports")
        lab.log.unlink()

    def decoded(self) -> list[str]:
        """Clips the engine was given since, the warm-up left out."""
        return self.lab.clips_heard()[1:]


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_finished_utterances_are_not_decoded_again(lab: FakeLab, workers: str) -> None:
    killed = Killed(lab, workers)
    assert lab.run(workers).ret == 0
    assert killed.decoded() == [lab.size(i) for i in range(killed.answered, 6)]
    assert lab.record().provenance.resumed == killed.answered
    assert lab.record().timing.no_speed is not None


def test_speed_tests_of_a_resumed_run_are_skipped_with_the_reason(lab: FakeLab) -> None:
    Killed(lab)
    lab.pytester.makepyfile(test_suite="def test_rtf(run): assert run.rtf < 100")
    result = lab.run("-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*RTF not available*resumed: * answered in a session that was killed"])


def test_a_changed_spec_reuses_nothing(lab: FakeLab) -> None:
    killed = Killed(lab)
    lab.model(delay_s=0.01)
    assert lab.run().ret == 0
    assert len(killed.decoded()) == 6


def test_changed_data_reuse_nothing(lab: FakeLab) -> None:
    killed = Killed(lab)
    manifest = lab.catalog / "datasets" / "clips.jsonl"
    rows = [json.loads(line) for line in manifest.read_text().splitlines()]
    rows[5]["text"] = "clip number 55"
    manifest.write_text("\n".join(map(json.dumps, rows)))
    assert lab.run().ret == 0
    assert len(killed.decoded()) == 6


def test_fresh_reuses_nothing_and_forgets_it(lab: FakeLab) -> None:
    killed = Killed(lab)
    assert lab.run("--lab-fresh").ret == 0
    assert len(killed.decoded()) == 6
    lab.log.unlink()
    shutil.rmtree(lab.path / "reports" / "runs")  # or its record would stand
    assert lab.run().ret == 0
    assert len(killed.decoded()) == 6


def test_a_case_that_was_finished_when_the_session_died_keeps_its_times(lab: FakeLab) -> None:
    lab.ready()
    lab.model("second")
    lab.pytester.makeconftest(
        """
        import os, signal
        def pytest_runtest_logreport(report):
            if report.when == "call" and "second" in report.nodeid:
                os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    killed = lab.pytester.runpytest_subprocess("-p", "no:cacheprovider")
    assert killed.ret == -signal.SIGKILL
    lab.log.unlink()
    (lab.path / "conftest.py").unlink()
    assert lab.run().ret == 0
    assert lab.engine_log() == []
    assert all(record.value("rtf") is not None for record in lab.records())


def interrupted_midway(lab: FakeLab, times: int) -> tuple[str, int]:
    """A session that gets Ctrl-C while it answers its third clip: what it said, and how many answers it kept."""
    lab.texts = [f"clip number {i}" for i in range(6)]
    lab.ready(delay_s=1.5)
    session = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"], cwd=lab.path, stdout=subprocess.PIPE, text=True
    )
    assert wait_for(lambda: answered(lab.path / "reports") >= 2 and len(lab.clips_heard()) >= 4, seconds=60)
    for _ in range(times):
        session.send_signal(signal.SIGINT)
        time.sleep(0.2)
    output, _ = session.communicate(timeout=60)
    assert session.returncode == pytest.ExitCode.INTERRUPTED
    return output, answered(lab.path / "reports")


def test_ctrl_c_finishes_the_utterance_and_the_next_session_goes_on(lab: FakeLab) -> None:
    output, kept = interrupted_midway(lab, times=1)
    assert "interrupted: finishing this utterance; Ctrl-C again leaves at once" in output
    assert "PARTIAL: interrupted" in output
    assert lab.scorecard()["partial"].startswith("interrupted")
    assert kept == 3
    assert lab.run().ret == 0
    assert lab.record().provenance.resumed == 3


@pytest.mark.parametrize("command", [("hook", "run"), ("release", "1.0", "-n", "1")])
def test_ctrl_c_in_a_command_that_runs_pytest_finishes_the_utterance(lab: FakeLab, command: tuple[str, ...]) -> None:
    lab.texts = [f"clip number {i}" for i in range(6)]
    lab.ready(delay_s=1.5)
    lab.spec("release.yaml", {"schema": "modellab.release/1", "required": ["fake:*"]})
    (lab.path / ".gitignore").write_text("reports\nengine.log\n__pycache__\n")
    git = ("git", "-c", "user.name=x", "-c", "user.email=x@example.org")
    for each in (("init", "-q"), ("add", "."), ("commit", "-qm", "all")):
        subprocess.run([*git, *each], cwd=lab.path, check=True)
    session = subprocess.Popen(
        [sys.executable, "-m", "pytest_modellab.cli", *command],
        cwd=lab.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert wait_for(lambda: answered(lab.path / "reports") >= 2 and len(lab.clips_heard()) >= 4, seconds=60)
    os.killpg(session.pid, signal.SIGINT)  # as a terminal does
    output, _ = session.communicate(timeout=60)
    assert session.returncode != 0
    assert "PARTIAL: interrupted" in output
    assert ("push stopped: pytest was interrupted" if command[0] == "hook" else "no release was made") in output
    assert answered(lab.path / "reports") == 3
    assert not list((lab.path / "reports").glob("*.zip"))


@pytest.mark.parametrize(("module", "name", "call"), [(framing, "send", 4), (asr, "score", 3)])
def test_ctrl_c_just_before_or_after_the_call_keeps_the_answer(
    lab: FakeLab, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, call: int
) -> None:
    lab.texts = [f"clip number {i}" for i in range(6)]
    lab.ready()
    fixed = round(CLIP_S * 16_000) * 4
    called = getattr(module, name)
    calls = 0

    def pressed(*arguments: Any) -> Any:
        nonlocal calls
        done = called(*arguments)
        calls += name == "score" or (len(arguments) == 3 and len(arguments[2]) not in {0, fixed})
        if calls == call:  # the first clip is handed over twice: once to warm up
            calls += 1
            signal.raise_signal(signal.SIGINT)
        return done

    monkeypatch.setattr(module, name, pressed)
    outcome = lab.pytester.inline_run("-p", "no:cacheprovider", no_reraise_ctrlc=True)
    assert outcome.ret == pytest.ExitCode.INTERRUPTED
    assert answered(lab.path / "reports") == 3


def test_ctrl_c_twice_leaves_at_once(lab: FakeLab) -> None:
    output, kept = interrupted_midway(lab, times=2)
    assert "PARTIAL: interrupted" in output
    assert kept == 2


def test_a_line_cut_off_in_the_middle_is_answered_again(lab: FakeLab) -> None:
    killed = Killed(lab)
    (journal,) = (lab.path / "reports").glob("sessions/*/*.jsonl")
    journal.write_bytes(journal.read_bytes()[:-10])
    assert lab.run().ret == 0
    assert len(killed.decoded()) == 6 - killed.answered + 1
    assert [u.hypothesis for u in lab.record().utterances] == lab.texts


def test_two_sessions_at_once_both_measure_everything_themselves(lab: FakeLab) -> None:
    lab.texts = [f"clip number {i}" for i in range(4)]
    lab.ready(delay_s=0.1)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    sessions = [subprocess.Popen(command, cwd=lab.path, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [session.communicate(timeout=120)[0] for session in sessions]
    assert [session.returncode for session in sessions] == [0, 0], outputs
    first, second = lab.records()
    assert first.provenance.session != second.provenance.session
    assert first.provenance.resumed == second.provenance.resumed == 0
    assert canonical(first) == canonical(second)
    # Times are taken in turn.
    early, late = sorted((record.timing.passes[0] for record in (first, second)), key=lambda each: each.start)
    assert early.kind == late.kind == "accuracy and timing"
    assert early.end <= late.start
    assert lab.scorecard()["session"] in {first.provenance.session, second.provenance.session}
    assert not list((lab.path / "reports").glob("sessions/*"))
