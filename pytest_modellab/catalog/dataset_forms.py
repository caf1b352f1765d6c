"""Forms of data sets, which read utterances from one kind of source: entry points of `modellab.dataset_forms`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Protocol

from pytest_modellab.core.extensions import Extensions


class FormKind(Protocol):
    """The part of a form that specs use; `datasets.form.DatasetForm` is the whole protocol."""

    Options: ClassVar[type]
    goes_with: ClassVar[frozenset[str]]
    speech: ClassVar[bool]
    item: ClassVar[str]
    stored: ClassVar[bool]

    def check(self, spec: Any, given: Any) -> None: ...

    def mistakes(self, spec: Any, given: Any) -> Iterable[tuple[tuple[str | int, ...], str]]: ...

    def read(self, spec: Any, given: Any, access: Any) -> tuple[Any, ...]: ...

    def summary(self, given: Any) -> str: ...


FORMS: Extensions[FormKind] = Extensions("modellab.dataset_forms")

KEYS: Mapping[str, str] = {
    "archives": "`archives` go",
    "audio_root": "`audio_root` goes",
    "channel": "`channel` goes",
    "speaker": "`speaker` of a whole set goes",
    "kind": "`kind` of a whole set goes",
    "voice": "`voice` and `graded_by` go",
    "graded_by": "`voice` and `graded_by` go",
}
"""The keys that only some forms take -> how a message about one begins."""


def own_form(name: str) -> bool:
    """Whether a form is of the catalog, and so a key of the YAML file rather than one below `form`.

    A task's own forms stand below `form`, as those of other packages do.
    """
    return name in FORMS and FORMS.place_of(name).startswith(f"{__package__}.")


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
