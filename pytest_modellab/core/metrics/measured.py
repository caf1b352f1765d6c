"""Protocols of a run and its utterances: the fields of a record that a metric may read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from ..text import TextRules

T = TypeVar("T")


class HasParts(Protocol):
    """An utterance or a run with its task-specific parts, by task."""

    @property
    def parts(self) -> Mapping[str, Any]: ...


class Batch(Protocol):
    """The batch in which an utterance was answered."""

    @property
    def first(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def longest_s(self) -> float: ...


class Row(Protocol):
    """One utterance of a record: raw texts, times, attributes, and its part of each task."""

    @property
    def id(self) -> str: ...
    @property
    def reference(self) -> str: ...
    @property
    def hypothesis(self) -> str | None: ...
    @property
    def detected_language(self) -> str | None: ...
    @property
    def audio_s(self) -> float: ...
    @property
    def processing_s(self) -> float | None: ...
    @property
    def error(self) -> object | None: ...
    @property
    def retries(self) -> int | None: ...
    @property
    def client_s(self) -> float | None: ...
    @property
    def batch(self) -> Batch | None: ...
    @property
    def speaker(self) -> str | None: ...
    @property
    def language(self) -> str | None: ...
    @property
    def kind(self) -> str | None: ...
    @property
    def snr_db(self) -> float | None: ...
    @property
    def attributes(self) -> Mapping[str, str]: ...
    @property
    def parts(self) -> Mapping[str, Any]: ...


class Case(Protocol):
    """The case of a run."""

    @property
    def task(self) -> str: ...
    @property
    def device(self) -> str: ...


class Price(Protocol):
    """The price of an hour of the device, or of a minute of audio."""

    @property
    def per_hour(self) -> float | None: ...
    @property
    def per_audio_minute(self) -> float | None: ...


class Timing(Protocol):
    """Times measured once per run, seconds; `no_speed` is why the calls give no speed, else None."""

    @property
    def load_s(self) -> float | None: ...
    @property
    def first_call_s(self) -> float | None: ...
    @property
    def clip5_calls_s(self) -> Sequence[float]: ...
    @property
    def no_speed(self) -> str | None: ...


class Memory(Protocol):
    """Peaks of a run and the size of the model's files, bytes."""

    @property
    def peak_rss(self) -> int | None: ...
    @property
    def device(self) -> int | None: ...
    @property
    def model_size(self) -> int | None: ...


class Run(Protocol):
    """A record as metrics read it: the utterances and what was measured once."""

    @property
    def case(self) -> Case: ...
    @property
    def rules(self) -> TextRules: ...
    @property
    def price(self) -> Price | None: ...
    @property
    def timing(self) -> Timing: ...
    @property
    def memory(self) -> Memory: ...
    @property
    def parts(self) -> Mapping[str, Any]: ...
    @property
    def utterances(self) -> Sequence[Row]: ...
    @property
    def wordless(self) -> bool: ...


class Utterance:
    """One utterance as contributions read it: the fields of its row, and what is derived from them once for all.

    Attributes:
        row: as the record has it.
        run: the record.
    """

    def __init__(self, row: Row, run: Run) -> None:
        self.row = row
        self.run = run
        self._derived: dict[Callable[..., Any], Any] = {}

    @property
    def answered(self) -> bool:
        """Whether the engine returned a result."""
        return self.row.error is None

    @property
    def parts(self) -> Mapping[str, Any]:
        """What each task keeps of the utterance, by task."""
        return self.row.parts

    def derived(self, make: Callable[[Row, Run], T]) -> T:
        """`make(row, run)`, computed once however many metrics ask for it."""
        if make not in self._derived:
            self._derived[make] = make(self.row, self.run)
        return cast(T, self._derived[make])
