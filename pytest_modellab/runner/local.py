"""Workers in local processes, from the session's side: starting, requests, time-outs, and how they ended."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pytest_modellab.assets.store import cache_root
from pytest_modellab.assets.venvs import environ_of
from pytest_modellab.core.gpu import gpu_memory
from pytest_modellab.results.facts import Memory

from . import framing
from .clock import believed
from .descendants import descendants_cpu_s
from .executor import WorkerDied
from .run_delay import delays, waited_s

if TYPE_CHECKING:
    from pytest_modellab.catalog.environments import Environment

    from .load_order import LoadOrder

STDERR_LINES = 20
_LINE_LENGTH = 500
_SLICE_S = 0.5
"""A reply is waited for in slices: in one that takes much longer this session was stopped."""
_STOPPED_S = 1.0
_LAST_LOOK_S = 10.0
"""For a reply that has begun to come when its time is up."""
_MOMENT_S = 2.0
"""For a worker's children to end by themselves."""


_TEMPORARY = ("TMPDIR", "TEMP", "TMP")
"""The variables that name the folder for temporary files: each worker has its own, which goes with it."""


def _scratch() -> tempfile.TemporaryDirectory[str]:
    # In the cache, where the store clears away what killed sessions left.
    parent = cache_root() / "tmp"
    parent.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(prefix="worker-", dir=parent, ignore_cleanup_errors=True)


class LocalExecutor:
    """Starts each worker in a process of its own on this machine."""

    isolated = True

    def start(self, order: LoadOrder) -> LocalWorker:
        return LocalWorker(order.environment, gpu=order.device["kind"] == "cuda")


