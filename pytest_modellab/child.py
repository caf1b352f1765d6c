"""pytest as a child of a command: Ctrl-C reaches both, and the child is given the time to end as it does by itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
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
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue  # it has had the same signal
        except BaseException:
            child.kill()
            raise
