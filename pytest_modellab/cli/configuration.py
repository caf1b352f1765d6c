"""pytest's configuration for the current folder, by pytest's own search, without starting pytest."""

from __future__ import annotations

import argparse
import inspect
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_modellab.core.variables import PYTEST_ADDOPTS

from .exits import UsageError


@dataclass(frozen=True)
class Configuration:
    """The configuration file, the folder that its paths are relative to, and its settings."""

    file: Path | None
    """None where pytest finds none."""
    base: Path
    """The file's folder; without a file pytest's rootdir."""
    settings: Mapping[str, str | list[str]]

    def text(self, name: str) -> str | None:
        """A setting as one string, words of a list quoted as in a shell; None where it isn't set."""
        value = self.settings.get(name)
        return shlex.join(value) if isinstance(value, list) else value

    def flag(self, name: str) -> bool:
        """A yes or no of pytest's, yes unless the file has another word for it."""
        return (self.text(name) or "").strip().lower() not in {"n", "no", "f", "false", "off", "0"}

    def words(self, name: str) -> list[str]:
        value = self.settings.get(name) or []
        return value if isinstance(value, list) else shlex.split(value)

    def path(self, name: str, default: str) -> Path:
        """A setting that is a path relative to the file."""
        return self.base / (self.text(name) or default)


def configuration(folder: Path | None = None) -> Configuration:
    """The configuration of a session started in `folder`, by default the current one. Raises UsageError.

    The options `-c`, `--rootdir` and `-o` of PYTEST_ADDOPTS count, as they do in a session. Test files named there
    don't: they are no choice for every command.
    """
    given = _given(PYTEST_ADDOPTS.get() or "")
    overriding = [_pair(each) for each in given.override_ini]
    found = _search(folder or Path.cwd(), given)
    if found is None:
        from importlib.metadata import version

        raise UsageError(
            f"how pytest {version('pytest')} finds its configuration is not known to this version of modellab:"
            " name the folders by --catalog DIR and --reports DIR"
        )
    root, file, settings = found
    # Since pytest 9 a value bears where it came from.
    plain = {name: getattr(value, "value", value) for name, value in settings.items()}
    return Configuration(
        file=file,
        base=root if file is None else file.parent,
        settings={name: _as_text(value) for name, value in {**plain, **dict(overriding)}.items()},
    )


@contextmanager
def chosen(file: Path | None) -> Iterator[None]:
    """Let a configuration file be the one of this command, and of every session of pytest that it starts."""
    if file is None:
        yield
        return
    before = PYTEST_ADDOPTS.get()
    # The last one counts.
    words = [*([before] if before else []), "-c", shlex.quote(str(file.absolute()))]
    PYTEST_ADDOPTS.put(" ".join(words))
    try:
        yield
    finally:
        PYTEST_ADDOPTS.put(before)


def _search(folder: Path, given: argparse.Namespace) -> tuple[Path, Path | None, Mapping[str, Any]] | None:
    """Root folder, configuration file and its settings; None where pytest's search isn't as we know it."""
    try:
        from _pytest.config.exceptions import UsageError as Refused
        from _pytest.config.findpaths import determine_setup
        from _pytest.outcomes import Failed
    except ImportError:
        return None
    # `override_ini` came with pytest 9; overriding is done here.
    known: dict[str, Any] = {
        "inifile": given.config_file,
        "override_ini": (),
        "args": [],
        "rootdir_cmd_arg": given.rootdir,
        "invocation_dir": folder,
    }
    wanted = inspect.signature(determine_setup).parameters
    if not {"inifile", "args", "rootdir_cmd_arg", "invocation_dir"} <= {*wanted} <= {*known}:
        return None
    try:
        found = determine_setup(**{name: known[name] for name in wanted})
    except (Refused, Failed, OSError, ValueError) as error:
        raise UsageError(f"pytest can't read its configuration: {error}") from None
    return found[0], found[1], found[2]


def _given(options: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("-c", "--config-file")
    parser.add_argument("--rootdir")
    parser.add_argument("-o", "--override-ini", action="append", default=[])
    # Short options without a value, which may stand before another in one word: `-vc FILE`.
    parser.add_argument("-v", "-q", "-s", "-x", "-l", action="count")
    try:
        return parser.parse_known_args(shlex.split(options))[0]
    except (argparse.ArgumentError, ValueError) as error:
        raise UsageError(f"{PYTEST_ADDOPTS.name}={options!r} can't be read: {error}") from None


def _pair(override: str) -> tuple[str, str]:
    name, equals, value = override.partition("=")
    if not equals:
        raise UsageError(f"{PYTEST_ADDOPTS.name}: -o takes NAME=VALUE, found `{override}`")
    return name, value


def _as_text(value: object) -> str | list[str]:
    return [str(each) for each in value] if isinstance(value, list) else str(value)
