"""How often do gates fail by chance? `python benchmarks/gates.py [SIMULATIONS]`.

A session of ten gates, each judged by its interval, whose true rates lie on their limits: the hardest case. The aim: at
most one session in twenty fails any of them. Beside it, how often a gate fails whose true rate is well past its limit.
"""

from __future__ import annotations

import sys

import numpy as np
from corpora import corpus

from pytest_modellab.core.stats.evidence import holm, weigh
from pytest_modellab.core.stats.intervals import error_rate_interval

GATES = 10
LIMIT = 0.10
SETTINGS = ((5, 20), (20, 5), (100, 5), (200, 1))


def p_value(random: np.random.Generator, rate: float, speakers: int, each: int) -> float:
    """The chance of a corpus this bad, were its true rate at the limit."""
    errors, words, clusters = corpus(random, rate, speakers, each)
    interval = error_rate_interval(errors, words, clusters)
    return 1.0 if interval is None else weigh(sum(errors) / sum(words), interval, LIMIT).above


def main() -> None:
    simulations = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"{GATES} gates, limit {LIMIT:.0%}, {simulations} sessions")
    print("speakers x utterances   any false alarm   found at 12 %   at 15 %   at 20 %")
    for speakers, each in SETTINGS:
        random = np.random.default_rng(0)
        alarms = 0
        found = dict.fromkeys((0.12, 0.15, 0.20), 0)
        for _ in range(simulations):
            others = {str(i): p_value(random, LIMIT, speakers, each) for i in range(GATES - 1)}
            alarms += bool(holm({**others, "own": p_value(random, LIMIT, speakers, each)}))
            for rate in found:
                found[rate] += "own" in holm({**others, "own": p_value(random, rate, speakers, each)})
        shares = "".join(f"{count / simulations:>10.1%}" for count in found.values())
        print(f"{speakers:>8} x {each:<12} {alarms / simulations:>10.1%} {shares}")


if __name__ == "__main__":
    main()
