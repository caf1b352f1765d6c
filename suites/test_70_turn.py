"""End of turn: interruptions, ends that are missed, and the wait, against the limits of fixtures/limits.yaml."""

import pytest

from pytest_modellab import Limits, Run

pytestmark = pytest.mark.turn


def test_success_rate(run: Run, limits: Limits) -> None:
    assert run.success_rate >= limits.success_rate


@pytest.mark.bounded("cut_off_rate")
def test_speakers_are_not_interrupted(run: Run, limits: Limits) -> None:
    assert run.cut_off_rate <= limits.cut_off_rate


@pytest.mark.bounded("late_rate")
def test_ends_are_found(run: Run, limits: Limits) -> None:
    assert run.late_rate <= limits.late_rate


@pytest.mark.bounded("turn_auc")
def test_ends_are_told_from_pauses(run: Run, limits: Limits) -> None:
    assert run.turn_auc >= limits.turn_auc


@pytest.mark.bounded("turn_wait_s")
def test_the_wait_is_short(run: Run, limits: Limits) -> None:
    assert run.turn_wait_s <= limits.turn_wait_s


@pytest.mark.bounded("turn_delay_p95_s")
def test_the_delay_is_short(run: Run, limits: Limits) -> None:
    assert run.turn_delay_p95_s <= limits.turn_delay_p95_s


def test_load_time(run: Run, limits: Limits) -> None:
    assert run.load_s <= limits.load_s


@pytest.mark.bounded("peak_rss_mb")
def test_peak_memory(run: Run, limits: Limits) -> None:
    assert run.peak_rss_mb <= limits.peak_rss_mb
