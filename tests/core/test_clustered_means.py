"""Means of values that cluster by speaker."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.stats.intervals import clustered_mean_interval, mean_interval, student_t_interval
from pytest_modellab.core.stats.units import independent

OWN = [0.31, 0.47, 0.52, 0.55, 0.58, 0.61, 0.66, 0.72, 0.8, 0.93]
SPEAKERS = [f"s{i}" for i in range(10) for _ in range(6)]
VALUES = np.repeat(OWN, 6).tolist()


def test_speakers_whose_values_are_alike_are_as_many_values() -> None:
    found, alone = clustered_mean_interval(VALUES, SPEAKERS), student_t_interval(OWN)
    assert found is not None
    assert alone is not None
    assert found.clusters == 10
    assert found.low <= alone.low + 1e-9
    assert found.high >= alone.high - 1e-9


def test_it_is_wider_than_that_of_independent_values() -> None:
    found, apart = clustered_mean_interval(VALUES, SPEAKERS), mean_interval(VALUES)
    assert found is not None
    assert apart is not None
    assert found.high - found.low > 2 * (apart.high - apart.low)


def test_without_speakers_it_is_that_of_independent_values() -> None:
    assert clustered_mean_interval(VALUES, [None] * len(VALUES)) == mean_interval(VALUES)


def test_of_a_few_speakers_it_is_conditional_on_them() -> None:
    found = clustered_mean_interval(OWN, ["a", "b"] * 5)
    assert found is not None
    assert found.conditional == "conditional on 2 speakers"


def test_the_mean_of_what_units_add_is_that_of_all_values() -> None:
    names = ["a"] * 40 + ["b"] * 5 + ["c", "d", "e"]
    values = np.random.default_rng(3).normal(0.5, 0.2, len(names))
    assert independent(names).spread(values).mean() == pytest.approx(values.mean())


@pytest.mark.parametrize("name", ["turn_auc", "turn_wait_s", "turn_wait_at_5_s"])
def test_figures_of_turns_cluster_by_speaker(name: str) -> None:
    assert METRICS[name].cluster is not None


def test_what_one_speaker_in_many_does_rarely_happens_by_speaker_too() -> None:
    values = [1.0] * 5 + [0.0] * 495
    assert clustered_mean_interval(values, [f"s{i // 5}" for i in range(500)]) is None
    assert clustered_mean_interval(values[::5], [None] * 100) is None
