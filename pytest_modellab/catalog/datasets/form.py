"""A form of data sets: where utterances come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

if TYPE_CHECKING:
    from ..specs import DatasetSpec
    from .access import DatasetAccess
    from .utterance import Utterance

G = TypeVar("G")
Location = tuple[str | int, ...]


@dataclass(frozen=True)
class NoOptions:
    """The options of a form that has none."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}


class DatasetForm(Generic[G]):
    """A form of data sets; the name of its entry point is its key in the YAML file.

    `given` is what the file says under that key: of a form of this package a field of DatasetSpec, of any other form
    an object of its `Options`.
    """

    Options: ClassVar[type] = NoOptions
    """A frozen dataclass, or a pydantic model: what `form: {name: {...}}` may hold. Not of this package's own."""
    goes_with: ClassVar[frozenset[str]] = frozenset()
    """Which of the keys in `dataset_forms.KEYS` may stand beside it."""
    speech: ClassVar[bool] = True
    """Whether somebody may speak in it, so that `glossary` and `names` go with it."""
    item: ClassVar[str] = "clip"
    """What one of several things listed under the key is called."""
    stored: ClassVar[bool] = False
    """Whether it keeps audio in the cache, beside archives and what is remote."""

    def check(self, spec: DatasetSpec, given: G) -> None:
        """Raise ValueError where the rest of the file doesn't fit."""

    def mistakes(self, spec: DatasetSpec, given: G) -> Iterator[tuple[Location, str]]:
        """Where below the key something is wrong that the whole file shows, and what."""
        yield from ()

    def read(self, spec: DatasetSpec, given: G, access: DatasetAccess) -> Sequence[Utterance]:
        """The utterances, in an order that never changes.

        Raises store.Unavailable where something can't be had, and DatasetError where the data are wrong.
        """
        raise NotImplementedError

    def summary(self, given: G) -> str:
        """Where a set comes from, in a word or two."""
        return ""
