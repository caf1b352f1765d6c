"""Differences of two figures have the degrees of freedom of their intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from pytest_modellab.core.stats.differences import Figure, ends, p_beyond
from pytest_modellab.core.stats.intervals import Interval, student_t_interval


def figure(values: list[float]) -> Figure:
    interval = student_t_interval(values)
    assert interval is not None
    return Figure.of(float(np.mean(values)), interval)


def test_of_two_means_it_is_the_test_of_welch() -> None:
    random = np.random.default_rng(0)
    one, other = random.normal(0, 1, 5).tolist(), random.normal(1.5, 2, 8).tolist()
    expected = stats.ttest_ind(other, one, equal_var=False)
    assert p_beyond(figure(one), figure(other)) == pytest.approx(expected.pvalue / 2, rel=1e-6)
    beyond = stats.ttest_ind(np.array(other) - 0.5, one, equal_var=False)
    assert p_beyond(figure(one), figure(other), 0.5) == pytest.approx(beyond.pvalue / 2, rel=1e-6)


def test_few_degrees_of_freedom_are_not_the_normal_distribution() -> None:
    one, other = Figure(0.10, 0.05, 0.15, 2), Figure(0.30, 0.25, 0.35, 2)
    assert p_beyond(one, other) == pytest.approx(
        stats.t.sf(0.2 / (math.hypot(0.05, 0.05) / stats.t.ppf(0.975, 2)), 4), rel=1e-6
    )
    normal, another = (Figure(each.value, each.low, each.high, None) for each in (one, other))
    assert p_beyond(normal, another) < 1e-7 < p_beyond(one, other)


def test_on_the_bound_nothing_is_told_and_without_width_all_is() -> None:
    one = Figure(0.1, 0.05, 0.15, None)
    assert p_beyond(one, one) == 0.5
    assert p_beyond(Figure(0.1, 0.1, 0.1, None), Figure(0.2, 0.2, 0.2, None)) == 0.0


def test_ends_are_those_of_mover() -> None:
    low, high = ends(Figure(0.2, 0.1, 0.4, None), Figure(0.3, 0.25, 0.5, None))
    assert low == pytest.approx(0.1 - math.hypot(0.05, 0.2))
    assert high == pytest.approx(0.1 + math.hypot(0.2, 0.1))


def test_the_whole_interval_counts_where_a_scale_cut_it_off() -> None:
    interval = Interval(-0.2, 1.3, "Student's t", 5).within(0, 1)
    assert (interval.low, interval.high, interval.whole) == (0, 1, (-0.2, 1.3))
    assert (Figure.of(0.6, interval).low, Figure.of(0.6, interval).high) == (-0.2, 1.3)
    assert Interval(0.2, 0.9, "Student's t", 5).within(0, None).whole is None


@pytest.mark.parametrize(
    ("method", "df"),
    [("Student's t", 4), ("jackknife", 4), ("linearised cluster t on log", 4), ("exact", None), ("bootstrap", None)],
)
def test_methods_by_students_t_have_degrees_of_freedom(method: str, df: float | None) -> None:
    assert Figure.of(0.5, Interval(0.4, 0.6, method, 5)).df == df


@pytest.mark.parametrize("n", [5, 30, 300])
@pytest.mark.parametrize("factor", [1, 2, 3])
def test_of_a_figure_without_errors_no_more_is_told_than_is_so(n: int, factor: float) -> None:
    high = 1 - 0.05 ** (1 / n)
    none, sure = Interval(0.0, high, "rule of three", n), Figure(factor * high, factor * high, factor * high, None)
    exact = (1 - factor * high) ** n if factor * high < 1 else 0.0
    assert p_beyond(Figure.of(0.0, none), sure) >= exact * (1 - 1e-9)


def test_two_groups_without_errors_are_not_surer_than_one() -> None:
    none = Figure.of(0.0, Interval(0.0, 1 - 0.05 ** (1 / 30), "rule of three", 30))
    assert p_beyond(none, none, 0.08) > 0.07


def test_an_end_that_the_scale_cut_off_in_older_records_is_as_far_as_the_other() -> None:
    found = Figure.of(1.0, Interval(0.0, 4.0, "jackknife", 20))
    assert (found.low, found.high) == (-2.0, 4.0)
