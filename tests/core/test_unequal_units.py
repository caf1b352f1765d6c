"""Units of unequal sizes, as speakers of whom one has half of the clips, are worth fewer of one size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import pytest

from pytest_modellab.core.metrics.aggregate import Column, Mean, Ratio, Share
from pytest_modellab.core.metrics.metric import Metric
from pytest_modellab.core.metrics.pooled import NormalizedCrossEntropy, PooledQuantile
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.stats.evidence import weigh
from pytest_modellab.core.stats.intervals import Interval, error_rate_interval
from pytest_modellab.core.stats.paired import compare
from pytest_modellab.core.stats.units import degrees_of_freedom, independent
from pytest_modellab.reports.comparison.statistics import of_means
from pytest_modellab.tasks.translate.corpus_scores import CorpusScore

CLIPS = 60
EQUAL = [f"s{i % 10}" for i in range(CLIPS)]
ONE_OF_HALF = ["s0"] * (CLIPS // 2) + [f"s{1 + i % 9}" for i in range(CLIPS // 2)]


@pytest.mark.parametrize(
    ("sizes", "df"),
    [
        ([7] * 10, 9),
        ([9] + [1] * 9, 324 / 90 - 1),
        ([5], 1),
        ([1000, 1], 1),
        ([1000, 1, 1], 2),
        ([], 1),
        ([3, 3, 3, 1], 100 / 28 - 1),
    ],
)
def test_units_are_worth_so_many_of_one_size(sizes: list[int], df: float) -> None:
    assert degrees_of_freedom(sizes) == pytest.approx(df)


def column(metric: Metric, clusters: Sequence[str | None]) -> Column:
    """Of clips that are the same whoever speaks them, so that the speakers alone differ."""
    random = np.random.default_rng(3)
    of = np.full(CLIPS, 10.0)
    values = random.integers(1, 9, CLIPS).astype(np.float64)
    lists: list[list[float]] = []
    match metric.aggregate:
        case PooledQuantile():
            lists = random.lognormal(0, 1, (CLIPS, 10)).tolist()
        case NormalizedCrossEntropy():
            lists = [
                [p for _ in range(5) for p in (random.uniform(0.1, 0.9), float(random.random() < 0.5))] for _ in of
            ]
        case CorpusScore(score=score):
            counts = (20, 20, 18, 14, 10, 7, 20, 19, 18, 17) if score == "bleu" else (30, 30, 20) * 6
            lists = [[float(count - random.integers(0, 5)) for count in counts] for _ in of]
    return Column(np.arange(CLIPS), values, of, list(clusters), lists=lists)


CLUSTERED = [
    metric
    for metric in METRICS.values()
    if metric.cluster is not None
    and metric.order is None
    and metric.stratum is None
    and isinstance(metric.aggregate, Mean | PooledQuantile | NormalizedCrossEntropy | CorpusScore | Ratio | Share)
    and getattr(metric.aggregate, "method", "rate") == "rate"
    and getattr(metric.aggregate, "clustered", True)
]


@pytest.mark.parametrize("metric", CLUSTERED, ids=lambda metric: metric.name)
def test_an_interval_of_each_metric_that_clusters_is_wider_where_one_speaker_has_half(metric: Metric) -> None:
    def width(clusters: Sequence[str | None]) -> float:
        found = metric.aggregate.interval(column(metric, clusters))
        assert found is not None
        return found.high - found.low

    random = np.random.default_rng(0)
    equal, half = (
        np.mean([width(random.permutation(names).tolist()) for _ in range(8)]) for names in (EQUAL, ONE_OF_HALF)
    )
    assert half > 1.1 * equal


def test_that_there_are_such_metrics_of_each_kind() -> None:
    assert {type(metric.aggregate) for metric in CLUSTERED} == {
        Mean, PooledQuantile, NormalizedCrossEntropy, CorpusScore, Ratio, Share
    }  # fmt: skip


def test_a_recording_of_half_of_the_words_is_worth_as_little_as_a_speaker() -> None:
    found = error_rate_interval([10, 1, 2, 1, 0, 1], [100, 20, 20, 20, 20, 20], [None] * 6)
    assert found is not None
    assert found.df == pytest.approx(200**2 / (100**2 + 5 * 20**2) - 1)


def test_comparisons_over_them_are_wider_too() -> None:
    random = np.random.default_rng(1)
    before, change = random.normal(0.5, 0.1, CLIPS), random.normal(0, 0.05, CLIPS)
    first, second = random.integers(0, 3, CLIPS), random.integers(0, 3, CLIPS)

    def of_scores(names: list[str]) -> float:
        found = of_means(before, before + change, names)
        assert found is not None
        return found.high - found.low

    def of_rates(names: list[str]) -> float:
        found = compare(first, second, [10] * CLIPS, names, 10)
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        return found.high - found.low

    many = [f"s{i % 30}" for i in range(CLIPS)]
    half = ["s0"] * (CLIPS // 2) + [f"s{1 + i}" for i in range(CLIPS // 2)]
    for width, equal, unequal in ((of_scores, EQUAL, ONE_OF_HALF), (of_rates, many, half)):
        narrow, wide = (
            np.mean([width(random.permutation(names).tolist()) for _ in range(20)]) for names in (equal, unequal)
        )
        assert wide > 1.1 * narrow


@pytest.mark.parametrize("interval", [Ratio().interval, Mean().interval])
def test_the_end_of_such_an_interval_is_where_its_p_value_is_the_tail(
    interval: Callable[[Column], Interval | None],
) -> None:
    random = np.random.default_rng(2)
    values = random.normal(5, 1, CLIPS)
    ones = Column(np.arange(CLIPS), values, np.ones(CLIPS), ONE_OF_HALF)
    found = interval(ones)
    assert found is not None
    assert found.df is not None
    assert weigh(float(values.mean()), found, found.high).below == pytest.approx(0.025, abs=1e-3)


@pytest.mark.parametrize("score", ["bleu", "chrf"])
def test_a_recording_of_half_of_the_words_is_worth_as_little_to_a_score_of_a_corpus(
    score: Literal["bleu", "chrf"],
) -> None:
    random = np.random.default_rng(4)
    counts = (20, 20, 18, 14, 10, 7, 20, 19, 18, 17) if score == "bleu" else (30, 30, 20) * 6

    def df(first: int) -> float | None:
        lists = [[float(count - random.integers(0, 5)) for count in counts] for _ in range(20)]
        lists[0] = [first * each for each in lists[0]]
        found = CorpusScore(score).interval(Column(np.arange(20), np.ones(20), np.ones(20), [None] * 20, lists=lists))
        assert found is not None
        return found.df

    assert df(1) == pytest.approx(19, abs=0.5)
    assert df(19) == pytest.approx(3, abs=0.7)


class TestKnownSpeakers:
    """Recordings whose speaker isn't known are no speakers that others could be told from."""

    def test_one_known_speaker_stays_one(self) -> None:
        found = independent(["a"] * 50 + [None] * 4)
        assert (found.count, found.conditional) == (54, "conditional on 1 speaker")

    def test_five_are_enough_beside_unknown_ones(self) -> None:
        found = independent([*"aabbccddee", None, None])
        assert (found.count, found.conditional) == (7, "")

    def test_where_none_is_known_recordings_are_independent(self) -> None:
        found = independent([None] * 6)
        assert (found.count, found.conditional) == (6, "")

    def test_so_it_is_in_a_comparison(self) -> None:
        names = [*"aaaaaaaaaa", *[None] * 30]
        assert independent(names, 25).conditional == "conditional on 1 speaker"
