"""What installed packages add by entry points: the objects of one group, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class ExtensionError(Exception):
    """What a package adds can't be used; the text names the package."""


class Extensions(Mapping[str, T], Generic[T]):
    """The objects of an entry-point group, by the names of their entry points.

    Nothing is imported until one is asked for; `order` sorts them, and has all of them imported.
    """

    def __init__(self, group: str, *, order: Callable[[T], Any] | None = None) -> None:
        self.group = group
        self._order = order
        self._loaded: dict[str, T] = {}

    @cached_property
    def _entries(self) -> dict[str, EntryPoint]:
        found: dict[str, EntryPoint] = {}
        for entry in entry_points(group=self.group):
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
            return tuple(self._entries)
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
