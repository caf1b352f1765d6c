"""Facts about sound files, found once for each content and kept per user: lengths, and that a file decodes whole."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import Any

from pytest_modellab.core import kept_json
from pytest_modellab.core.user_cache import cache_root

FOLDER = "sounds"

# Counted up whenever a file that was good may no longer be, so that all are looked at again.
VERSION = 1


class SoundFacts:
    """JSON values by what identifies a recording. Losing one costs no more than finding it again."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, Any]] = {}
        """By the beginning of the key, as they are stored."""
        self._found: dict[str, dict[str, Any]] = {}

    def of(self, *what: Any) -> Any:
        """What is known of `what`, JSON values; None for nothing."""
        key = _key(what)
        return self._part(key).get(key)

    def keep(self, value: Any, *what: Any) -> None:
        """Note a value of `what`, to be stored by `save`."""
        key = _key(what)
        self._part(key)[key] = value
        self._found.setdefault(key[:2], {})[key] = value

    def save(self) -> None:
        """Store what was found, beside what others have. A cache that can't be written is done without."""
        for name, found in self._found.items():
            with suppress(OSError):
                kept_json.write(self._place(name), {**self._read(name), **found})
        self._found = {}

    def _part(self, key: str) -> dict[str, Any]:
        name = key[:2]
        if name not in self._known:
            self._known[name] = self._read(name)
        return self._known[name]

    def _read(self, name: str) -> dict[str, Any]:
        found = kept_json.read(self._place(name))
        return found if isinstance(found, dict) else {}

    @staticmethod
    def _place(name: str) -> Any:
        return cache_root() / FOLDER / f"{name}.json"


def _key(what: tuple[Any, ...]) -> str:
    return hashlib.sha256(json.dumps([VERSION, *what]).encode()).hexdigest()
