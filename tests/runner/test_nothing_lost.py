"""What was answered outlasts what happens after: full disks, time-outs, faults in scoring, damage, signals."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
from fakelab import FakeCatalog, FakeLab
from fakeruns import FakeRuns
from test_resume import answered
from waiting import wait_for

from pytest_modellab.reports.scorecard import build, page
from pytest_modellab.results import record_files
from pytest_modellab.runner import runner as runner_module
from pytest_modellab.runner.interrupts import like_ctrl_c
from pytest_modellab.runner.journal import Journal, checked, read
from pytest_modellab.runner.session import Session

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))


L = TypeVar("L", bound=FakeCatalog)


def ready(lab: L, clips: int = 12, **options: Any) -> L:
    lab.texts = [f"clip number {i}" for i in range(clips)]
    return lab.ready(**options)


def went_on(lab: FakeCatalog, asked: int) -> None:
    """That a session made the record, asking so many clips anew (and once more the first, where it loads)."""
    assert len(set(lab.clips_heard())) == asked
    assert [each.hypothesis for each in lab.record().utterances] == list(lab.texts)
    assert not list((lab.path / "reports" / "sessions").iterdir())


def goes_on(runs: FakeRuns, *, asked: int = 0) -> None:
    """The next session makes the record."""
    runs.log.unlink()
    assert runs.outcome().path is not None
    went_on(runs, asked)


@pytest.mark.parametrize("where", [(runner_module, "assemble"), (record_files, "write")], ids=["scoring", "writing"])
def test_a_fault_after_the_answers_keeps_them(
    runs: FakeRuns, monkeypatch: pytest.MonkeyPatch, where: tuple[Any, str]
) -> None:
    ready(runs)

    def fault(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("a fault of ours")

    with monkeypatch.context() as patched:
        patched.setattr(*where, fault)
        with pytest.raises(ZeroDivisionError):
            runs.run()
    assert runs.records() == []
    assert runs.engine_log().count("load") == 1
    goes_on(runs)


def test_a_fault_after_the_answers_fails_the_session_that_keeps_them(
    lab: FakeLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(lab)
    with monkeypatch.context() as patched:
        patched.setattr(runner_module, "assemble", None)
        assert lab.run().ret == 1
    assert lab.engine_log().count("load") == 1
    lab.log.unlink()
    assert lab.run().ret == 0
    went_on(lab, 0)


@pytest.mark.parametrize("where", [(page, "render"), (build, "build")], ids=["page", "scorecard"])
def test_a_fault_in_what_shows_results_costs_no_record(
    lab: FakeLab, monkeypatch: pytest.MonkeyPatch, where: tuple[Any, str]
) -> None:
    ready(lab)
    lab.pytester.makeini("[pytest]\nmodellab_catalog = lab\n")

    def fault(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("a fault of ours")

    with monkeypatch.context() as patched:
        patched.setattr(*where, fault)
        assert lab.run().ret != 0
    lab.log.unlink()
    assert lab.run().ret == 0
    went_on(lab, 0)


@pytest.fixture
def mounted(runs: FakeRuns) -> Iterator[Callable[[str], None]]:
    """Puts the reports on a disk of their own, as large as it is told, or makes that larger."""
    reports = runs.reports
    reports.mkdir()

    def mount(size: str) -> None:
        again = "remount," if os.path.ismount(reports) else ""
        command = ["mount", "-t", "tmpfs", "-o", f"{again}size={size}", "tmpfs", str(reports)]
        if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("no file system can be mounted here")

    yield mount
    if os.path.ismount(reports):
        subprocess.run(["umount", str(reports)], check=True)


def kept(lab: FakeCatalog) -> int:
    """How many utterances the one journal there is has whole."""
    (journal,) = (lab.path / "reports").glob("sessions/*/*.jsonl")
    return sum("utterance" in row for row in read(journal).rows)


@pytest.mark.parametrize(("size", "clips", "all_fit"), [("16k", 80, False), ("32k", 40, True)])
def test_a_full_disk_keeps_what_was_answered(
    runs: FakeRuns, mounted: Callable[[str], None], size: str, clips: int, all_fit: bool
) -> None:
    ready(runs, clips=clips)
    mounted(size)
    assert "No space left on device; what was measured so far is kept" in str(runs.outcome().broken)
    assert runs.records() == []
    answers = kept(runs)
    assert (answers == clips) == all_fit
    assert answers > 10
    mounted("16m")
    goes_on(runs, asked=0 if all_fit else clips - answers + 1)


def test_a_limit_on_the_size_of_files_keeps_what_was_answered(lab: FakeLab) -> None:
    ready(lab, clips=20)
    command = f"ulimit -f 10; exec {sys.executable} -m pytest -p no:cacheprovider -p no:hypothesispytest"
    done = subprocess.run(["bash", "-c", command], cwd=lab.path, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout
    assert "File too large; what was measured so far is kept" in done.stdout
    assert lab.records() == []
    assert kept(lab) == 20
    lab.log.unlink()
    assert lab.run().ret == 0
    went_on(lab, 0)


TIMEOUT = """
import signal
import threading
import time
from pathlib import Path

