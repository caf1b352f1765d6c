"""Do intervals of times cover, and what passes a bound of a 95th percentile? `python benchmarks/time_intervals.py [N]`.

Calls take a lognormal multiple of their audio. The share of 95 % intervals that hold the true RTF, by the standard
deviation of the log; the aim: 91 to 98 % from 5 to 50 calls up to 0.6. Then how often a bound at the true 95th
percentile is passed, by `judge: bound` and by a limit on the figure: at most 5 % by the first.
"""

from __future__ import annotations

import sys

import numpy as np

from pytest_modellab.core.stats.evidence import ALPHA, weigh_quantile
from pytest_modellab.core.stats.intervals import time_ratio_interval

RTF = 0.3
SPREADS = (0.1, 0.3, 0.6, 1.0)
CALLS = (5, 10, 20, 50)
Q = 0.95
LOGNORMAL_Q = 1.6448536


def coverage(spread: float, n: int, runs: int) -> float:
    random = np.random.default_rng([n, int(10 * spread)])
    held = 0
    for _ in range(runs):
        audio = random.uniform(1, 15, n)
        spent = RTF * audio * random.lognormal(-(spread**2) / 2, spread, n)
        found = time_ratio_interval(spent.tolist(), audio.tolist())
        held += found is not None and found.low <= RTF <= found.high
    return held / runs


def passed(n: int, runs: int) -> tuple[float, float]:
    """Shares of runs at the bound that pass it, by the calls and by the figure."""
    random = np.random.default_rng(n)
    bound = float(np.exp(0.3 * LOGNORMAL_Q))
    by_calls = by_figure = 0
    for _ in range(runs):
        calls = random.lognormal(0, 0.3, n)
        by_calls += weigh_quantile(calls.tolist(), Q, bound).below <= ALPHA
        by_figure += float(np.quantile(calls, Q)) <= bound
    return by_calls / runs, by_figure / runs


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    print("sd of the log   " + "".join(f"{n:>4} calls" for n in CALLS))
    for spread in SPREADS:
        print(f"{spread:<16}" + "".join(f"{coverage(spread, n, runs):>9.1%} " for n in CALLS))
    print("a 95th percentile at its bound passes by the calls, by the figure")
    for n in (10, 30, 59, 100, 300):
        print(f"{n:>4} calls: " + ", ".join(f"{share:.1%}" for share in passed(n, runs)))


if __name__ == "__main__":
    main()
