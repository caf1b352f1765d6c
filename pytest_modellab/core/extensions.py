"""Extensions of installed packages: the objects of one entry-point group, by name."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

T = TypeVar("T")


def installed(group: str) -> list[EntryPoint]:
    """The entry points of a group, as `importlib.metadata` finds them; what is installed is looked up once."""
    return list(_installed(*_path()).select(group=group))


def installed_groups() -> list[str]:
    """The groups that are for this package, sorted."""
    return sorted(group for group in _installed(*_path()).groups if group.startswith("modellab."))


def _path() -> tuple[tuple[str, ...], str]:
    """Where modules are looked for, which is added to while a process runs; "" in it is the working directory."""
    return tuple(sys.path), os.getcwd() if "" in sys.path else ""  # noqa: PTH109 - a string is asked for


@lru_cache(maxsize=2)
def _installed(path: tuple[str, ...], folder: str) -> Any:
    return entry_points()


class ExtensionError(Exception):
    """An extension that can't be used; the message names its package."""


class Extensions(Mapping[str, T], Generic[T]):
    """The objects of an entry-point group, by the names of their entry points.

    Each is imported when it is first asked for; sorting with `order` imports all of them.
    """

    def __init__(self, group: str, *, order: Callable[[T], Any] | None = None) -> None:
        self.group = group
        self._order = order
        self._loaded: dict[str, T] = {}

    @cached_property
    def _entries(self) -> dict[str, EntryPoint]:
        found: dict[str, EntryPoint] = {}
        for entry in installed(self.group):
            known = found.setdefault(entry.name, entry)
            if known.value != entry.value:
                both = f"{_package(known)} and {_package(entry)}"
                raise ExtensionError(f"two entry points of {self.group} are named `{entry.name}`: of {both}")
        return found

    def place_of(self, name: str) -> str:
        """`module:attribute` of one. Raises KeyError."""
        return self._entries[name].value

    def __getitem__(self, name: str) -> T:
        if name not in self._loaded:
            entry = self._entries[name]
            try:
                self._loaded[name] = entry.load()
            except Exception as error:  # whatever a module raises while it is imported
                what = f"{_package(entry)}: {entry.value}, `{name}` of {self.group}, can't be imported"
                raise ExtensionError(f"{what}: {type(error).__name__}: {error}") from error
        return self._loaded[name]

    @cached_property
    def _names(self) -> tuple[str, ...]:
        if self._order is None:
            return tuple(sorted(self._entries))
        order = self._order
        return tuple(sorted(self._entries, key=lambda name: (order(self[name]), name)))

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.value