import pytest

LOG = Path("engine.log")

def heard():
    lines = LOG.read_text().split() if LOG.exists() else []
    return {line for line in lines if len(line) == 4 and line.isdigit()}

def strike():
    # In the third clip: two are answered then, however slow the machine is.
    while len(heard()) < 3:
        time.sleep(0.01)
    signal.pthread_kill(threading.main_thread().ident, signal.SIGALRM)

@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    # As pytest-timeout does, with its method "signal".
    signal.signal(signal.SIGALRM, lambda *_: pytest.fail("Timeout"))
    if item.name.startswith("test_wer"):
        threading.Thread(target=strike, daemon=True).start()
    return (yield)
"""


def test_a_time_out_of_the_test_keeps_what_was_answered_and_drops_the_worker(lab: FakeLab) -> None:
    ready(lab, clips=8, delay_s=0.25)
    lab.pytester.makeconftest(TIMEOUT)
    result = lab.run()
    # The next test of the case goes on with a worker of its own.
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.no_fnmatch_line("*closed file*")
    assert lab.engine_log().count("load") == 2
    record = lab.record()
    assert record.provenance.resumed >= 1
    assert [each.hypothesis for each in record.utterances] == list(lab.texts)


def without_fields(line: bytes) -> bytes:
    return json.dumps({k: v for k, v in json.loads(line).items() if k not in {"audio_s", "alone"}}).encode()


class TestDamage:
    def left(self, runs: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The journal of a session that had all answers and no record."""
        ready(runs)
        with monkeypatch.context() as patched:
            patched.setattr(runner_module, "assemble", None)
            with pytest.raises(TypeError):
                runs.run()
        (journal,) = runs.reports.glob("sessions/*/*.jsonl")
        return journal

    @pytest.mark.parametrize(
        "damage",
        [
            lambda line: b"\x00" * len(line),
            lambda line: line[: len(line) // 2],
            lambda line: line.replace(b"clip number", b"clip mumber"),
            lambda line: json.dumps(
                {k: v for k, v in json.loads(line).items() if k not in {"audio_s", "alone"}}
            ).encode(),
        ],
        ids=["zeros", "half", "a letter", "fields"],
    )
    def test_a_damaged_line_in_the_middle_costs_that_utterance(
        self, runs: FakeRuns, monkeypatch: pytest.MonkeyPatch, damage: Callable[[bytes], bytes]
    ) -> None:
        journal = self.left(runs, monkeypatch)
        lines = journal.read_bytes().splitlines()
        places = [
            i for i, line in enumerate(lines) if b'"utterance": "clip-3"' in line or b'"utterance": "clip-7"' in line
        ]
        for i in places:
            lines[i] = damage(lines[i])
        journal.write_bytes(b"\n".join(lines) + b"\n")
        goes_on(runs, asked=3)  # these two, and the first to warm up
        assert runs.record().provenance.resumed == 10

    def test_lines_of_other_kinds_count_their_checksum_too(self, tmp_path: Path) -> None:
        path = tmp_path / "journal.jsonl"
        with Journal.open(path, {"key": "k"}) as journal:
            journal.append({"end": {"load_s": 1.0}, "text": 'a ", "check": "b'})
        assert read(path).rows == [{"key": "k"}, {"end": {"load_s": 1.0}, "text": 'a ", "check": "b'}]
        path.write_bytes(path.read_bytes().replace(b"1.0", b"2.0"))
        rows, size, damaged = read(path)
        assert (rows, size, damaged) == ([{"key": "k"}], path.stat().st_size, 1)

    def test_a_line_that_was_cut_off_and_written_over_is_damage_like_any(self, tmp_path: Path) -> None:
        path = tmp_path / "journal.jsonl"
        whole = [checked({"key": "k"}), checked({"utterance": "a"}), checked({"utterance": "b"})]
        path.write_bytes(whole[0] + b"\n" + whole[1][:9] + whole[1] + b"\n" + whole[2] + b"\n" + whole[1][:4])
        with Journal.open(path, {"key": "k"}) as journal:
            assert [row["utterance"] for row in journal.lines] == ["b"]
            journal.append({"utterance": "a"})
        assert [row.get("utterance") for row in read(path).rows] == [None, "b", "a"]


PYTEST = ("-m", "pytest", "-p", "no:cacheprovider", "-p", "no:hypothesispytest")


def started(lab: FakeLab, *arguments: str, command: Sequence[str] = PYTEST) -> subprocess.Popen[str]:
    """A session in a process group of its own, which has two answers."""
    session = subprocess.Popen(
        [sys.executable, *command, *arguments],
        cwd=lab.path,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert wait_for(lambda: answered(lab.path / "reports") >= 2 and len(lab.clips_heard()) >= 4, seconds=60)
    return session


def test_other_signals_count_as_ctrl_c(lab: FakeLab) -> None:
    ready(lab, clips=6, delay_s=0.8)
    session = started(lab)
    session.send_signal(signal.SIGTERM)
    output, _ = session.communicate(timeout=60)
    assert session.returncode == pytest.ExitCode.INTERRUPTED
    assert "PARTIAL: interrupted" in output
    assert lab.scorecard()["partial"].startswith("interrupted")
    assert answered(lab.path / "reports") == 3
    assert list(Path(os.environ["MODELLAB_CACHE"], "tmp").iterdir()) == []


def test_signals_that_somebody_else_handles_are_left_alone() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN), signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        like_ctrl_c()()
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        undo = like_ctrl_c()
        assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
        undo()
        assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGHUP, before[0])
        signal.signal(signal.SIGTERM, before[1])


