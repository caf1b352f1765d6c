"""pip's configuration, read without importing pip into this process."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from tempfile import TemporaryFile

from pytest_modellab.core.variables import PIP_INDEX_URL

from .errors import SourceFailed
from .web import Access

_DEFAULT_INDEX = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"


@dataclass(frozen=True, slots=True)
class PipSettings:
    """The settings of `pip download` that decide where packages come from."""

    indexes: tuple[str, ...]
    """Simple-API URLs in pip's order; a password may stand in them, so never print them as they are."""
    find_links: bool
    """Whether pip also looks in folders or pages of its own."""
    access: Access


class PipMissing(SourceFailed):
    """The interpreter has no pip, as in environments made by uv."""

    def __init__(self) -> None:
        super().__init__(
            f"pip is not installed for {sys.executable}; install it there "
            "(`python -m ensurepip`, or `uv pip install pip`)"
        )


def run_python(
    *arguments: str, environment: Mapping[str, str] | None = None, on_line: Callable[[str], object] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run this interpreter, with no module of the working directory in its way.

    `on_line` is given each line of its output as it comes; without it the result has the output.

    Raises PipMissing where it was asked for pip and has none, SourceFailed where it cannot be started.
    """
    try:
        with TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
            with subprocess.Popen(
                [sys.executable, *arguments],
                env={**os.environ, **(environment or {}), "PYTHONSAFEPATH": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                errors="replace",
            ) as process:
                assert process.stdout is not None
                said: list[str] = []
                for line in process.stdout:
                    (on_line or said.append)(line)
            errors.seek(0)
            done = subprocess.CompletedProcess(arguments, process.returncode, "".join(said), errors.read())
    except OSError as error:
        raise SourceFailed(f"{sys.executable or 'the interpreter'} cannot be started ({error})") from error
    if done.returncode and re.search(r"No module named '?pip'?\s*$", done.stderr):
        raise PipMissing
    return done


def last_lines(text: str, count: int = 3) -> str:
    """The end of a program's error output on one line, without pip's notices about itself."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and "[notice]" not in line]
    return " / ".join(lines[-count:]) or "no message"


def _listed() -> dict[str, str]:
    listing = run_python("-m", "pip", "config", "list")
    if listing.returncode:
        raise SourceFailed(f"`pip config list` failed: {last_lines(listing.stderr)}")
    found: dict[str, str] = {}
    for line in listing.stdout.splitlines():
        key, _, quoted = line.partition("=")
        try:
            found[key] = str(ast.literal_eval(quoted))
        except (SyntaxError, ValueError):
            continue
    return found


def _setting(name: str, listed: Mapping[str, str], sections: Sequence[str]) -> str:
    # The order of `pip download`; the section of `pip install` is last, for those who configured only that.
    from_environment = os.environ.get("PIP_" + name.upper().replace("-", "_"))
    if from_environment:
        return from_environment
    return next((listed[f"{section}.{name}"] for section in sections if listed.get(f"{section}.{name}")), "")


def read_settings() -> PipSettings:
    """Ask the environment, then pip's configuration files, then pip itself.

    Raises SourceFailed where no index can be told: pip is missing and PIP_INDEX_URL is not set.
    """
    try:
        listed = _listed()
    except PipMissing as error:
        if not PIP_INDEX_URL.get():
            raise SourceFailed(f"{error}, or set PIP_INDEX_URL") from error
        listed = {}

    def setting(name: str) -> str:
        return _setting(name, listed, ("download", "global", "install"))

    access = Access(proxy=setting("proxy") or None, certificates=setting("cert") or None)
    indexes: tuple[str, ...] = ()
    if setting("no-index").lower() not in ("1", "true", "yes", "on"):
        main = setting("index-url") or _default_index()
        indexes = tuple(dict.fromkeys([*main.split(), *setting("extra-index-url").split()]))
    return PipSettings(indexes, bool(setting("find-links")), access)


def _default_index() -> str:
    asked = run_python("-c", _DEFAULT_INDEX)
    if asked.returncode or not asked.stdout.strip():
        raise SourceFailed(f"this pip does not state its default index ({last_lines(asked.stderr)}); set PIP_INDEX_URL")
    return asked.stdout.strip()
