"""A pre-push hook for git: it runs the smoke tests against the baseline and refuses the push if they fail."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pytest_modellab.core import git
from pytest_modellab.core.child import run_pytest

MARK = "# modellab pre-push hook"
KEPT = "pre-push.before-modellab"
"""The name that a hook found in our place is kept under; ours runs it first."""
SCREEN = 40
"""Lines of output that are shown at most."""
PYTEST = (
    *("-m", "smoke", "-q", "--no-header", "--tb=line", "--lab-card=short", "--lab-expect"),
    *("-p", "no:cacheprovider"),
)


class HookError(Exception):
    """The hook can't be installed; the message says why and what to do."""


@dataclass(frozen=True)
class Installed:
    """The path of the installed hook, and of the previous hook, if any."""

    path: Path
    kept: Path | None


def install(
    folder: Path,
    python: str = sys.executable,
    inconclusive: str | None = None,
    home: Path | None = None,
    configuration: Path | None = None,
) -> Installed:
    """Install the hook in the repository of `folder`, where git looks for hooks (core.hooksPath included).

    `home` is the folder that pytest is run from if it is inside, by default its top, where git runs hooks.
    `inconclusive` (`allow`, `fail`) is what a verdict that can't be reached does to a push; None: as the ini file says.
    `configuration` is pytest's configuration file; None: the one that pytest finds. A hook that is there already is
    kept under another name and run first; ours is replaced. Raises HookError.
    """
    hooks, (top, common) = hooks_folder(folder), _places(folder)
    if not any(hooks.resolve().is_relative_to(place) for place in (top, common)):
        raise HookError(
            f"core.hooksPath names {hooks}, outside this repository: a hook there would run in others, too. Give this"
            " one a folder of its own (`git config core.hooksPath .githooks`), or call `modellab hook run` from yours"
        )
    start = "."
    if home is not None and home.resolve().is_relative_to(top):
        start = home.resolve().relative_to(top).as_posix()
    named = None if configuration is None else Path(os.path.relpath(configuration.resolve(), top / start)).as_posix()
    path, kept = hooks / "pre-push", hooks / KEPT
    try:
        hooks.mkdir(parents=True, exist_ok=True)
        if path.exists() and MARK not in path.read_text(encoding="utf-8", errors="replace"):
            if kept.exists():
                raise HookError(f"{path} is not ours and {kept} exists already; put one of them away first")
            path.rename(kept)
        path.write_text(script(python, inconclusive, start, named), encoding="utf-8", newline="\n")
        path.chmod(0o755)
    except OSError as error:
        raise HookError(f"{path} can't be written: {error.strerror}") from error
    return Installed(path, kept if kept.exists() else None)


def uninstall(folder: Path) -> Installed | None:
    """Remove our hook, and put back what it found; None where there is none of ours. Raises HookError."""
    found = status(folder)
    if found is None:
        return None
    try:
        found.path.unlink()
        if found.kept is not None:
            found.kept.rename(found.path)
    except OSError as error:
        raise HookError(f"{found.path} can't be removed: {error.strerror}") from error
    return found


def status(folder: Path) -> Installed | None:
    """Our hook in the repository of `folder`; None where there is none. Raises HookError."""
    hooks = hooks_folder(folder)
    path, kept = hooks / "pre-push", hooks / KEPT
    if not path.is_file() or MARK not in path.read_text(encoding="utf-8", errors="replace"):
        return None
    return Installed(path, kept if kept.exists() else None)


def broken(installed: Installed) -> str | None:
    """Why an installed hook would stop every push or be passed over; None where it would do its work."""
    last = installed.path.read_text(encoding="utf-8", errors="replace").rstrip().splitlines()[-1]
    words = shlex.split(last)
    python = Path(words[1]) if len(words) > 1 and words[0] == "exec" else None
    if python is None:
        return "it was changed by hand"
    if not python.is_file():
        return f"its Python {python} is gone"
    if sys.platform != "win32" and not os.access(installed.path, os.X_OK):
        return "it is not executable, so git passes it over"
    return None


def script(python: str, inconclusive: str | None = None, start: str = ".", configuration: str | None = None) -> str:
    """The hook: what stood there before first, with git's own arguments and input, then the smoke tests."""
    # git-for-Windows runs hooks by its own sh, which takes forward slashes.
    command = shlex.quote(Path(python).as_posix())
    policy = "" if inconclusive is None else f" --inconclusive {inconclusive}"
    named = "" if configuration is None else f" -c {shlex.quote(configuration)}"
    enter = "" if start == "." else f"cd {shlex.quote(start)} || exit\n"
    return f"""#!/bin/sh
{MARK}: `modellab hook install` writes it again, `modellab hook uninstall` removes it.
before="$(dirname "$0")/{KEPT}"
if [ -x "$before" ]; then
    "$before" "$@" || exit $?
fi
{enter}exec {command} -m pytest_modellab.cli{named} hook run{policy} </dev/null
"""


def hooks_folder(folder: Path) -> Path:
    """Where git looks for the hooks of the repository that `folder` is in. Raises HookError outside one."""
    try:
        # Relative to where git ran.
        return folder / git.output(folder, "rev-parse", "--git-path", "hooks")
    except git.GitError as error:
        raise HookError(f"{folder} is in no git repository ({error}); run it inside one") from None


def _places(folder: Path) -> tuple[Path, Path]:
    """The top of the repository that `folder` is in, and where git keeps what its worktrees share."""
    top, common = (
        git.told(folder, "rev-parse", "--path-format=absolute", option) or ""
        for option in ("--show-toplevel", "--git-common-dir")
    )
    return Path(top).resolve(), Path(common).resolve()


def run(folder: Path, inconclusive: str | None = None) -> int:
    """Run the smoke tests; pytest's own exit code, of which only 0 lets the push go on. `inconclusive`: see install.

    Prints a screen at most: the end of pytest's output, where failures and the scorecard stand. A tree that differs
    from its commit is named: what is tested is the tree, not what is pushed.
    """
    changed = git.told(folder, "status", "--porcelain", "--untracked-files=no")
    dirty = (changed or "").splitlines()
    policy = [] if inconclusive is None else [f"--lab-inconclusive={inconclusive}"]
    with tempfile.TemporaryFile() as output:
        ended = run_pytest([*PYTEST, *policy], folder, output)
        output.seek(0)
        lines = output.read().decode(errors="replace").rstrip().splitlines()
    if len(lines) > SCREEN:
        print(f"... {len(lines) - SCREEN} lines more: pytest -m smoke shows them")
    print("\n".join(lines[-SCREEN:]))
    if dirty:
        print(f"modellab: tested with {len(dirty)} uncommitted changes, which are not pushed: {_few(dirty)}")
    if changed is None:
        print("modellab: whether there are uncommitted changes, which are not pushed, isn't known: git status failed")
    if ended:
        why = _EXIT_CODES.get(ended, f"pytest ended with {ended}")
        print(f"modellab: push stopped: {why}. `git push --no-verify` pushes all the same.")
    return ended


_EXIT_CODES = {
    1: "tests or gates failed",
    2: "pytest was interrupted, or a test could not be collected",
    3: "pytest failed inside",
    4: "the catalog or pytest's options are wrong",
    5: "no test was selected, so nothing was checked",
}


def _few(status: list[str]) -> str:
    names = [line[3:] for line in status[:3]]
    return ", ".join(names) + (", ..." if len(status) > len(names) else "")
