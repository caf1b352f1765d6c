"""The draft of a data set's file: what was recognised of recordings, with paths relative to the file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .base import Tier
from .datasets.recognise import Recognised


@dataclass(frozen=True)
class DataDraft:
    """The answers about the data set so far."""

    id: str
    language: str | None
    tiers: Sequence[Tier]
    found: Recognised


def dataset_text(draft: DataDraft, folder: Path, head: Sequence[str] = ()) -> str:
    """The YAML of a data set whose file lies in `folder`; `head` are lines of comment before it."""
    keys: dict[str, Any] = {
        "schema": "modellab.dataset/1",
        "id": draft.id,
        "tasks": ["asr"],
        "tiers": list(draft.tiers),
        **({} if draft.language is None else {"language": draft.language}),
        **_relative(draft.found.keys, folder),
    }
    return _text(keys, head)


def subset_text(id: str, source: str, language: str | None, take: int, head: Sequence[str] = ()) -> str:
    """The YAML of a subset for the quick runs."""
    keys = {
        "schema": "modellab.dataset/1",
        "id": id,
        "tasks": ["asr"],
        "tiers": ["smoke"],
        **({} if language is None else {"language": language}),
        "derive": {"from": source, "take": take},
    }
    return _text(keys, head)


def _text(keys: Mapping[str, Any], head: Sequence[str]) -> str:
    """The keys as YAML: a list on one line, a mapping on a line for each of its own."""
    lines = [f"{line}\n" for line in head]
    for key, value in keys.items():
        if isinstance(value, list):
            lines.append(f"{key}: {yaml.safe_dump(value, default_flow_style=True, width=1000)}")
        else:
            lines.append(yaml.safe_dump({key: value}, sort_keys=False, allow_unicode=True, width=1000))
    return "".join(lines)


def _relative(value: Any, folder: Path) -> Any:
    """A value with its paths as they are written in a file in `folder`."""
    if isinstance(value, Mapping):
        return {key: _relative(each, folder) for key, each in value.items()}
    return Path(os.path.relpath(value, folder)).as_posix() if isinstance(value, Path) else value
