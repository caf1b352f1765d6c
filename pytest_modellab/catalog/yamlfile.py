"""YAML read safely, with the line of every key and value, duplicate keys refused."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .errors import Problem

# libyaml's loader is some ten times quicker; PyYAML is not always built with it.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Aliases share nodes: a short file can stand for billions of values, or for itself.
MAX_VALUES = 100_000
MAX_DEPTH = 40

Location = tuple[Hashable, ...]


@dataclass
class Document:
    """One YAML file: its plain data, and the line on which each location in it starts."""

    path: Path
    data: Any = None
    lines: dict[Location, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, location: Sequence[Hashable]) -> int:
        """The line of `location`, or of the nearest known place above it."""
        known: Location = ()
        for part in location:
            if (*known, part) in self.lines:
                known = (*known, part)
        return self.lines.get(known, 1)

    def problem(self, location: Sequence[Hashable], message: str) -> Problem:
        return Problem(self.path, self.line(location), message)


def read(path: Path) -> Document:
    """Read one YAML file; what is wrong with it stands in `problems`, never in an exception."""
    document = Document(path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        document.problems.append(Problem(path, line, "not UTF-8 text; save the file as UTF-8"))
        return document
    except OSError as error:
        document.problems.append(Problem(path, 1, f"can't be read: {error.strerror}"))
        return document
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is not None:
            document.data = _Builder(loader, document).build(node, (), 0)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = " ".join(part for part in (error.context, error.problem) if part)
        document.problems.append(Problem(path, mark.line + 1 if mark else 1, f"not valid YAML: {message}"))
    except yaml.YAMLError as error:
        document.problems.append(Problem(path, 1, f"not valid YAML: {error}"))
    finally:
        loader.dispose()
    return document


class _Builder:
    def __init__(self, loader: Any, document: Document) -> None:
        self.loader = loader
        self.document = document
        self.count = 0

    def build(self, node: Any, location: Location, depth: int) -> Any:
        self.count += 1
        if self.count > MAX_VALUES or depth > MAX_DEPTH:
            raise yaml.MarkedYAMLError(
                problem=f"more than {MAX_VALUES} values or {MAX_DEPTH} levels (aliases that nest?)",
                problem_mark=node.start_mark,
            )
        self.document.lines.setdefault(location, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, location, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*location, i), depth + 1) for i, item in enumerate(node.value)]
        return self.loader.construct_object(node)

    def _mapping(self, node: Any, location: Location, depth: int) -> dict[Hashable, Any]:
        result: dict[Hashable, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key must be plain text", problem_mark=key_node.start_mark)
            key: Hashable = self.loader.construct_object(key_node)
            place = (*location, key)
            if key in result:
                first = self.document.lines[place]
                message = f"duplicate key `{key}` (first on line {first}); keep one"
                self.document.problems.append(Problem(self.document.path, line, message))
                continue
            self.document.lines[place] = line
            result[key] = self.build(value_node, place, depth + 1)
        return result
