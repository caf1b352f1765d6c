"""Interruptions: whether a model that speaks falls silent for its user, and for nobody else."""

import pytest

from pytest_modellab import Limits, Run

pytestmark = pytest.mark.barge_in


def test_success_rate(run: Run, limits: Limits) -> None:
    assert run.success_rate >= limits.success_rate


@pytest.mark.bounded("talked_over")
def test_it_falls_silent(run: Run, limits: Limits) -> None:
    assert run.talked_over <= limits.talked_over


@pytest.mark.bounded("fall_silent_s")
def test_it_falls_silent_soon(run: Run, limits: Limits) -> None:
    assert run.fall_silent_s <= limits.fall_silent_s


@pytest.mark.bounded("false_stops")
def test_it_stops_for_nobody_else(run: Run, limits: Limits) -> None:
    assert run.false_stops <= limits.false_stops


@pytest.mark.bounded("unplayed")
def test_scenarios_come_about(run: Run, limits: Limits) -> None:
    assert run.unplayed <= limits.unplayed


def test_load_time(run: Run, limits: Limits) -> None:
    assert run.load_s <= limits.load_s
