"""Wheels, downloaded by pip, which runs no code of theirs."""

import subprocess
import sys
from pathlib import Path

from .errors import SourceFailed
from .pipconfig import PipSettings, last_lines, run_python
from .web import why_unreachable


def download_wheel(requirement: str, folder: Path, settings: PipSettings, bars: bool) -> Path:
    """Download the wheel of `name==version` into `folder`, which must be empty, and give its path.

    Raises SourceFailed with the end of pip's message, or where no index answers.
    """
    options, environment = _around_dead_indexes(settings)
    done = run_python(
        *("-m", "pip", "download", "--only-binary", ":all:", "--no-deps", "-d", str(folder)),
        # Members are only read, so which interpreter the wheel is for does not matter.
        *("--ignore-requires-python", "--no-input", "--disable-pip-version-check", *options, requirement),
        environment=environment,
        stdout=_terminal() if bars else subprocess.DEVNULL,
    )
    if done.returncode:
        raise SourceFailed(f"pip download: {last_lines(done.stderr)}")
    wheel = next(folder.glob("*.whl"), None)
    if wheel is None:
        raise SourceFailed("pip download left no wheel")
    return wheel


def _around_dead_indexes(settings: PipSettings) -> tuple[list[str], dict[str, str]]:
    """Options and variables that keep pip from retrying hosts known to be dead."""
    verdicts = {url: why_unreachable(url, settings.access) for url in settings.indexes}
    alive = [url for url, reason in verdicts.items() if reason is None]
    if len(alive) == len(verdicts):
        return [], {}
    if not alive and settings.find_links:
        return ["--no-index"], {}
    if not alive:
        raise SourceFailed("; ".join(reason for reason in verdicts.values() if reason))
    # By environment, not by option: passwords stay out of the process list. pip ignores an empty variable, so
    # the second one repeats the first rather than let a configured dead index through.
    return [], {"PIP_INDEX_URL": alive[0], "PIP_EXTRA_INDEX_URL": " ".join(alive)}


def _terminal() -> int:
    """Where pip may draw its bar: our stderr, if it is a real file."""
    try:
        return sys.stderr.fileno()
    except (OSError, ValueError):
        return subprocess.DEVNULL
