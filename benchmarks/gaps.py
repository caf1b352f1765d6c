"""Coverage of the interval of a gap between groups, and error rates of limits on it: `benchmarks/gaps.py [RUNS]`.

Groups of utterances by speakers of their own, with the difficulty of speakers and utterances of corpora.py. All groups
have one true rate, 10 %, or one of them has 15 %: the true gap is 0 or 5 points. The limit, judged by the interval,
lies on the true gap, the hardest case, and 5 points below and above it. Of fewer than five speakers in a group the true
gap is that of these very speakers; `judge: bound` is inconclusive there.
"""

from __future__ import annotations

import sys
from collections import Counter

import numpy as np
from corpora import corpus_and_its_rate

from pytest_modellab.core.metrics.aggregate import Column
from pytest_modellab.core.metrics.gaps import Group, gap, weigh
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.stats.evidence import ALPHA

WER = METRICS["wer"]
SETTINGS = (
    *((2, 1, 20), (2, 3, 20), (4, 1, 20)),
    *((2, 10, 5), (2, 10, 20), (4, 10, 5), (4, 10, 20), (10, 10, 5), (4, 5, 20)),
)
"""Groups, speakers of each, utterances of each speaker."""
RATE, GAPS = 0.10, (0.0, 0.05)


def group(random: np.random.Generator, name: str, rate: float, speakers: int, each: int) -> tuple[Group, float]:
    """A group, and the rate that is expected of its very speakers."""
    errors, words, clusters, of_these = corpus_and_its_rate(random, rate, speakers, each)
    values, of = np.asarray(errors, dtype=np.float64), np.asarray(words, dtype=np.float64)
    column = Column(np.arange(len(values)), values, of, list(clusters))
    value = WER.aggregate.value(column)
    return Group(name, len(values), int(of.sum()), value or 0.0, column, True), of_these


def setting(many: int, speakers: int, each: int, true: float, runs: int) -> Counter[str]:
    """How many of the runs are covered, failed and passed."""
    random = np.random.default_rng(0)
    counts: Counter[str] = Counter()
    for _ in range(runs):
        drawn = [group(random, str(i), RATE + true * (i == 0), speakers, each) for i in range(many)]
        those, rates = [each for each, _ in drawn], [rate for _, rate in drawn]
        found = gap(WER, those)
        real = max(rates) - min(rates) if found.conditional else true
        counts["covered"] += found.low is not None and found.high is not None and found.low <= real <= found.high
        if found.conditional:
            continue
        for name, bound in (("at", true), ("below", true - 0.05), ("above", true + 0.05)):
            weighed = weigh(WER, those, bound) if bound >= 0 else None
            counts[f"failed {name}"] += weighed is not None and weighed[0] <= ALPHA
            counts[f"passed {name}"] += weighed is not None and weighed[1] <= ALPHA
    return counts


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print("| groups, speakers x utterances | true gap | covered | failed at it | failed 5 below | passed 5 above |")
    print("|---|---|---|---|---|---|")
    for many, speakers, each in SETTINGS:
        for true in GAPS:
            counts = setting(many, speakers, each, true, runs)
            keys = ("covered", "failed at", "failed below", "passed above")
            told = " | ".join(f"{100 * counts[key] / runs:.1f}" if key in counts else "-" for key in keys)
            print(f"| {many}, {speakers} x {each} | {100 * true:g} | {told} |", flush=True)


if __name__ == "__main__":
    main()
