"""How often is a margin granted to a model that is beyond it? `python benchmarks/noninferiority.py [SIMULATIONS]`.

The second of two sets of answers is worse by two points; `no_worse(margin=0.01)` passes where the one-sided 95 % bound
of the change is within a point. The aim: at most 5 % of runs. Beside it how often a margin of three points is granted
to a model that is not worse at all.
"""

from __future__ import annotations

import sys

import numpy as np
from corpora import KINDS, Kind, pair

SIZES = (5, 10, 30, 100, 500)
SPEAKERS = (None, 1, 3, 5, 10, 20)
REDRAWN = (0.05, 1.0)


def granted(n: int, speakers: int | None, rise: float, margin: float, kind: Kind, redrawn: float, runs: int) -> float:
    """Share of runs in which the margin is granted."""
    random = np.random.default_rng([n, speakers or 0, int(1000 * rise), int(1000 * redrawn)])
    count = 0
    for _ in range(runs):
        made = pair(random, n, speakers, rise, kind=kind, redrawn=redrawn)
        found = made.compared(replicates=1)
        count += found.at_most is not None and found.at_most <= margin
    return count / runs


def main() -> None:
    simulations = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"{simulations} runs; granted in %: a margin of 1 point to +2 points | a margin of 3 points to no change")
    for redrawn in REDRAWN:
        print(f"{redrawn:.0%} of the answers drawn anew")
        for n in SIZES:
            for speakers in SPEAKERS:
                if speakers is not None and n < speakers:
                    continue
                wrong = [granted(n, speakers, 0.02, 0.01, kind, redrawn, simulations) for kind in KINDS]
                right = granted(n, speakers, 0.0, 0.03, "scattered", redrawn, simulations)
                shares = "".join(f"{share:>12.1%}" for share in wrong)
                of = "unknown" if speakers is None else speakers
                print(f"  {n:>4} clips, {of!s:>7} speakers: {shares} | {right:.1%}", flush=True)


if __name__ == "__main__":
    main()
