"""Do the intervals cover? `python benchmarks/intervals.py [SIMULATIONS]`.

Corpora are drawn with a difficulty for each speaker and each utterance (lognormal, so that errors are clustered and
over-dispersed), and the share of 95 % intervals that hold the true rate is printed: of speakers in general, and of
these very speakers. The aim: 91 to 98 % of the first from five speakers up, of the second below.
"""

from __future__ import annotations

import sys

import numpy as np
from corpora import corpus_and_its_rate

from pytest_modellab.core.stats.intervals import error_rate_interval

SETTINGS = (  # speakers, utterances of each
    *((1, 5), (5, 1), (3, 10), (5, 20), (10, 10), (20, 1), (20, 25), (50, 10), (200, 1)),
)
RATES = (0.02, 0.05, 0.10, 0.30)


def coverage(rate: float, speakers: int, each: int, simulations: int) -> tuple[float, float]:
    """Of speakers in general, and of these."""
    random = np.random.default_rng(0)
    general = these = 0
    for _ in range(simulations):
        errors, words, names, of_these = corpus_and_its_rate(random, rate, speakers, each)
        found = error_rate_interval(errors, words, names)
        general += found is not None and found.low <= rate <= found.high
        these += found is not None and found.low <= of_these <= found.high
    return general / simulations, these / simulations


def main() -> None:
    simulations = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    print("speakers x utterances  " + "".join(f"WER {rate:<11.0%}" for rate in RATES))
    for speakers, each in SETTINGS:
        row = [coverage(rate, speakers, each, simulations) for rate in RATES]
        cells = "".join(f"{f'{general:.1%} / {these:.1%}':<15}" for general, these in row)
        print(f"{speakers:>8} x {each:<12} {cells}", flush=True)


if __name__ == "__main__":
    main()
