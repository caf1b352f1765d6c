"""How often intervals of latencies under load cover, where each call's latency hangs on those of the calls before.

    python benchmarks/load_intervals.py [repetitions]

Two loads: users who call again as soon as they were answered (closed), and calls that arrive at random (Poisson), at a
server that answers one after the other, in times of a log-normal distribution. The true quantile is that of two million
calls. The interval of order statistics, for independent values, stands beside it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pytest_modellab.core.stats.intervals import error_rate_interval, quantile_interval
from pytest_modellab.core.stats.serial import serial_quantile_interval

BLOCKS = 10
SPREAD = 0.5
WARM_UP = 2_000
COUNTS = (100, 200, 400, 1000, 4000)
Numbers = NDArray[np.float64]


def service(count: int, random: np.random.Generator) -> Numbers:
    """Seconds that calls take; 1 on average."""
    return random.lognormal(-(SPREAD**2) / 2, SPREAD, count)


def closed(users: int) -> Callable[[int, np.random.Generator], Numbers]:
    """Latencies of calls in a row: each waits for the calls of all other users."""

    def latencies(count: int, random: np.random.Generator) -> Numbers:
        return np.convolve(service(count + users - 1, random), np.ones(users), "valid")

    return latencies


def poisson(load: float) -> Callable[[int, np.random.Generator], Numbers]:
    """Latencies of calls that arrive at random, `load` a second."""

    def latencies(count: int, random: np.random.Generator) -> Numbers:
        n = count + WARM_UP
        each, gaps = service(n, random), random.exponential(1 / load, n)
        # Lindley: the wait of each is that of the one before, with its service, less the gap.
        sums = np.concatenate([[0.0], np.cumsum(each[:-1] - gaps[1:])])
        return (sums - np.minimum.accumulate(sums) + each)[WARM_UP:]

    return latencies


LOADS = {
    **{f"{users} users": closed(users) for users in (1, 2, 4, 8, 32)},
    **{f"arrivals, load {load}": poisson(load) for load in (0.3, 0.6, 0.8, 0.9)},
}


def main(repetitions: int) -> None:
    random = np.random.default_rng(0)
    print(f"{repetitions} repetitions: 95 % intervals that cover, in % of those given (in brackets, in % of all)\n")
    print("| load | calls | p50 | p95 | p50, as if independent | p95, as if independent |")
    print("|---|---|---|---|---|---|")
    for name, latencies in LOADS.items():
        whole = latencies(2_000_000, random)
        truth = {q: float(np.quantile(whole, q)) for q in (0.5, 0.95)}
        for count in COUNTS:
            hits: dict[tuple[str, float], list[bool]] = {}
            for _ in range(repetitions):
                found = latencies(count, random)
                for q in truth:
                    for how, interval in (
                        ("serial", serial_quantile_interval(found, q)),
                        ("independent", quantile_interval(found, q)),
                    ):
                        if interval is not None:
                            hits.setdefault((how, q), []).append(interval.low <= truth[q] <= interval.high)
            told = [_told(hits.get((how, q), []), repetitions) for how in ("serial", "independent") for q in truth]
            print(f"| {name} | {count} | {' | '.join(told)} |", flush=True)
    print("\n| calls a second | calls | throughput, by ten blocks |\n|---|---|---|")
    for count in COUNTS:
        hit = []
        for _ in range(repetitions):
            gaps = service(count, random)
            rate = error_rate_interval(np.ones(count), gaps, [str(i * BLOCKS // count) for i in range(count)])
            hit.append(rate is not None and rate.low <= 1 <= rate.high)
        print(f"| 1 | {count} | {100 * np.mean(hit):.1f} |")


def _told(hits: list[bool], repetitions: int) -> str:
    return f"{100 * np.mean(hits):.1f} ({100 * len(hits) / repetitions:.0f})" if hits else "- (0)"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