PARENT = """
import sys
from pathlib import Path
from pytest_modellab.core.child import run_pytest

sys.exit(run_pytest(["-p", "no:cacheprovider"], Path()))
"""


def test_a_signal_to_a_command_reaches_its_pytest(lab: FakeLab) -> None:
    ready(lab, clips=6, delay_s=0.8)
    session = started(lab, command=["-c", PARENT])
    session.send_signal(signal.SIGTERM)
    output, _ = session.communicate(timeout=60)
    assert session.returncode == pytest.ExitCode.INTERRUPTED
    assert "PARTIAL: interrupted" in output
    assert answered(lab.path / "reports") == 3


def test_ctrl_c_to_the_controller_alone_stops_its_workers_within_an_utterance(lab: FakeLab) -> None:
    ready(lab, clips=12, delay_s=0.8)
    session = started(lab, "-n1")
    before = answered(lab.path / "reports")
    session.send_signal(signal.SIGINT)
    output, _ = session.communicate(timeout=60)
    assert session.returncode == pytest.ExitCode.INTERRUPTED, output
    assert "PARTIAL: interrupted" in output
    assert before <= answered(lab.path / "reports") <= before + 2
    assert len(lab.clips_heard()) <= before + 3  # the first once more, and two that it may have been at


def test_sessions_that_end_at_the_same_moment_do_not_trip_over_each_other() -> None:
    import session_ends

    assert session_ends.run(4, 400) == 0


def test_a_folder_that_can_never_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "reports").symlink_to(tmp_path / "not mounted")
    with pytest.raises(OSError, match="can't be made"):
        Session(tmp_path / "reports", "s", own=True)
