"""Is a rise seen as often as a verdict says that it would be? `python benchmarks/detectable.py [SIMULATIONS]`.

A verdict says that a rise of X points would have been seen four times in five. X is told from one made-up pair of sets
of answers; then another pair of the same kind gets such a rise, error by error, and the share of those in which the
gate's test finds it is printed. The aim: 75 to 85 %.
"""

from __future__ import annotations

import sys

import numpy as np
from corpora import pair

from pytest_modellab.core.stats.evidence import ALPHA

SETTINGS: tuple[tuple[int, int | None], ...] = (
    *((30, None), (30, 10), (100, None), (100, 5), (100, 20), (500, None), (500, 20), (500, 30)),
)
BACKGROUNDS = (  # share of answers drawn anew, share with a loop on either side
    *((0.0, 0.0), (0.05, 0.0), (0.3, 0.0), (1.0, 0.0), (0.3, 0.01), (0.3, 0.05)),
)
REPLICATES = 1000


def cell(n: int, speakers: int | None, redrawn: float, loops: float, simulations: int) -> tuple[float, float, float]:
    """Median X; the share of runs in which one was told; the share of these in which the rise was found."""
    random = np.random.default_rng([n, speakers or 0, int(1000 * redrawn), int(1000 * loops)])
    told, found = [], 0
    for _ in range(simulations):
        seen = pair(random, n, speakers, 0.0, redrawn=redrawn, loops=loops)
        x = seen.compared(replicates=1).detectable
        if x is None:
            continue
        told.append(x)
        risen = pair(random, n, speakers, x, redrawn=redrawn, loops=loops)
        found += risen.compared(REPLICATES).p_rise <= ALPHA
    return float(np.median(told or [np.nan])), len(told) / simulations, found / max(1, len(told))


def main() -> None:
    simulations = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"{simulations} pairs; median X in points, found in %")
    for redrawn, loops in BACKGROUNDS:
        print(f"{redrawn:.0%} of the answers drawn anew, a loop on either side in {loops:.0%}")
        for n, speakers in SETTINGS:
            x, told, found = cell(n, speakers, redrawn, loops, simulations)
            of = "unknown" if speakers is None else speakers
            print(
                f"  {n:>4} clips, {of!s:>7} speakers: X {100 * x:5.2f}, told {told:6.1%}, found {found:6.1%}",
                flush=True,
            )


if __name__ == "__main__":
    main()
