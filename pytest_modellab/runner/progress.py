"""Progress of a run, as observers see it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from pytest_modellab.catalog.cases import Case
from pytest_modellab.catalog.datasets import Dataset, Utterance
from pytest_modellab.core.metrics import asr

from .job import Counted


class Progress(Protocol):
    """An observer of a run's progress."""

    def say(self, case: Case, text: str) -> None: ...

    def advance(self, case: Case, done: int, total: int, audio_left_s: float, wer: float | None) -> None: ...

    def clear(self) -> None: ...

    def visible(self) -> AbstractContextManager[None]:
        """Within it, what is written to standard error (download bars) reaches the person."""
        ...


class NoProgress:
    """An observer that shows nothing."""

    def say(self, case: Case, text: str) -> None: ...

    def advance(self, case: Case, done: int, total: int, audio_left_s: float, wer: float | None) -> None: ...

    def clear(self) -> None: ...

    def visible(self) -> AbstractContextManager[None]:
        return nullcontext()


def counting(dataset: Dataset) -> Counted | None:
    """The counting of errors for the running WER of a progress line; None where no one unit counts them."""
    if len(dataset.units) > 1:
        return None

    def counted(utterance: Utterance, text: str | None) -> tuple[int, int]:
        words = asr.score(utterance.text, text, dataset.rules.of(utterance.language)).words
        return words.errors, words.reference

    return counted
