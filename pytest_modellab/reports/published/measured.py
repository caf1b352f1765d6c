"""What was measured here of published models: the best of the linked models on each leaderboard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.tasks.registry import task_named

from ..leaderboard.board import Aggregate, Board, Entry, aggregate
from ..leaderboard.page import interval, marked


@dataclass(frozen=True)
class Measured:
    """The figures of one local model, of one task."""

    task: str
    metric: str
    value: Aggregate
    model: str
    device: str
    datasets: tuple[str, ...]
    speed_metric: str
    speed: Aggregate | None

    @property
    def brief(self) -> str:
        """`WER 3.3 % [0.3, 41]`."""
        return _figure(self.metric, self.value)

    @property
    def shown(self) -> str:
        """`WER 3.3 % [0.3, 41], RTF 0.14 on smoke-en (faster-whisper-base, cpu)`."""
        parts = [self.brief]
        parts += [_figure(self.speed_metric, self.speed)] if self.speed is not None else []
        return f"{', '.join(parts)} on {', '.join(self.datasets)} ({self.model}, {self.device})"


def _figure(metric: str, found: Aggregate) -> str:
    span = interval(metric, found.interval)
    return f"{METRICS[metric].title} {marked(metric, found)}{f' {span}' if span else ''}"


def measured(boards: Iterable[Board], links: Mapping[str, Sequence[str]]) -> dict[str, tuple[Measured, ...]]:
    """Of each published model that has linked ones, the best entry of each board, by the published id."""
    found: dict[str, list[Measured]] = {}
    for board in boards:
        for id, local in links.items():
            entry = next((each for each in board.entries if each.model in local), None)
            one = None if entry is None else _of(board, entry)
            if one is not None:
                found.setdefault(id, []).append(one)
    return {id: tuple(those) for id, those in found.items()}


def _of(board: Board, entry: Entry) -> Measured | None:
    """Over the data sets of the board's average, or over its own where it lacks one of them."""
    datasets = board.chosen if entry.has(board.chosen) else tuple(entry.cells)
    rows = [entry.cells[each] for each in datasets]
    value = aggregate(board.metric, rows)
    if value is None:
        return None
    speed = task_named(board.task).speed
    return Measured(
        task=board.task,
        metric=board.metric,
        value=value,
        model=entry.model,
        device=entry.device,
        datasets=datasets,
        speed_metric=speed,
        speed=aggregate(speed, rows),
    )
