"""The case of a record by its file's name: enough to tell cases apart without opening it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

_NAME = re.compile(r"\d{8}T\d{9}-(?P<where>.+)-[0-9a-f]{8}\.json")

CaseName = tuple[str, str, str]
"""Task, model and `device-dataset`."""


def case_named(path: Path) -> CaseName:
    """The case that the path of a record names."""
    named = _NAME.fullmatch(path.name)
    return path.parent.name, path.parent.parent.name, named["where"] if named else path.name


def may_match(name: CaseName, globs: Sequence[str]) -> bool:
    """Whether a record of that name can be of a case that matches any of `globs`, all for []."""
    task, model, where = name
    # Ids have hyphens, too: the device may end at any.
    ids = [f"{model}:{where[:i]}:{where[i + 1 :]}" for i, character in enumerate(where) if character == "-"]
    return (
        not globs
        or not ids
        or any(fnmatchcase(each, glob) for id in ids for each in (id, f"{task}/{id}") for glob in globs)
    )
