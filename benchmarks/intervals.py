"""Do the intervals cover? `python benchmarks/intervals.py [SIMULATIONS]`.

Corpora are drawn with a difficulty for each speaker and each utterance (lognormal, so that errors are clustered and
over-dispersed), and the share of 95 % intervals that hold the true rate is printed. The aim: 91 to 97 % from five
clusters up.
"""

from __future__ import annotations

import sys

import numpy as np
from corpora import corpus

from pytest_modellab.metrics.intervals import error_rate_interval

SETTINGS = (  # speakers, utterances of each
    (5, 20),
    (10, 10),
    (20, 1),
    (20, 25),
    (50, 10),
    (200, 1),
)
RATES = (0.02, 0.05, 0.10, 0.30)


def coverage(rate: float, speakers: int, each: int, simulations: int) -> float:
    random = np.random.default_rng(0)
    held = 0
    for _ in range(simulations):
        found = error_rate_interval(*corpus(random, rate, speakers, each))
        held += found is not None and found.low <= rate <= found.high
    return held / simulations


def main() -> None:
    simulations = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    print("speakers x utterances  " + "".join(f"WER {rate:<6.0%}" for rate in RATES))
    for speakers, each in SETTINGS:
        row = [coverage(rate, speakers, each, simulations) for rate in RATES]
        print(f"{speakers:>8} x {each:<12} " + "".join(f"{share:<10.1%}" for share in row))


if __name__ == "__main__":
    main()