class LocalWorker:
    """A worker in a child process of this machine."""

    def __init__(
        self, environment: Environment | None = None, *, gpu: bool = False, prefix: Sequence[str] = ()
    ) -> None:
        """Start it in `environment`, or in this session's own Python.

        `gpu` is whether to ask for the worker's memory on NVIDIA devices, too; `prefix` stands before the command, and
        has to become it, as `taskset -c 0-3` does.
        """
        self._scratch = _scratch()
        variables = dict(os.environ) if environment is None else environ_of(environment.interpreter)
        # A session of its own: Ctrl-C reaches the worker only through us, and a kill takes its children along.
        self._process = subprocess.Popen(
            [*prefix, *_command(environment)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={**variables, **dict.fromkeys(_TEMPORARY, self._scratch.name)},
        )
        self.memory = Memory()
        self._gpu = gpu
        self._gone = False
        self._number = 0
        self._pid: int | None = None
        self._unreadable = ""
        self._started = time.monotonic()
        self._stderr: deque[str] = deque(maxlen=STDERR_LINES)
        self._replies: queue.Queue[dict[str, Any] | None] = queue.Queue()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._stdin: IO[bytes] = self._process.stdin
        self._threads = [
            threading.Thread(target=self._read_replies, args=(self._process.stdout,), daemon=True),
            threading.Thread(target=self._read_stderr, args=(self._process.stderr,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def request(self, message: dict[str, Any], payload: bytes = b"", *, timeout: float) -> dict[str, Any]:
        """Send one request and wait at most `timeout` seconds for its reply."""
        if self._gone:
            raise WorkerDied("crash", "the worker was ended before, when what had asked it was broken off")
        self._number += 1
        started_s, before = descendants_cpu_s(self.pid), delays(self.pid)
        start = time.monotonic()
        try:
            framing.send(self._stdin, {**message, "number": self._number}, payload)
            reply = self._wait(timeout)
        except queue.Empty:
            self._kill()
            raise WorkerDied(
                "timeout",
                f"no answer to `{message['op']}` within {timeout:.0f} s; the worker was killed",
                self._tail(),
            ) from None
        except OSError:
            reply = None
        except BaseException:
            self._kill()  # Ctrl-C: nobody is left to read the reply
            raise
        if reply is None:
            raise self._death()
        self._check_sender(reply)
        self._sample(reply)
        now = time.monotonic()
        reply = believed(reply, now - start, since_start_s=now - self._started)
        return {
            **reply,
            "descendants_cpu_s": max(0.0, descendants_cpu_s(self.pid) - started_s),
            "waited_s": waited_s(before, delays(self.pid)),
        }

    @property
    def gone(self) -> bool:
        """Whether it has been ended, by itself or by others."""
        return self._gone

    def _wait(self, timeout: float) -> dict[str, Any] | None:
        """The next reply; None where the worker is gone, even if a child of it still holds the pipe open.

        Time in which this session was stopped itself (SIGSTOP, a suspended machine) doesn't count: what lay in the pipe
        when it went on is read. Raises queue.Empty.
        """
        end = time.monotonic() + timeout
        while True:
            gone = self._process.poll() is not None
            before = time.monotonic()
            patience = max(0.0, min(_SLICE_S, end - before))
            try:
                return self._replies.get(timeout=patience)
            except queue.Empty:
                if gone:
                    return None
                now = time.monotonic()
                if now - before > patience + _STOPPED_S:
                    end += now - before - patience
                if now >= end:
                    return self._last_look()

    def _last_look(self) -> dict[str, Any] | None:
        """What has come at the last moment: a reply that is being read is waited for. Raises queue.Empty."""
        end = time.monotonic() + _LAST_LOOK_S
        while True:
            try:
                return self._replies.get(timeout=0.05)
            except queue.Empty:
                if time.monotonic() >= end or not self._coming():
                    raise

    def _coming(self) -> bool:
        """Whether something of a reply lies in the pipe."""
        import select

        assert self._process.stdout is not None
        with contextlib.suppress(OSError, ValueError):  # Windows waits for sockets only
            return bool(select.select([self._process.stdout.fileno()], [], [], 0)[0])
        return False

    def _check_sender(self, reply: dict[str, Any]) -> None:
        """Raise WorkerDied, and end the worker, where a reply is of another request, or of another process."""
        number, pid = reply.pop("number", None), reply.pop("pid", None)
        self._pid = self._pid or pid
        if pid == self._pid and number == self._number:
            return
        why = (
            f"a second process, {pid}, answers in its place: the engine forked, and went on in both"
            if pid != self._pid
            else f"it answered request {self._number} with the reply to request {number}"
        )
        self._kill()
        raise WorkerDied("crash", f"the worker's replies are ambiguous: {why}", self._tail())

    def close(self) -> None:
        """Ask the worker to end; kill it after five seconds. Safe to repeat."""
        if self._gone:
            return
        with contextlib.suppress(OSError):
            framing.send(self._stdin, {"op": "close"})
        with contextlib.suppress(OSError):
            self._stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self._kill()

    def _sample(self, reply: dict[str, Any]) -> None:
        import psutil

        if reply.get("peak_rss"):
            self.memory.peak_rss, self.memory.method = reply["peak_rss"], reply["peak_rss_method"]
        if reply.get("torch_peak"):
            self.memory.torch_peak = reply["torch_peak"]
        if self._gpu and (used := gpu_memory(self.pid)) is not None:
            self.memory.device = max(self.memory.device or 0, used)
        with contextlib.suppress(psutil.Error):
            info = psutil.Process(self.pid).memory_info()
            self.memory.sampled_rss = max(self.memory.sampled_rss or 0, info.rss)
            peak = getattr(info, "peak_wset", None)  # Windows keeps the peak itself
            if peak is not None:
                self.memory.peak_rss, self.memory.method = peak, "peak_wset"

    def _death(self) -> WorkerDied:
        if not self._unreadable:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=5)
        self._kill()
        return WorkerDied("crash", self._unreadable or describe_exit(self._process.returncode), self._tail())

    def _kill(self) -> None:
        """End the process and everything it started, and let go of it. Safe to repeat."""
        if self._gone:
            return
        self._gone = True
        self._process.kill()
        if sys.platform != "win32":
            self._end_group()
        self._process.wait()
        self._kill_strays()
        with contextlib.suppress(OSError):
            self._stdin.close()
        for thread, stream in zip(self._threads, (self._process.stdout, self._process.stderr), strict=True):
            thread.join(timeout=2)  # until the last words are in
            # What a stray process still holds open can't be closed under its reader, which ends with this process.
            if not thread.is_alive():
                stream.close()  # type: ignore[union-attr]  # both are pipes
        self._scratch.cleanup()

    def _end_group(self) -> None:
        """End what the worker started: with a moment first for what clears away after it, such as shared memory.

        multiprocessing's resource tracker does, once its process is gone.
        """
        for number, patience_s in ((signal.SIGTERM, _MOMENT_S), (signal.SIGKILL, 0.0)):
            end = time.monotonic() + patience_s
            try:
                os.killpg(self._process.pid, number)
                while time.monotonic() < end and self._group_lives():
                    time.sleep(0.02)
            except (ProcessLookupError, PermissionError):
                return

    def _group_lives(self) -> bool:
        import psutil

        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if os.getpgid(process.pid) == self._process.pid and process.status() != psutil.STATUS_ZOMBIE:
                    return True
        return False

    def _kill_strays(self) -> None:
        """End what left the worker's process group, or outlived it: known by its folder for temporary files."""
        import psutil

        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.environ().get(_TEMPORARY[0]) == self._scratch.name:
                    process.kill()

    def _tail(self) -> str:
        return "\n".join(self._stderr)

    def _read_replies(self, stream: IO[bytes]) -> None:
        try:
            while (frame := framing.receive(stream)) is not None:
                reply, payload = frame
                self._replies.put({**reply, "payload": payload} if payload else reply)
        except framing.TooLarge as error:
            self._unreadable = f"the worker's reply is too large: {error}"
        except ValueError as error:
            self._unreadable = f"the worker's reply can't be read: {error}"
        except OSError as error:
            self._stderr.append(f"(unreadable reply: {error})")
        self._replies.put(None)

    def _read_stderr(self, stream: IO[bytes]) -> None:
        # readline with a bound: a flood without line ends must not fill this process.
        while line := stream.readline(_LINE_LENGTH):
            self._stderr.append(line.decode("utf-8", "replace").rstrip())


def _command(environment: Environment | None) -> list[str]:
    if environment is None:
        # `-P`: the folder tests start in must not shadow a library.
        return [sys.executable, "-P", "-m", "pytest_modellab.runner.worker"]
    from . import bootstrap

    return [str(environment.interpreter), str(Path(bootstrap.__file__).resolve())]


def describe_exit(code: int | None) -> str:
    """What a return code says, in words."""
    if code is None:
        return "the worker closed its pipe and hangs"
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = "an unknown signal"
        hint = ", often the kernel's out-of-memory killer" if name == "SIGKILL" else ""
        return f"the worker died of {name} (signal {-code}{hint})"
    return f"the worker ended with exit code {code}"
