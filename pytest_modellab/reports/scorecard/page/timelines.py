"""The timeline of an utterance as a page draws it: a lane for each of its lines, in it a row for each speaker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_modellab.tasks.timeline import Lane

from . import harmless

MOST = 1_000
"""Stretches that are drawn of one utterance."""
WIDTH, ROW, GAP = 1_000, 12, 8
"""Of the drawing: its width, a row's height, and what is between two lanes."""
_THICKNESS = 9
_NAME = 14
"""Room above a lane, for its name."""
_HUES = (211, 28, 130, 340, 262, 180, 52, 300)
"""Of colours that are told apart; beyond them they come again."""


@dataclass(frozen=True)
class Bar:
    """A stretch, in units of the drawing; its colour, and what is told of it."""

    x: float
    y: int
    width: float
    height: int
    colour: str
    note: str


@dataclass(frozen=True)
class Name:
    """The name of a lane."""

    y: int
    text: str


@dataclass(frozen=True)
class Timeline:
    """A drawing of `width` by `height`; `told` says it to those who can't see it."""

    width: int
    height: int
    names: tuple[Name, ...]
    bars: tuple[Bar, ...]
    told: str
    left_out: int


def timeline(lanes: Sequence[Lane], seconds: float) -> Timeline | None:
    """The drawing of some lanes of a recording of so many seconds; None where there is nothing to draw."""
    if not any(lane.stretches for lane in lanes) or seconds <= 0:
        return None
    hues = {key: i for i, key in enumerate(dict.fromkeys(each.key for lane in lanes for each in lane.stretches))}
    names, bars, y, left = [], [], 0, MOST
    for lane in lanes:
        names.append(Name(y + _NAME - 4, harmless.line(lane.name, 50)))
        y += _NAME
        rows = {key: i for i, key in enumerate(dict.fromkeys(each.key for each in lane.stretches))}
        for each in lane.stretches[: max(0, left)]:
            begin, end = (min(max(0.0, at), seconds) for at in (each.start_s, each.end_s))
            told = f"{harmless.line(each.note, 100)}, {each.start_s:.2f} to {each.end_s:.2f} s"
            bars.append(
                Bar(
                    x=round(WIDTH * begin / seconds, 2),
                    y=y + ROW * rows[each.key],
                    width=round(max(1.0, WIDTH * (end - begin) / seconds), 2),
                    height=_THICKNESS,
                    colour=f"hsl({_HUES[hues[each.key] % len(_HUES)]} 55% 50%)",
                    note=told,
                )
            )
        left -= len(lane.stretches)
        y += ROW * max(1, len(rows)) + GAP
    told = "; ".join(f"{lane.name}: {len(lane.stretches)} segments of {_keys(lane)} speakers" for lane in lanes)
    return Timeline(WIDTH, y, tuple(names), tuple(bars), harmless.line(told, 500), max(0, -left))


def _keys(lane: Lane) -> int:
    return len({each.key for each in lane.stretches})
