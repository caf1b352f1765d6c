"""The core wait as a share, on machines of many and of few cores."""

from __future__ import annotations

import pytest

from pytest_modellab.results.conditions import CORE_WAIT_BOUND
from pytest_modellab.results.core_wait import CoreUse

WALL = 10.0


def use(cores: int, own: float, others: float, waited: float | None, stolen: float = 0.0) -> CoreUse:
    """Ten seconds of a worker that had `own` cores, beside others that had `others`; its threads waited together."""
    return CoreUse(
        wall_s=WALL,
        own_s=own * WALL,
        others_s=others * WALL,
        stolen_s=stolen * WALL,
        waited_s=None if waited is None else waited * WALL,
        cores=cores,
    )


TOLD = [
    ("nobody else", use(64, 1.0, 0.0, 0.001), 0.0),
    # By the share of all cores that others use the first two were quiet, and the third noisy.
    ("one neighbour on the worker's only core", use(64, 0.5, 0.5, 0.5), 0.5),
    ("one neighbour that takes a fifth of its time", use(64, 0.8, 0.2, 0.2), 0.2),
    ("20 busy cores, 44 idle", use(64, 1.0, 20.0, 0.002), 0.0),
    ("63 busy cores, one thread", use(64, 1.0, 63.0, 0.02), 0.02),
    ("as many busy processes as cores, one thread", use(64, 0.5, 63.5, 0.5), 0.5),
    ("as many busy processes as cores, 8 threads", use(64, 4.0, 60.0, 4.0), 0.5),
    ("60 busy cores, 8 threads", use(64, 7.5, 56.5, 0.5), 0.0625),
    # A worker that has more threads than there are cores waits for itself.
    ("8 threads on 2 cores, nobody else", use(2, 2.0, 0.0, 6.0), 0.0),
    ("8 threads on 2 cores, one that uses a tenth of a core", use(2, 1.9, 0.1, 6.0), 0.05),
    ("8 threads on 2 cores, a busy neighbour", use(2, 1.6, 0.4, 6.4), 0.2),
    ("one core is free for one thread", use(2, 1.0, 1.0, 0.001), 0.0),
    ("it hardly computes", use(2, 0.001, 1.0, 0.005), 0.0),
    ("a hypervisor takes it", use(2, 0.8, 0.0, 0.0, stolen=0.2), 0.2),
    ("a hypervisor takes it from others", use(64, 1.0, 39.0, 0.0, stolen=0.4), 0.01 / 1.01),
    ("the kernel's ticks come to less than nothing", use(2, 1.0, -0.01, 0.5), 0.0),
]
ESTIMATED = [
    ("nobody else", use(64, 0.99, 0.0, None), 0.0),
    ("20 busy cores, 44 idle", use(64, 0.99, 20.0, None), 0.0),
    ("60 busy cores, 8 threads", use(64, 7.5, 56.5, None), 0.0625),
    ("as many busy processes as cores, one thread", use(64, 0.5, 63.5, None), 0.5),
    ("one core is free for one thread", use(2, 0.99, 1.0, None), 0.0),
    ("two neighbours on two cores, one thread", use(2, 0.67, 1.33, None), 0.33),
    ("two neighbours on two cores, two threads", use(2, 1.0, 1.0, None), 0.5),
    ("all cores are its own", use(2, 1.99, 0.0, None), 0.0),
    # What this estimate can't see: that both are on one core while others are idle.
    ("one neighbour on the worker's only core", use(64, 0.5, 0.5, None), 0.0),
]


@pytest.mark.parametrize(("used", "share"), [row[1:] for row in TOLD], ids=[row[0] for row in TOLD])
def test_by_run_delay(used: CoreUse, share: float) -> None:
    assert used.method == "run delay"
    assert used.core_wait == pytest.approx(share, abs=0.005)


@pytest.mark.parametrize(("used", "share"), [row[1:] for row in ESTIMATED], ids=[row[0] for row in ESTIMATED])
def test_by_the_load_beyond_free_cores(used: CoreUse, share: float) -> None:
    assert used.method == "load beyond free cores"
    assert used.core_wait == pytest.approx(share, abs=0.005)


def test_the_share_that_others_use_says_something_else() -> None:
    one_felt, many_unfelt = use(64, 0.5, 0.5, 0.5), use(64, 1.0, 20.0, 0.002)
    assert one_felt.others == pytest.approx(0.5 / 64)
    assert many_unfelt.others == pytest.approx(20 / 64)
    assert [(each.core_wait or 0.0) > CORE_WAIT_BOUND for each in (one_felt, many_unfelt)] == [True, False]


def test_ticks_are_too_coarse_for_a_moment() -> None:
    short = CoreUse(wall_s=0.02, own_s=0.01, others_s=0.02, waited_s=0.01)
    assert (short.core_wait, short.others) == (None, None)


def test_periods_are_added() -> None:
    one, other = use(2, 1.0, 0.5, 0.1), use(2, 0.5, 1.0, 0.3)
    both = one + other
    assert (both.wall_s, both.own_s, both.others_s) == (20.0, 15.0, 15.0)
    assert both.waited_s == pytest.approx(4.0)
    assert (one + use(2, 1.0, 0.0, None)).waited_s is None
    assert (CoreUse() + one, one + CoreUse()) == (one, one)
