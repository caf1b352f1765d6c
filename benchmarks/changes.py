"""Coverage of intervals of changes, false alarms of comparisons and of slices: `python benchmarks/changes.py [RUNS]`.

Pairs of sets of answers are those of corpora.py, of which all or a third are drawn anew. The true change is that of
the speakers of the set, where fewer than 25 are known. A baseline of mixed languages is compared by errors that are
weighted so that each language counts the same. A slice stands out where its interval lies above that of the whole; all
slices have one true rate here. The aim: 93 % covered or more, alarms in 5 % or fewer.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
from corpora import corpus_and_its_rate, pair

from pytest_modellab.core.stats.evidence import ALPHA
from pytest_modellab.core.stats.intervals import error_rate_interval, time_ratio_interval
from pytest_modellab.core.stats.paired import compare
from pytest_modellab.core.stats.regression import DEFAULT, no_worse
from pytest_modellab.reports.comparison.statistics import of_means

CLIPS = (5, 20, 100)
SPEAKERS = (None, 1, 3, 10)
REPLICATES = 1000
SLICES = ((2, 1, 20), (2, 3, 10), (2, 10, 10), (4, 10, 10), (10, 10, 10), (10, 1, 100))
"""Slices, speakers of each, utterances of each speaker."""


def error_rates(n: int, speakers: int | None, rise: float, redrawn: float, runs: int) -> str:
    """Covered by the interval of the change of an error rate."""
    random = np.random.default_rng([n, speakers or 0, int(1000 * rise), int(10 * redrawn)])
    covered = 0
    for _ in range(runs):
        made = pair(random, n, speakers, rise, redrawn=redrawn)
        found = made.compared(replicates=1)
        covered += found.low is not None and found.high is not None and found.low <= made.of_these <= found.high
    return f"{100 * covered / runs:.1f}"


def mixed_languages(n: int, speakers: int | None, runs: int) -> str:
    """False alarms of the test and of the gate on a baseline of two languages, one of three times as many clips."""
    random = np.random.default_rng([n, speakers or 0])
    alarms = failed = 0
    for _ in range(runs):
        one, other = pair(random, 3 * n, speakers, 0.0), pair(random, n, speakers, 0.0)
        weights = [1 / part.words.sum() for part in (one, other)]
        first, second, units = (
            np.concatenate([weight * getattr(part, name) for weight, part in zip(weights, (one, other), strict=True)])
            for name in ("first", "second", "words")
        )
        names = [
            None if name is None else f"{i} {name}" for i, part in enumerate((one, other)) for name in part.speakers
        ]
        found = compare(first * one.words.sum(), second * one.words.sum(), units * one.words.sum(), names, REPLICATES)
        assert found is not None  # there are words
        alarms += found.p_rise <= ALPHA
        failed += no_worse(found, DEFAULT).outcome == "worse"
    return f"{100 * alarms / runs:.1f}, {100 * failed / runs:.1f}"


def scores(n: int, runs: int) -> str:
    """Covered by the interval of a difference of mean scores, and false alarms of its test."""
    random = np.random.default_rng(n)
    covered = alarms = 0
    for _ in range(runs):
        texts = random.normal(4, 0.3, n)
        first, second = ((texts - 0.3 * random.lognormal(0, 0.5, n)).tolist() for _ in range(2))
        found = of_means(first, second, [None] * n)
        covered += found is not None and found.low <= 0 <= found.high
        alarms += found is not None and found.change > 0 and found.p <= ALPHA
    return f"{100 * covered / runs:.1f}; {100 * alarms / runs:.1f}"


def times(n: int, spread: float, runs: int) -> str:
    """Covered by the interval of the ratio of times of two runs of the same calls."""
    random = np.random.default_rng([n, int(10 * spread)])
    covered = 0
    for _ in range(runs):
        calls = random.lognormal(0, 0.7, n)
        before, after = (calls * random.lognormal(-(spread**2) / 2, spread, n) for _ in range(2))
        found = time_ratio_interval(after.tolist(), before.tolist())
        covered += found is not None and found.low <= 1 <= found.high
    return f"{100 * covered / runs:.1f}"


def slices(many: int, speakers: int, each: int, runs: int) -> tuple[float, float]:
    """Share of runs in which any slice stands out; share of intervals of slices that hold what they are of."""
    random = np.random.default_rng([many, speakers, each])
    told = covered = 0
    for _ in range(runs):
        drawn = [corpus_and_its_rate(random, 0.10, speakers, each) for _ in range(many)]
        errors = [value for part, *_ in drawn for value in part]
        words = [value for _, part, *_ in drawn for value in part]
        names = [f"{i} {name}" for i, (_, _, part, _) in enumerate(drawn) for name in part]
        whole = error_rate_interval(errors, words, names)
        own = [error_rate_interval(errors, words, names) for errors, words, names, _ in drawn]
        told += whole is not None and any(found is not None and found.low > whole.high for found in own)
        for found, (*_, of_these) in zip(own, drawn, strict=True):
            true = of_these if found is not None and found.conditional else 0.10
            covered += found is not None and found.low <= true <= found.high
    return told / runs, covered / runs / many


def rows(runs: int) -> Iterator[tuple[str, str, list[str]]]:
    """What is compared, the speakers, and a cell for each number of clips."""
    for redrawn, rise, speakers in product((1.0, 0.3), (0.0, 0.02), SPEAKERS):
        name = f"error rate +{100 * rise:g}, {redrawn:.0%} drawn anew"
        yield name, _told(speakers), [_of(error_rates, n, speakers, rise, redrawn, runs) for n in CLIPS]
    yield "difference of scores; alarms", "", [scores(n, runs) for n in CLIPS]
    for spread in (0.1, 0.3):
        yield f"ratio of times, sd of the log {spread}", "", [times(n, spread, runs) for n in CLIPS]
    for speakers in SPEAKERS:
        name = "two languages: alarms, failed"
        yield name, f"{_told(speakers)} of each", [_of(mixed_languages, n, speakers, runs) for n in CLIPS]


def _told(speakers: int | None) -> str:
    return "unknown" if speakers is None else str(speakers)


def _of(simulation: Callable[..., str], n: int, speakers: int | None, *rest: float) -> str:
    return "-" if speakers is not None and n < speakers else simulation(n, speakers, *rest)


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"| change | speakers | {' | '.join(f'{n} clips' for n in CLIPS)} |\n|---|---|{'---|' * len(CLIPS)}")
    for name, speakers, cells in rows(runs):
        print(f"| {name} | {speakers} | {' | '.join(cells)} |", flush=True)
    print("\n| slices, speakers x utterances of each | any stands out | covered |\n|---|---|---|")
    for many, each_speakers, each in SLICES:
        out, covered = slices(many, each_speakers, each, runs)
        print(f"| {many}, {each_speakers} x {each} | {100 * out:.1f} | {100 * covered:.1f} |", flush=True)


if __name__ == "__main__":
    main()
