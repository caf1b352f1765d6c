"""A safe YAML reader that keeps the line of every key and value and refuses duplicate keys."""

from __future__ import annotations

import stat
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.reader import ReaderError

from .base import MAX_BYTES
from .errors import Problem

# libyaml's loader is some ten times quicker; PyYAML is not always built with it.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Aliases share nodes: a short file can stand for billions of values, or for itself.
MAX_VALUES = 100_000
MAX_DEPTH = 40
_TOO_MUCH = f"more than {MAX_VALUES} values or {MAX_DEPTH} levels; does an alias (`*name`) stand inside itself?"

# A text that can't nest deeply enough to overflow the parser's stack, by far.
_SHALLOW_CHARACTERS = 10_000

_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq")
)

Location = tuple[Hashable, ...]


@dataclass
class Document:
    """One YAML file: its plain data, and the line on which each location in it starts."""

    path: Path
    data: Any = None
    lines: dict[Location, int] = field(default_factory=dict)
    written: dict[Location, str] = field(default_factory=dict)
    """Plain values that are not text, as they stand in the file: `no`, `12:30`, `007`."""
    problems: list[Problem] = field(default_factory=list)

    def line(self, location: Sequence[Hashable]) -> int:
        """The line of `location`, or of the nearest known place above it."""
        known: Location = ()
        for part in location:
            if (*known, part) in self.lines:
                known = (*known, part)
        return self.lines.get(known, 1)

    @property
    def is_ours(self) -> bool:
        """Whether it says that it is part of a catalog."""
        return isinstance(self.data, dict) and str(self.data.get("schema")).startswith("modellab.")

    def problem(self, location: Sequence[Hashable], message: str) -> Problem:
        return Problem(self.path, self.line(location), message)


def read(path: Path) -> Document:
    """Read one YAML file; what is wrong with it stands in `problems`, never in an exception."""
    document = Document(path)
    data = b""
    try:
        if (why := _unreadable(path)) is not None:
            document.problems.append(Problem(path, 1, why))
            return document
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        text = data.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        document.problems.append(Problem(path, line, "not UTF-8 text; save the file as UTF-8"))
        return document
    except OSError as error:
        document.problems.append(Problem(path, 1, f"can't be read: {error.strerror}"))
        return document
    try:
        document.data = _parse(text, document)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = " ".join(part for part in (error.context, error.problem) if part)
        # A newer libyaml has a bound on nesting of its own.
        told = _TOO_MUCH if "nesting depth" in message else f"not valid YAML: {message}"
        document.problems.append(Problem(path, mark.line + 1 if mark else 1, told))
    except ReaderError as error:
        # A code point in pure Python, its text in libyaml; the position counts characters or bytes.
        position = text.find(character) if (character := chr(_code(error))) in text else 0
        message = f"not valid YAML: the control character U+{_code(error):04X}; remove it"
        document.problems.append(Problem(path, text[:position].count("\n") + 1, message))
    except _Refused as error:
        document.problems.append(Problem(path, error.line, str(error)))
    except RecursionError:
        document.problems.append(Problem(path, 1, _TOO_MUCH))
    return document


def _unreadable(path: Path) -> str | None:
    """Why a file isn't even opened; None where it may be. Raises OSError."""
    if path.is_symlink() and not path.exists():
        return f"a link that leads nowhere, to {path.readlink()}; remove it, or put the file there"
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        return "no regular file: a catalog is read from files, never from a pipe, a device or a folder"
    if found.st_size > MAX_BYTES:
        return f"{found.st_size / 1e6:.1f} MB; a file of a catalog has at most {MAX_BYTES / 1e6:g} MB"
    return None


class _Refused(Exception):
    """Valid YAML that a catalog doesn't accept."""

    def __init__(self, node: Any, message: str) -> None:
        super().__init__(message)
        self.line: int = node.start_mark.line + 1


def _parse(text: str, document: Document) -> Any:
    if len(text) > _SHALLOW_CHARACTERS:
        _check_depth(text)
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        return None if node is None else _Builder(loader, document).build(node, (), 0)
    finally:
        loader.dispose()


def _check_depth(text: str) -> None:
    """Refuse nesting that would overflow the stack of libyaml's composer, which is a crash of the process."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise _Refused(event, _TOO_MUCH)


def _code(error: ReaderError) -> int:
    return error.character if isinstance(error.character, int) else ord(error.character)


class _Builder:
    def __init__(self, loader: Any, document: Document) -> None:
        self.loader = loader
        self.document = document
        self.count = 0

    def build(self, node: Any, location: Location, depth: int) -> Any:
        self.count += 1
        if self.count > MAX_VALUES or depth > MAX_DEPTH:
            raise _Refused(node, _TOO_MUCH)
        if node.tag not in _PLAIN_TAGS:
            raise _Refused(node, _refusal(node))
        self.document.lines.setdefault(location, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, location, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*location, i), depth + 1) for i, item in enumerate(node.value)]
        value = self._scalar(node)
        if not isinstance(value, str):
            self.document.written[location] = node.value
        return value

    def _scalar(self, node: Any) -> Any:
        try:
            return self.loader.construct_object(node)
        except (ValueError, KeyError):
            message = f"can't make sense of `{shorten(node.value)}`; put it in quotes if it is text"
            raise _Refused(node, message) from None

    def _mapping(self, node: Any, location: Location, depth: int) -> dict[Hashable, Any]:
        result: dict[Hashable, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise _Refused(key_node, "a key must be plain text")
            if key_node.tag not in _PLAIN_TAGS:
                raise _Refused(key_node, _refusal(key_node))
            # No key of ours is anything but text: `on`, `no` and `1` are taken as they are written.
            key: Hashable = key_node.value
            place = (*location, key)
            if key in result:
                first = self.document.lines[place]
                message = f"duplicate key `{key}` (first on line {first}); keep one"
                self.document.problems.append(Problem(self.document.path, line, message))
                continue
            self.document.lines[place] = line
            result[key] = self.build(value_node, place, depth + 1)
        return result


def _refusal(node: Any) -> str:
    if node.tag == "tag:yaml.org,2002:merge":
        return "`<<` (merging) is not supported; write the keys out"
    if node.tag == "tag:yaml.org,2002:value":
        return "a lone `=` has a meaning of its own in YAML; put it in quotes"
    return f"the tag `{node.tag.replace('tag:yaml.org,2002:', '!!')}` is not allowed; write plain values"


def shorten(text: str) -> str:
    """A value for a message: on one line, sixty characters at most."""
    shown = text if text.isprintable() else text.encode("unicode_escape").decode()
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
