"""Run delay as the kernel tells it, with real neighbours. Other load on the machine may only add to what is seen."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytest_modellab.core.cores import usable_cpus
from pytest_modellab.results.conditions import Conditions
from pytest_modellab.runner import run_delay
from pytest_modellab.runner.local import LocalWorker
from pytest_modellab.runner.run_delay import delays, waited_s

RATE = 16_000
NEIGHBOUR = "import sys; print(flush=True)\nwhile True: pass"
BUSY = """
import threading, time
from modellab_fake_engine import FakeEngine


class Busy(FakeEngine):
    def transcribe(self, clip):
        start = time.process_time()
        while time.process_time() - start < 1.2:
            pass
        return super().transcribe(clip)
"""
tells = pytest.mark.skipif(
    not Path("/proc/self/schedstat").exists() or not hasattr(os, "sched_setaffinity"),
    reason="the kernel doesn't tell run delays",
)


@contextmanager
def neighbours(count: int, *, on: int | None = None) -> Iterator[None]:
    """So many busy processes, on one processor if it is named."""
    with ExitStack() as stack:
        for _ in range(count):
            # In sessions of their own, as the worker is: Linux may share cores by session, not by process.
            each = subprocess.Popen([sys.executable, "-c", NEIGHBOUR], stdout=subprocess.PIPE, start_new_session=True)
            stack.callback(each.wait)
            stack.callback(each.kill)
            assert each.stdout is not None
            each.stdout.readline()
            if on is not None:
                os.sched_setaffinity(each.pid, {on})
        yield


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[LocalWorker]:
    """A loaded worker of one thread, whose answer takes 1.2 s of CPU time."""
    (tmp_path / "busy.py").write_text(BUSY)
    worker = LocalWorker()
    order: dict[str, Any] = {
        "engine": f"{tmp_path}/busy.py:Busy",
        **{"options": {}, "weights": None, "path": None, "seed": 0},
        "handlers": {"pytest_modellab.tasks.asr.handler": None},
    }
    loaded = worker.request({"op": "load", "device": {"kind": "cpu", "index": 0}, **order}, timeout=120)
    assert "error" not in loaded, loaded
    yield worker
    worker.close()


def timed(worker: LocalWorker) -> Conditions:
    found = Conditions()
    message = {"op": "transcribe", "handler": "pytest_modellab.tasks.asr.handler", "rate": RATE, "language": None}
    silence = np.zeros(RATE, dtype="<f4").tobytes()
    found.timed(lambda: worker.request(message, silence, timeout=120))
    return found


@tells
class TestRealNeighbours:
    def test_as_many_as_there_are_cores_are_noise(self, busy: LocalWorker) -> None:
        with neighbours(len(usable_cpus())):
            found = timed(busy)
        assert found.calls.method == "run delay"
        assert found.calls.core_wait is not None
        assert found.calls.core_wait > 0.2
        assert "of its time for a core that others had" in str(found.noisy)

    def test_one_on_its_own_core_is_noise_whatever_others_are_idle(self, busy: LocalWorker) -> None:
        core = min(usable_cpus())
        os.sched_setaffinity(busy.pid, {core})
        with neighbours(1, on=core):
            found = timed(busy)
        assert found.calls.core_wait is not None
        assert found.calls.core_wait > 0.2
        assert found.noisy is not None

    def test_one_beside_a_free_core_is_none_unless_it_is_felt(self, busy: LocalWorker) -> None:
        cores = sorted(usable_cpus())
        if len(cores) < 2:
            pytest.skip("there is one core")
        os.sched_setaffinity(busy.pid, {cores[0]})
        with neighbours(1, on=cores[1]):
            before = delays(busy.pid)
            found = timed(busy)
            after = delays(busy.pid)
        use = found.calls
        assert use.others_s > 0.5 * use.wall_s
        assert use.core_wait is not None
        assert use.waited_s is not None
        # What else runs here may be felt: then it took longer than it computed. Its other threads, which watch memory
        # and the like, may wait while it computes: by what the kernel tells of them it may be more.
        main = (busy.pid, busy.pid)
        beside = waited_s(before, {thread: told for thread, told in after.items() if thread != main}) or 0.0
        assert use.waited_s <= max(0.0, use.wall_s - use.own_s) + beside + 0.02 * use.own_s
        assert (found.noisy is None) == (use.core_wait <= 0.10 and not found.throttled)

    def test_it_is_that_of_what_it_started_too(self) -> None:
        core = min(usable_cpus())
        code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {NEIGHBOUR!r}])"
        command = [sys.executable, "-c", code]
        with (
            neighbours(1, on=core),
            subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as parent,
        ):
            try:
                assert parent.stdout is not None
                parent.stdout.readline()
                before = delays(parent.pid)
                (child,) = {process for process, _ in before} - {parent.pid}
                os.sched_setaffinity(child, {core})
                with pytest.raises(subprocess.TimeoutExpired):
                    parent.wait(1.0)
                assert (waited_s(before, delays(parent.pid)) or 0.0) > 0.2
            finally:
                os.kill(child, 9)


class TestWithoutTheKernel:
    def test_where_there_is_no_such_file_it_is_not_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(run_delay, "_PROC", tmp_path)
        assert delays(os.getpid()) == {}
        assert waited_s({}, {}) is None

    def test_a_kernel_that_does_not_count_says_nothing(self) -> None:
        assert waited_s({(7, 7): (0, 0)}, {(7, 7): (0, 0)}) is None
        assert waited_s({(7, 7): (5, 1)}, {(7, 7): (9, 1)}) == 0.0

    def test_threads_that_came_count_and_those_that_went_do_not(self) -> None:
        before, after = {(7, 7): (5, 10), (7, 8): (5, 10)}, {(7, 7): (9, 1_000_000_010), (7, 9): (1, 500_000_000)}
        assert waited_s(before, after) == pytest.approx(1.5)

    def test_what_can_not_be_read_is_left_out(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(run_delay, "_PROC", tmp_path)
        for thread, text in ((7, "100 20 3\n"), (8, "nonsense\n"), (9, None)):
            folder = tmp_path / str(os.getpid()) / "task" / str(thread)
            folder.mkdir(parents=True)
            if text is not None:
                (folder / "schedstat").write_text(text)
        assert delays(os.getpid()) == {(os.getpid(), 7): (100, 20)}
