"""The part of a level during which the load was what it says: after the warm-up, before users run out of calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

BLOCKS = 10
"""In which answers are cut for the interval of a rate."""


@dataclass(frozen=True)
class Steady:
    """What counts of a level.

    Attributes:
        latencies: numbers of the calls whose latency counts.
        gaps: number of a call -> seconds since the answer before it, for answers that count towards the throughput.
        blocks: number of a call -> the tenth of these answers that it is in.
    """

    latencies: frozenset[int]
    gaps: Mapping[int, float]
    blocks: Mapping[int, int]


def steady(
    times: Sequence[tuple[float, float]], answered: Sequence[bool], warmup_s: float, at_once: int | None
) -> Steady:
    """What counts of calls with these starts and ends, in seconds since the level began; `answered` is which succeeded.

    A latency counts if its call began after the warm-up, and was none of the last `at_once`: these end with fewer
    beside them than the level tells. Which ones are left out rests on when they began alone, so that no slow one is.
    `at_once` is None for calls at a rate, which come whether others are answered or not.

    The throughput is that of the answers from the first after the warm-up to the last call that began.
    """
    order = sorted(range(len(times)), key=lambda number: times[number][0])
    last = order[: len(order) - at_once] if at_once else order
    latencies = frozenset(number for number in last if times[number][0] >= warmup_s)
    until = max((start for start, _ in times), default=0.0)
    counted = [
        number
        for number in sorted(range(len(times)), key=lambda number: times[number][1])
        if answered[number] and warmup_s <= times[number][1] <= until
    ]
    gaps = {number: times[number][1] - times[before][1] for before, number in pairwise(counted)}
    blocks = {number: place * BLOCKS // len(gaps) for place, number in enumerate(gaps)}
    return Steady(latencies, gaps, blocks)
