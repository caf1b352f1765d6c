"""What a scorecard can be written as. Each format is an entry point of `modellab.scorecard_formats`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pytest_modellab.core.extensions import Extensions

if TYPE_CHECKING:
    from pytest_modellab.results.record import Record

    from .card import Scorecard
    from .page import Recordings
    from .row import Row


class FormatError(Exception):
    """A scorecard can't be written in a format here; the text says what to do."""


@dataclass(frozen=True)
class FormatContext:
    """What a format may need beside the scorecard."""

    reports: Path
    """The folder of records, sounds and the scorecard."""
    place: Path | None
    """The file that the text is for; None for the standard output."""
    width: int
    """Columns of the terminal."""
    load: Callable[[Row], Record]
    """The record of a row."""
    recordings: Callable[[], Recordings | None]
    """What models listened to, as far as the catalog's data sets are here."""


class ScorecardFormat(Protocol):
    """Something that a scorecard can be written as."""

    def render(self, card: Scorecard, context: FormatContext) -> str:
        """The whole text, with a line end at its end. Raises FormatError."""
        ...


FORMATS: Extensions[ScorecardFormat] = Extensions("modellab.scorecard_formats")
