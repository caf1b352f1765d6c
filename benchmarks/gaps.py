"""Coverage of the interval of a gap between groups, and error rates of limits on it: `benchmarks/gaps.py [RUNS]`.

Groups of utterances by speakers of their own, with the difficulty of speakers and utterances of corpora.py. All groups
have one true rate, 10 %, or one of them has 15 %: the true gap is 0 or 5 points. The limit, judged by the interval,
lies on the true gap, the hardest case, and 5 points below and above it.
"""

from __future__ import annotations

import sys
from collections import Counter

import numpy as np
from corpora import corpus

from pytest_modellab.core.metrics.aggregate import Column
from pytest_modellab.core.metrics.gaps import Group, gap, weigh
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.stats.evidence import ALPHA

WER = METRICS["wer"]
SETTINGS = ((2, 10, 5), (2, 10, 20), (4, 10, 5), (4, 10, 20), (10, 10, 5), (4, 5, 20))
"""Groups, speakers of each, utterances of each speaker."""
RATE, GAPS = 0.10, (0.0, 0.05)


def group(random: np.random.Generator, name: str, rate: float, speakers: int, each: int) -> Group:
    errors, words, clusters = corpus(random, rate, speakers, each)
    values, of = np.asarray(errors, dtype=np.float64), np.asarray(words, dtype=np.float64)
    column = Column(np.arange(len(values)), values, of, list(clusters))
    value = WER.aggregate.value(column)
    return Group(name, len(values), int(of.sum()), value or 0.0, column, True)


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(
        "| groups, speakers x utterances | true gap | covered | failed at the gap | failed 5 below | passed 5 above |"
    )
    print("|---|---|---|---|---|---|")
    for many, speakers, each in SETTINGS:
        for true in GAPS:
            random = np.random.default_rng(0)
            counts: Counter[str] = Counter()
            for _ in range(runs):
                rates = [RATE + true * (i == 0) for i in range(many)]
                those = [group(random, str(i), rate, speakers, each) for i, rate in enumerate(rates)]
                found = gap(WER, those)
                counts["covered"] += (
                    found.low is not None and found.high is not None and found.low <= true <= found.high
                )
                for name, bound in (("at", true), ("below", true - 0.05), ("above", true + 0.05)):
                    weighed = weigh(WER, those, bound) if bound >= 0 else None
                    counts[f"failed {name}"] += weighed is not None and weighed[0] <= ALPHA
                    counts[f"passed {name}"] += weighed is not None and weighed[1] <= ALPHA
            shares = [100 * counts[key] / runs for key in ("covered", "failed at", "failed below", "passed above")]
            told = " | ".join(f"{share:.1f}" for share in shares)
            print(f"| {many}, {speakers} x {each} | {100 * true:g} | {told} |", flush=True)


if __name__ == "__main__":
    main()
