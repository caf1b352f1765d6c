"""Hidden errors on the scorecard: slices of the data that stand out, and insertions in clips without speech."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.results.record import Record
from pytest_modellab.tasks.asr.record import transcripts_of

if TYPE_CHECKING:
    from .row import Row

# On one line.
MOST_SLICES = 3


def standing_out(record: Record) -> tuple[str, ...]:
    """The slices that are significantly worse than the whole, the worst first, with their WER.

    Significantly: the 95 % interval of the slice lies above that of the whole.
    """
    whole, transcripts = record.interval("wer"), transcripts_of(record)
    if transcripts is None or whole is None:
        return ()
    found = [
        (each, each.interval)
        for each in transcripts.slices
        if each.meaningful and each.interval is not None and each.interval.low > whole.high
    ]
    form = METRICS["wer"].format
    return tuple(
        f"{each.by} {each.value} {form(each.wer)} [{form(interval.low)}, {form(interval.high)}]"
        for each, interval in sorted(found, key=lambda pair: -pair[0].wer)
    )


def lines(rows: Sequence[Row]) -> Iterator[str]:
    """For the terminal: a line for each case with parts that stand out, and one for each data set without speech."""
    for row in rows:
        if row.standing_out:
            wer = METRICS["wer"].format(row.figures.get("wer"))
            more = len(row.standing_out) - MOST_SLICES
            rest = f" and {more} more" if more > 0 else ""
            yield f"worse than the rest of {row.case.id} ({wer}): {', '.join(row.standing_out[:MOST_SLICES])}{rest}"
    metric = METRICS["insertions_per_min"]
    quiet: dict[str, list[str]] = {}
    for row in rows:
        value = row.figures.get(metric.name)
        if value is not None:
            shown = f"{row.case.model} on {row.case.device} {metric.format(value)}"
            quiet.setdefault(row.case.dataset, []).append(shown)
    for dataset, each in quiet.items():
        yield f"words written without speech ({dataset}): {', '.join(each)}"
