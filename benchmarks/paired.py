"""Is a regression found, and how quick is looking? `python benchmarks/paired.py [SIMULATIONS]`.

500 utterances at 10 % WER; a second model redraws the errors of 20 % of them, so that WER moves by the stated points.
The aim: +1 point is found four times in five at a 5 % false alarm rate; 10,000 utterances with 1,000 replicates take
under 1 s and 500 MB.
"""

from __future__ import annotations

import sys
import time
import tracemalloc

import numpy as np

from pytest_modellab.metrics.paired import compare

UTTERANCES = 500
WER = 0.10
REDRAWN = 0.2
SHIFTS = (0.0, 0.005, 0.01, 0.02)


def found(shift: float, seed: int) -> bool:
    """Whether a change of `shift` (a ratio) is found in one made-up pair."""
    random = np.random.default_rng(seed)
    words = random.integers(5, 25, UTTERANCES)
    difficulty = random.lognormal(-(0.5**2) / 2, 0.5, UTTERANCES)
    first = random.poisson(WER * words * difficulty)
    # All of the change falls on the utterances that are answered anew.
    anew = random.poisson((WER + shift / REDRAWN) * words * difficulty)
    second = np.where(random.random(UTTERANCES) < REDRAWN, anew, first)
    result = compare(first.tolist(), second.tolist(), words.tolist(), [None] * UTTERANCES, replicates=1000)
    return result is not None and result.p <= 0.05


def main() -> None:
    simulations = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    for shift in SHIFTS:
        share = sum(found(shift, seed) for seed in range(simulations)) / simulations
        print(f"change of {100 * shift:.1f} points: found in {share:.1%} of {simulations}")
    random = np.random.default_rng(0)
    words = random.integers(5, 25, 10_000).tolist()
    errors = random.integers(0, 3, 10_000).tolist(), random.integers(0, 3, 10_000).tolist()
    start = time.perf_counter()
    compare(*errors, words, [None] * 10_000, replicates=1000)
    seconds = time.perf_counter() - start
    tracemalloc.start()
    compare(*errors, words, [None] * 10_000, replicates=1000)
    peak = tracemalloc.get_traced_memory()[1]
    print(f"10,000 utterances x 1,000 replicates: {seconds:.2f} s, peak {peak / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
