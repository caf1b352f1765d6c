"""What a gate against a baseline finds, beside the tests of the field. `python benchmarks/gate_power.py [SIMULATIONS]`.

The error rate of the second of two made-up sets of answers is higher by the stated points, error by error, by loops in
1 % of the answers, or in 5 %. The gate's test is compared with NIST's matched-pairs test (MAPSSWE, each utterance a
segment), Wilcoxon's signed ranks and random sign flips of utterances, all one-sided at 5 %. Under "no change" the
answers of both sets are drawn alike. The aim: the test raises false alarms in at most 5 % of the runs. The gate, which
fails beyond its sanity bound as well, finds a share within ten points of the best of the other tests that itself keeps
5 % in that cell. What it doesn't find it should not pass where it can't know: the share that neither fails nor passes
stands last.

With `clusters` as second argument the gate's test runs over speakers from two on, which shows how many speakers it
takes for that to cost little.
"""

from __future__ import annotations

import sys
from itertools import product
from statistics import NormalDist

import numpy as np
from corpora import KINDS, Kind, Pair, pair

from pytest_modellab.core.stats import paired
from pytest_modellab.core.stats.evidence import ALPHA
from pytest_modellab.core.stats.regression import DEFAULT, no_worse

SIZES = (5, 10, 30, 100, 500)
SPEAKERS = (None, 1, 3, 5, 10, 20)
RISES = (0.0, 0.01, 0.02, 0.05)
REPLICATES = 1000
REDRAWN = (1.0, 0.3)
"""Share of the answers that the second set has drawn anew; the others are the first's."""
OTHERS = ("MAPSSWE", "Wilcoxon", "flips")
NOISE = 0.015
"""Of a share told from a thousand runs, two standard errors at 5 %."""


def mapsswe(found: Pair) -> float:
    """p of the matched-pairs sentence-segment word error test (Gillick & Cox 1989)."""
    change = found.change
    spread = change.std(ddof=1)
    return 1.0 if spread == 0 else NormalDist().cdf(float(-change.mean() / (spread / np.sqrt(len(change)))))


def wilcoxon(found: Pair) -> float:
    """p of Wilcoxon's signed ranks, normal approximation with ties."""
    change = found.change[found.change != 0]
    if not len(change):
        return 1.0
    _, places, counts = np.unique(np.abs(change), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return NormalDist().cdf(float(-(np.sign(change) * ranks).sum() / np.sqrt(np.square(ranks).sum())))


def flips(found: Pair, random: np.random.Generator) -> float:
    """p of the sum of changes under random sign flips of utterances."""
    change = found.change[found.change != 0].astype(np.float64)
    sums = random.choice((-1.0, 1.0), (REPLICATES, len(change))) @ change
    return float((1 + (sums >= change.sum()).sum()) / (1 + REPLICATES))


def cell(n: int, speakers: int | None, rise: float, kind: Kind, redrawn: float, runs: int) -> dict[str, float]:
    """Share of runs in which each test finds a rise, and what becomes of the gate."""
    random = np.random.default_rng([n, speakers or 0, int(1000 * rise), *kind.encode()])
    found = dict.fromkeys(("test", "gate", "inconclusive", *OTHERS), 0)
    for _ in range(runs):
        # Where nothing changes loops may still happen, on either side.
        loops = KINDS[kind] if rise == 0 else 0.0
        made = pair(random, n, speakers, rise, kind=kind if rise else "scattered", redrawn=redrawn, loops=loops)
        compared = made.compared(REPLICATES)
        outcome = no_worse(compared, DEFAULT).outcome
        found["test"] += compared.p_rise <= ALPHA
        found["gate"] += outcome == "worse"
        found["inconclusive"] += outcome == "inconclusive"
        found["MAPSSWE"] += mapsswe(made) <= ALPHA
        found["Wilcoxon"] += wilcoxon(made) <= ALPHA
        found["flips"] += flips(made, random) <= ALPHA
    return {test: count / runs for test, count in found.items()}


def main() -> None:
    simulations = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    if sys.argv[2:] == ["clusters"]:
        paired.FEWEST_PAIRED_CLUSTERS = 2  # type: ignore[attr-defined]  # where it is used
    print(
        f"{simulations} runs of each cell; found in %; the best of the other tests that keeps 5 % in that cell beside"
    )
    worst = dict.fromkeys(SIZES, 0.0)
    for redrawn, kind in product(REDRAWN, KINDS):
        print(f"{kind}, {redrawn:.0%} of the answers drawn anew")
        for n in SIZES:
            for speakers in SPEAKERS:
                if speakers is not None and n < speakers:
                    continue
                alarms = cell(n, speakers, 0.0, kind, redrawn, simulations)
                sound = [test for test in OTHERS if alarms[test] <= ALPHA + NOISE]
                cells = [f"alarms {alarms['test']:5.1%} {alarms['gate']:5.1%}"]
                for rise in RISES[1:]:
                    found = cell(n, speakers, rise, kind, redrawn, simulations)
                    best = max((found[test] for test in sound), default=0.0)
                    worst[n] = max(worst[n], best - found["gate"])
                    cells.append(f"+{100 * rise:.0f}: {found['gate']:6.1%} ({best:6.1%}) {found['inconclusive']:4.0%}")
                of = "unknown" if speakers is None else speakers
                print(f"  {n:>4} clips, {of!s:>7} speakers: {', '.join(cells)}", flush=True)
    print(f"farthest below the best: {', '.join(f'{n} clips {100 * gap:.1f} points' for n, gap in worst.items())}")


if __name__ == "__main__":
    main()
