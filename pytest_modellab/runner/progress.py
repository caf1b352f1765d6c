"""Who watches a run."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from pytest_modellab.catalog.cases import Case
from pytest_modellab.core.metrics import asr
from pytest_modellab.core.text import normalizer

from .job import Counted


class Progress(Protocol):
    """Somebody who watches a run."""

    def say(self, case: Case, text: str) -> None: ...

    def advance(self, case: Case, done: int, total: int, audio_left_s: float, wer: float | None) -> None: ...

    def clear(self) -> None: ...

    def visible(self) -> AbstractContextManager[None]:
        """Within it, what is written to standard error (download bars) reaches the person."""
        ...


class NoProgress:
    """Progress that nobody watches."""

    def say(self, case: Case, text: str) -> None: ...

    def advance(self, case: Case, done: int, total: int, audio_left_s: float, wer: float | None) -> None: ...

    def clear(self) -> None: ...

    def visible(self) -> AbstractContextManager[None]:
        return nullcontext()


def counting(name: str) -> Counted:
    """How errors are counted for who watches a run, under the normalizer `name`."""
    normalize = normalizer(name)

    def counted(reference: str, text: str | None) -> tuple[int, int]:
        words = asr.score(reference, text, normalize).words
        return words.errors, words.reference

    return counted
