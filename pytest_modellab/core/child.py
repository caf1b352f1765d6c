"""pytest as a child process of a command: Ctrl-C reaches both, and the child gets time to end cleanly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def run_pytest(arguments: Sequence[str], folder: Path, output: IO[bytes] | int | None = None) -> int:
    """Run pytest in `folder` and wait for its end; its exit code. `output` is where what it says goes, if not here.

    After Ctrl-C it finishes what is being answered and writes what it has, or leaves at a second one: the code is then
    2. subprocess.run would kill it within a quarter of a second.
    """
    # The variables of a git that called us would lead git inside the tests to that repository.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = [sys.executable, "-m", "pytest", *arguments]
    errors = None if output is None else subprocess.STDOUT
    child = subprocess.Popen(command, cwd=folder, env=variables, stdout=output, stderr=errors)
    with _passed_on(child):
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                continue  # it has had the same signal
            except BaseException:
                child.kill()
                raise


@contextmanager
def _passed_on(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """Pass SIGTERM and SIGHUP on to the child, to which they count as Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    usual = {number: signal.getsignal(number) for number in numbers}
    taken = [number for number in numbers if usual[number] == signal.SIG_DFL]
    for number in taken:
        signal.signal(number, lambda number, _: child.send_signal(number))
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)
