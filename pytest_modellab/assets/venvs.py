"""Creation of virtual environments, by uv where it is installed, else by venv and pip; discovery of Pythons."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pytest_modellab.core.variables import PATH, PYENV, PYENV_ROOT

LAST_LINES = 8
"""Of what a command said, in the message that it failed."""

# What leads a Python, or a tool, into the environment the session runs in.
_LEADING = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "__PYVENV_LAUNCHER__")

Say = Callable[[str], object]


class NotBuilt(Exception):
    """An environment that can't be created; the message says why and what to do. `begun`: a command was run for it."""

    def __init__(self, text: str, *, begun: bool = False) -> None:
        super().__init__(text)
        self.begun = begun


@dataclass(frozen=True)
class Plan:
    """The specification of an environment to create."""

    python: str | None
    """`3.12`; None for the session's own version."""
    requirements: tuple[str, ...]

    def __str__(self) -> str:
        return f"Python {self.python or own_version()} with {', '.join(self.requirements)}"


def own_version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def interpreter_in(folder: Path) -> Path:
    """Where a virtual environment keeps its Python."""
    return folder / "Scripts" / "python.exe" if sys.platform == "win32" else folder / "bin" / "python"


def environ_of(interpreter: Path | None = None) -> dict[str, str]:
    """The environment variables without references to the session's Python; with `interpreter`, its tools on PATH."""
    variables = {name: value for name, value in os.environ.items() if name not in _LEADING}
    if interpreter is not None:
        variables["PATH"] = os.pathsep.join([str(interpreter.parent), variables.get("PATH", os.defpath)])
    return variables


def build(folder: Path, plan: Plan, log: Path, say: Say) -> Path:
    """Make the environment in `folder`, which must not exist, and return its interpreter.

    Everything the commands say goes to `log`, and line by line to `say`. Raises NotBuilt and OSError; what is there
    by then stays.
    """
    base, searched = find_python(plan.python)
    uv = _find_uv()
    if uv is None and base is None:
        raise NotBuilt(
            f"no Python {plan.python} was found; looked for {', '.join(searched)}\n"
            f"Install it, or uv, which fetches it (`pip install uv`)."
        )
    interpreter = interpreter_in(folder)
    if uv is not None:
        # uv is left where it is: it reads the configuration of the project it stands in.
        make = [uv, "venv", "--no-project", "--python", base or str(plan.python), str(folder)]
        install = [uv, "pip", "install", "--python", str(interpreter), *plan.requirements]
        cwd = None
    else:
        assert base is not None
        # The session's pip, not one of its own: it is newer than what a Python brings, if it brings any.
        make = [base, "-m", "venv", "--without-pip", str(folder)]
        pip = [sys.executable, "-P", "-m", "pip", "--python", str(interpreter), "install"]
        quiet = ["--no-input", "--disable-pip-version-check", "--no-warn-script-location", "--progress-bar=off"]
        install = [*pip, *quiet, *plan.requirements]
        cwd = folder.parent  # no module of the folder that tests start in may get in the way
    with log.open("w", encoding="utf-8") as out:
        # A person knows them by these names; in full they stand in the log.
        wanted = " ".join(plan.requirements)
        names = ("python -m venv", f"pip install {wanted}") if uv is None else ("uv venv", f"uv pip install {wanted}")
        for shown, command in zip(names, (make, install), strict=True):
            for line in _lines(shown, command, cwd):
                out.write(line)
                out.flush()
                if line.strip():
                    say(line.strip())
    return interpreter


def _lines(shown: str, command: Sequence[str], cwd: Path | None) -> Iterator[str]:
    """What a command says, as it says it. Raises NotBuilt where it fails; it and its children end with this."""
    yield f"$ {' '.join(command)}\n"
    try:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environ_of(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise NotBuilt(f"`{shown}` can't be started: {error}", begun=True) from error
    said: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() and "[notice]" not in line:
                said = [*said, line.rstrip()][-LAST_LINES:]
            yield line
        code = process.wait()
    finally:
        _end(process)
    if code:
        last = "\n".join(f"  {line}" for line in said) or "  (it said nothing)"
        raise NotBuilt(f"`{shown}` ended with exit code {code}:\n{last}", begun=True)


def _end(process: subprocess.Popen[str]) -> None:
    with suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        elif process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def find_python(version: str | None) -> tuple[str | None, list[str]]:
    """An interpreter of `version` (`3.12`; None: the session's own), or None; and where it was looked for."""
    if version is None or version == own_version():
        return sys.executable, []
    name = f"python{version}"
    searched = [f"{name} on PATH"]
    candidates = [path for path in [shutil.which(name)] if path]
    for root in _pyenv_roots():
        searched.append(f"pyenv ({root})")
        candidates += [str(path) for path in _pyenv_pythons(root, version)]
    for candidate in candidates:
        # Asked rather than believed: pyenv puts a name on PATH for versions that are not switched on.
        if _version([candidate]) == version:
            return candidate, searched
    if sys.platform == "win32":
        searched.append(f"py -{version}")
        found = _ask(["py", f"-{version}"], "import sys; print(sys.executable)")
        if found:
            return found, searched
    return None, searched


def _pyenv_roots() -> list[Path]:
    named = [PYENV_ROOT.get(), PYENV.get()]
    # A session may have another HOME than its user's; where the shims are, the versions are.
    shims = [entry for entry in (PATH.get() or "").split(os.pathsep) if Path(entry).name == "shims"]
    roots = [Path(each) for each in named if each] + [Path(entry).parent for entry in shims]
    with suppress(RuntimeError):  # no home folder
        roots.append(Path.home() / ".pyenv")
    return list(dict.fromkeys(root for root in roots if (root / "versions").is_dir()))


def _pyenv_pythons(root: Path, version: str) -> list[Path]:
    """Interpreters of `version` under pyenv, the highest patch release first."""
    folders = [path for path in (root / "versions").glob(f"{version}.*") if re.fullmatch(r"[\d.]+", path.name)]
    folders.sort(key=lambda path: [int(part) for part in path.name.split(".") if part], reverse=True)
    inside = ("python.exe",) if sys.platform == "win32" else ("bin", "python")
    return [folder.joinpath(*inside) for folder in folders]


def _version(command: list[str]) -> str | None:
    return _ask(command, "import sys; print('%d.%d' % sys.version_info[:2])")


def _ask(command: list[str], code: str) -> str | None:
    """What a Python prints, run on `code`; None where it can't be run."""
    try:
        done = subprocess.run(
            [*command, "-c", code], env=environ_of(), capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _find_uv() -> str | None:
    """uv on PATH, or beside the interpreter of the session, which need not be on it."""
    return shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
