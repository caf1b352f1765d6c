"""Capacity by bisection: which levels are measured, and what is told of them."""

from __future__ import annotations

import pytest
from loadlevels import level

from pytest_modellab.reports.load.levels import Slo
from pytest_modellab.reports.load.search import NEAR, search
from pytest_modellab.results.record import Record
from pytest_modellab.results.values import valued

SLO = Slo.parsed("success_rate=0.5")


class Server:
    """Answers up to a level, and to none of the calls beyond it."""

    def __init__(self, most: float, *, dead: float = 1e9, noisy: float = 1e9) -> None:
        self.most, self.dead, self.noisy = most, dead, noisy
        self.levels: list[float] = []

    def __call__(self, number: float) -> Record | str:
        self.levels.append(number)
        if number >= self.dead:
            return "the server is gone"
        record = level(2, 0.1, calls=40)
        if number > self.most:
            failed = tuple(each.model_copy(update={"error": "refused"}) for each in record.utterances)
            record = valued(record.model_copy(update={"utterances": failed, "values": {}}))
        timing = record.timing.model_copy(update={"noisy": "a neighbour" if number >= self.noisy else None})
        return record.model_copy(update={"timing": timing})


@pytest.mark.parametrize("most", range(1, 33))
def test_the_highest_level_that_holds_is_found_in_few_steps(most: int) -> None:
    server = Server(most)
    found = search(server, SLO, 1, 64, whole=True)
    assert (found.held, found.broken) == (most, most + 1)
    assert str(found).startswith(f"capacity: {most}; not {most + 1}: Success rate 0.0 %")
    assert len(server.levels) == len(set(server.levels)) <= 12


def test_where_all_hold_it_ends_at_the_highest() -> None:
    server = Server(1000)
    found = search(server, SLO, 1, 20, whole=True)
    assert server.levels == [1, 2, 4, 8, 16, 20]
    assert str(found) == "capacity: 20 or more: every level that was tried holds the SLO"


def test_where_none_holds_the_lowest_says_why() -> None:
    server = Server(0)
    found = search(server, SLO, 1, 20, whole=True)
    assert server.levels == [1]
    assert str(found).startswith("capacity: none; not 1: Success rate 0.0 %")


@pytest.mark.parametrize("most", [0.7, 1.3, 6.0, 17.0])
def test_rates_are_found_to_a_tenth(most: float) -> None:
    found = search(Server(most), SLO, 0.5, 64, whole=False)
    assert found.held is not None
    assert found.broken is not None
    assert found.held <= most < found.broken <= NEAR * found.held


def test_a_level_that_cannot_be_measured_ends_the_search() -> None:
    found = search(Server(100, dead=8), SLO, 1, 20, whole=True)
    assert str(found) == "capacity: not decided, at least 4: 8: the server is gone"


def test_a_noisy_level_that_breaks_a_bound_on_times_decides_nothing() -> None:
    found = search(Server(100, noisy=4), Slo.parsed("load_p50_s=9"), 1, 20, whole=True)
    assert str(found) == (
        "capacity: not decided, at least 2: 4: Latency p50 under load: timed on a noisy machine: a neighbour"
    )


def test_noise_does_not_excuse_what_is_no_time() -> None:
    found = search(Server(2, noisy=1), SLO, 1, 20, whole=True)
    assert (found.held, found.broken, found.undecided) == (2, 3, "")
