"""Which model to take for a task, and why."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from ..bench.record import CaseRef
from ..gate import Status
from ..metrics.definitions import METRICS
from .grade import NOISY, doubts
from .part import Part

if TYPE_CHECKING:
    from .card import Row


class Recommendation(Part):
    """Which model for a task, and why; `case` is None where none can be recommended."""

    task: str
    case: CaseRef | None
    text: str
    ties: tuple[str, ...] = Field(default=(), description="models that the data can't tell apart from it")
    provisional: bool = Field(default=False, description="too few words or turns, or timed on a noisy machine")


def recommend(task: str, rows: Sequence[Row]) -> Recommendation:
    """The best model that passes its gates on every data set, by what counts in the task; of equals the faster one.

    That is the error rate for recognition, the answers that were right for chat, and for speech what listeners are
    predicted to say of it; the error rate of the round trip, where nothing was predicted.

    Models are compared only on data sets that all of them were graded on: an easier one is no merit.
    """
    candidates: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.case.task == task and (row.measured or row.status is Status.FAIL):
            candidates.setdefault((row.case.model, row.case.device), []).append(row)
    graded = {name: own for name, own in candidates.items() if any(map(_graded, own))}
    passing = [
        own
        for own in graded.values()
        if all(row.status in {Status.PASS, Status.WARN} and not (row.grade and row.grade.letter == "F") for row in own)
    ]
    if not passing:
        if not graded:
            why = "insufficient evidence: no case was graded"
        elif any(row.status is Status.NOT_AVAILABLE for own in graded.values() for row in own):
            why = "no model passed all its gates; some could not be judged"
        else:
            why = "no model passed its gates above F"
        return Recommendation(task=task, case=None, text=f"none: {why}")
    shared = set.intersection(*({row.case.dataset for row in own if _graded(row)} for own in passing))
    if not shared:
        why = f"the {len(passing)} that pass with a grade above F share no data set to be compared on"
        return Recommendation(task=task, case=None, text=f"none: {why}")
    compared = [[row for row in own if row.case.dataset in shared] for own in passing]
    judged_by = _measures(task, [row for own in compared for row in own])
    best = min(compared, key=lambda own: _order(own, judged_by))
    speed = METRICS[_speed(best[0])]
    figure, pace = _figure(best, judged_by), speed.format(_slowest(best))
    if len(best) > 1:
        figure, pace = f"{figure} over {len(best)} data sets", f"{pace} at worst"
    case = best[0].case
    measure = " and ".join(dict.fromkeys(METRICS[judged_by(row)].title for row in best))
    first = METRICS[judged_by(best[0])]
    superlative = "lowest" if first.better == "lower" else "highest"
    rank = f"{superlative} {measure} of {len(passing)} that pass" if len(passing) > 1 else "the only one that passes"
    text = f"{case.model} on {case.device}: {rank} with a grade above F ({measure} {figure}, {speed.title} {pace})"
    ties = [
        own[0].case.model
        for own in passing
        if (own[0].case.model, own[0].case.device) != (case.model, case.device) and _tied(best[0], own, judged_by)
    ]
    if ties:
        unit = "words" if first.name in {"wer", "cer"} else "utterances"
        text += f"; not told apart from {', '.join(dict.fromkeys(ties))} by this many {unit}"
    few, noisy = doubts(row.grade for row in best)
    notes = [f"{'; '.join(few)}, too few to rank models"] if few else []
    if notes or noisy:
        text += f"; provisional: {'; '.join([*notes, *([NOISY] if noisy else [])])}"
    return Recommendation(
        task=task, case=case, text=text, ties=tuple(dict.fromkeys(ties)), provisional=bool(notes or noisy)
    )


def _measures(task: str, rows: Sequence[Row]) -> Callable[[Row], str]:
    """The metric that a row is ranked by; the same for all where they can be compared."""
    if task == "chat":
        return lambda row: "answer_accuracy"
    if task == "tts" and all(row.figures.get("distillmos") is not None for row in rows):
        return lambda row: "distillmos"
    return lambda row: row.error_metric


def _tied(one: Row, others: Sequence[Row], judged_by: Callable[[Row], str]) -> bool:
    """Whether the intervals of what rows are ranked by overlap: of one, and of that on its data set in `others`."""
    other = next((row for row in others if row.case.dataset == one.case.dataset), None)
    a = one.intervals.get(judged_by(one))
    b = None if other is None else other.intervals.get(judged_by(other))
    return a is not None and b is not None and a.low <= b.high and b.low <= a.high


def _graded(row: Row) -> bool:
    return row.grade is not None and row.grade.letter is not None


def _order(rows: Sequence[Row], judged_by: Callable[[Row], str]) -> tuple[float, float]:
    """The lower the better: what the rows are ranked by, then the slowest among them."""
    value = _pooled(rows, judged_by)
    higher = METRICS[judged_by(rows[0])].better == "higher"
    return (-value if higher and math.isfinite(value) else value), _slowest(rows)


def _pooled(rows: Sequence[Row], judged_by: Callable[[Row], str]) -> float:
    """Over all that was said in the rows: an error rate by its words (or characters), others by utterance."""
    weights = [row.words if judged_by(row) in {"wer", "cer"} else row.utterances for row in rows]
    total = sum(_or_worst(row.figures.get(judged_by(row))) * weight for row, weight in zip(rows, weights, strict=True))
    return total / sum(weights) if sum(weights) else math.inf


def _figure(rows: Sequence[Row], judged_by: Callable[[Row], str]) -> str:
    return METRICS[judged_by(rows[0])].format(_pooled(rows, judged_by))


def _slowest(rows: Sequence[Row]) -> float:
    return max(_or_worst(row.figures.get(_speed(row))) for row in rows)


def _speed(row: Row) -> str:
    """The metric that breaks ties: how fast it is, in a dialogue how soon the reply begins."""
    return "onset_p50_s" if row.case.task == "chat" else "rtf"


def _or_worst(value: float | None) -> float:
    return math.inf if value is None else value
