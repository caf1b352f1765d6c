"""Intervals of values that hang together in time."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_modellab.core.stats.intervals import quantile_interval
from pytest_modellab.core.stats.serial import correlation_time, serial_quantile_interval


def moving(count: int, width: int, seed: int = 0) -> np.ndarray:
    """Sums of `width` independent values in a row, which hang together over that many."""
    values = np.random.default_rng(seed).lognormal(0, 0.5, count + width - 1)
    return np.convolve(values, np.ones(width), "valid")


@pytest.mark.parametrize("width", [1, 4, 16])
def test_the_time_over_which_values_hang_together(width: int) -> None:
    # The autocorrelations of a moving sum fall from 1 to 0 over its width: their sum is the width.
    assert correlation_time(moving(20_000, width)) == pytest.approx(width, rel=0.2)


@pytest.mark.parametrize("values", [[], [1.0], [2.0] * 50, [1.0, 2.0]])
def test_values_without_a_time(values: list[float]) -> None:
    assert correlation_time(values) == 1.0 if values else True
    assert serial_quantile_interval(values, 0.5) is None


def test_values_that_hang_together_have_a_wider_interval() -> None:
    values = moving(4000, 8)
    serial, independent = serial_quantile_interval(values, 0.5), quantile_interval(values, 0.5)
    assert serial is not None
    assert independent is not None
    assert 2 < (serial.high - serial.low) / (independent.high - independent.low) < 4.5
    assert serial.low < np.median(values) < serial.high
    assert 300 < serial.clusters < 800


def test_independent_values_have_that_of_order_statistics() -> None:
    values = moving(4000, 1)
    serial, independent = serial_quantile_interval(values, 0.95), quantile_interval(values, 0.95)
    assert serial is not None
    assert independent is not None
    assert serial.high - serial.low == pytest.approx(independent.high - independent.low, rel=0.4)


@pytest.mark.parametrize(("count", "width", "q"), [(90, 1, 0.5), (400, 16, 0.5), (300, 4, 0.95)])
def test_too_few_have_none(count: int, width: int, q: float) -> None:
    assert serial_quantile_interval(moving(count, width), q) is None


def test_the_order_counts() -> None:
    values = moving(4000, 16)
    shuffled = np.random.default_rng(1).permutation(values)
    assert correlation_time(values) > 4 * correlation_time(shuffled)
