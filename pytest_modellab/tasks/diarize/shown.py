"""One recording of diarization as a page shows it: its errors, and two bars of who spoke when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pytest_modellab.core.metrics.measured import Row

from ..timeline import Lane, Stretch
from .record import diarized
from .segments import Segment, read


def notes(row: Row) -> Iterator[str]:
    """Seconds of each kind of error, and the numbers of speakers."""
    part = diarized(row)
    if part is None:
        return
    yield f"{part.errors_s:.2f} s wrong of {part.speech_s:.2f} s of speech"
    yield f"missed {part.missed_s:.2f} s, false alarm {part.false_alarm_s:.2f} s, confusion {part.confusion_s:.2f} s"
    yield f"{part.found} speakers found of {part.speakers}"


def lanes(row: Row) -> Iterator[Lane]:
    """Reference and answer; a speaker of the answer is called as the one of the reference that it is paired with."""
    part = diarized(row)
    if part is None:
        return
    yield Lane("reference", _stretches(read(row.reference), {}))
    if row.hypothesis is not None:
        yield Lane("answer", _stretches(read(row.hypothesis), part.pairs))


def _stretches(segments: Iterable[Segment], names: dict[str, str]) -> tuple[Stretch, ...]:
    return tuple(
        Stretch(
            each.start / 1000,
            each.end / 1000,
            names.get(each.speaker, each.speaker),
            f"{each.speaker} as {names[each.speaker]}" if each.speaker in names else each.speaker,
        )
        for each in segments
    )
