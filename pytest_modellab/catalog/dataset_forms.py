"""The forms of a data set: where its utterances come from. Each is an entry point of `modellab.dataset_forms`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from pytest_modellab.core.extensions import Extensions

if TYPE_CHECKING:
    from .dataset_specs import DatasetSpec
    from .datasets.access import DatasetAccess
    from .datasets.utterance import Utterance

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
    """Which of the keys in `KEYS` may stand beside it."""
    speech: ClassVar[bool] = True
    """Whether somebody may speak in it, so that `glossary` and `names` go with it."""
    item: ClassVar[str] = "clip"
    """What one of several things listed under the key is called."""

    def check(self, spec: DatasetSpec, given: G) -> None:
        """Raise ValueError where the rest of the file doesn't fit."""

    def mistakes(self, spec: DatasetSpec, given: G) -> Iterator[tuple[Location, str]]:
        """Where below the key something is wrong that the whole file shows, and what."""
        yield from ()

    def read(self, spec: DatasetSpec, given: G, access: DatasetAccess) -> tuple[Utterance, ...]:
        """The utterances, in an order that never changes.

        Raises store.Unavailable where something can't be had, and DatasetError where the data are wrong.
        """
        raise NotImplementedError

    def summary(self, given: G) -> str:
        """Where a set comes from, in a word or two."""
        return ""


FORMS: Extensions[DatasetForm[Any]] = Extensions("modellab.dataset_forms")

KEYS: Mapping[str, str] = {
    "archives": "`archives` go",
    "audio_root": "`audio_root` goes",
    "speaker": "`speaker` of a whole set goes",
    "kind": "`kind` of a whole set goes",
    "voice": "`voice` and `graded_by` go",
    "graded_by": "`voice` and `graded_by` go",
}
"""The keys that only some forms take -> how a message about one begins."""


def own_form(name: str) -> bool:
    """Whether a form is of this package, and so a key of the YAML file rather than one below `form`."""
    return name in FORMS and FORMS.place_of(name).startswith("pytest_modellab.")


def misplaced(name: str, given: Sequence[str]) -> str | None:
    """Why one of the keys that are `given` doesn't go with the form; None where all do."""
    for key, beginning in KEYS.items():
        if key in given and key not in FORMS[name].goes_with:
            *others, last = [f"`{each}`" for each in FORMS if key in FORMS[each].goes_with]
            takers = f"{', '.join(others)} or {last}" if others else last
            return f"{beginning} with {takers}, not with `{name}`"
    if not FORMS[name].speech and {"glossary", "names"} & set(given):
        return f"`glossary` and `names` go with speech, not with `{name}`"
    return None
