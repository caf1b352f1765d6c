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
from fakelab import SUITE, FakeLab
from fakeruns import FakeRuns, StopsAt
from waiting import wait_for

from pytest_modellab.core.metrics import asr
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import canonical, read
from pytest_modellab.runner import framing
from pytest_modellab.runner import runner as runner_module
from pytest_modellab.runner.executor import LOCAL
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


@pytest.mark.session
@pytest.mark.nightly(
    "tests/runner/test_resume.py::test_the_next_session_goes_on_where_the_processes_of_one_were_killed"
)
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


SPEED = "def test_rtf(run): assert run.rtf < 100"


def test_the_next_session_goes_on_where_the_processes_of_one_were_killed(lab: FakeLab) -> None:
    lab.texts = [f"clip number {i}" for i in range(6)]
    lab.ready(delay_s=0.3)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n2"]
    kill_midway(command, lab.path, lab.path / "reports", after=2)
    kept = answered(lab.path / "reports")
    lab.log.unlink()
    lab.pytester.makepyfile(test_suite=SUITE, test_speed=SPEED)
    result = lab.run("-n2", "-rs")
    assert result.ret == 0
    result.assert_outcomes(passed=2, skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*RTF not available*resumed: * answered in a session that was killed"])
    assert lab.clips_heard()[1:] == [lab.size(i) for i in range(kept, 6)]  # the first is the warm-up
    assert lab.record().provenance.resumed == kept
    assert lab.record().timing.no_speed is not None


class Stopped:
    """Runs whose first session was broken off after two of six utterances."""

    answered = 2

    def __init__(self, runs: FakeRuns, **options: Any) -> None:
        self.runs = runs
        runs.texts = [f"clip number {i}" for i in range(6)]
        with pytest.raises(KeyboardInterrupt):
            runs.ready().run(progress=StopsAt(self.answered), **options)
        (self.journal,) = runs.reports.glob("sessions/*/*.jsonl")
        runs.log.unlink()

    def decoded(self) -> list[str]:
        """Clips the engine was given since, the warm-up left out."""
        return self.runs.clips_heard()[1:]


@pytest.mark.parametrize("alone", [True, False])
def test_finished_utterances_are_not_decoded_again(runs: FakeRuns, alone: bool) -> None:
    stopped = Stopped(runs, alone=alone)
    record = runs.measured(alone=alone)
    assert stopped.decoded() == [runs.size(i) for i in range(stopped.answered, 6)]
    assert record.provenance.resumed == stopped.answered
    assert record.timing.no_speed == "resumed: 2 utterances answered in a session that was killed"
    assert record.value("rtf") is None


def test_a_changed_spec_reuses_nothing(runs: FakeRuns) -> None:
    stopped = Stopped(runs)
    runs.model(delay_s=0.01)
    assert runs.measured().provenance.resumed == 0
    assert len(stopped.decoded()) == 6


def test_changed_data_reuse_nothing(runs: FakeRuns) -> None:
    stopped = Stopped(runs)
    manifest = runs.catalog / "datasets" / "clips.jsonl"
    rows = [json.loads(line) for line in manifest.read_text().splitlines()]
    rows[5]["text"] = "clip number 55"
    manifest.write_text("\n".join(map(json.dumps, rows)))
    assert runs.measured().provenance.resumed == 0
    assert len(stopped.decoded()) == 6


def test_fresh_reuses_nothing_and_forgets_it(runs: FakeRuns) -> None:
    stopped = Stopped(runs)
    runs.run(fresh=True)
    assert len(stopped.decoded()) == 6
    runs.log.unlink()
    shutil.rmtree(runs.reports / "runs")  # or its record would stand
    runs.run()
    assert len(stopped.decoded()) == 6


def test_a_line_cut_off_in_the_middle_is_answered_again(runs: FakeRuns) -> None:
    stopped = Stopped(runs)
    stopped.journal.write_bytes(stopped.journal.read_bytes()[:-10])
    record = runs.measured()
    assert len(stopped.decoded()) == 6 - stopped.answered + 1
    assert [u.hypothesis for u in record.utterances] == runs.texts


def test_a_case_that_was_finished_when_the_session_died_keeps_its_times(runs: FakeRuns) -> None:
    runs.ready()
    runs.model("second")
    with runs.session(whole=False) as runner:
        assert all(runner.run(case).record for case in runs.cases())
    runs.log.unlink()
    assert all(outcome.unchanged_since for outcome in runs.run().values())
    assert runs.engine_log() == []
    assert all(record.value("rtf") is not None for record in runs.records())


def test_what_was_answered_and_timed_needs_no_model_to_become_a_record(
    runs: FakeRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = {"device": "cpu"}
    runs.ready(facts=facts)
    with monkeypatch.context() as patched:
        patched.setattr(runner_module, "assemble", None)
        with pytest.raises(TypeError):
            runs.run()
    runs.log.unlink()
    record = runs.measured()
    assert runs.engine_log() == []
    assert record.provenance.resumed == 0
    assert record.loaded == facts
    assert record.value("rtf") is not None
    assert record.timing.load_s is not None


def interrupted_midway(lab: FakeLab, times: int) -> tuple[str, int]:
    """A session that gets Ctrl-C while it answers its third clip: what it said, and how many answers it kept."""
    lab.texts = [f"clip number {i}" for i in range(6)]
    lab.ready(delay_s=0.8)
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
    lab.ready(delay_s=0.8)
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
    runs: FakeRuns, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, call: int
) -> None:
    runs.texts = [f"clip number {i}" for i in range(6)]
    runs.ready().executor = LOCAL
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
    with pytest.raises(KeyboardInterrupt):
        runs.run()
    assert answered(runs.reports) == 3


def test_ctrl_c_twice_leaves_at_once(lab: FakeLab) -> None:
    output, kept = interrupted_midway(lab, times=2)
    assert "PARTIAL: interrupted" in output
    assert kept == 2


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
