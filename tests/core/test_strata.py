"""The interval of a macro average over languages; its coverage over more sizes is simulated in benchmarks/."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_modellab.core.metrics.aggregate import Column, Ratio
from pytest_modellab.core.stats.evidence import weigh
from pytest_modellab.core.stats.intervals import Interval, error_rate_interval
from pytest_modellab.core.stats.strata import stratified_rate_interval

RATES = {"en": 0.05, "de": 0.12, "zh": 0.08}


def drawn(random: np.random.Generator, clips: tuple[int, ...], speakers: int | None = None) -> Column:
    """A column of the macro average; errors differ in difficulty by utterance alone."""
    errors, units, names, strata = [], [], [], []
    for (language, rate), n in zip(RATES.items(), clips, strict=False):
        of = random.integers(5, 40, n).astype(np.float64)
        wrong = random.poisson(rate * of * random.lognormal(-0.245, 0.7, n))
        weight = 100 / of.sum()
        errors.append(weight * wrong)
        units.append(weight * of)
        names += [None if speakers is None else f"{language} {i % speakers}" for i in range(n)]
        strata += [language] * n
    values, of = np.concatenate(errors), np.concatenate(units)
    return Column(np.arange(len(values)), values, of, names, strata=strata)


@pytest.mark.parametrize("clips", [(5, 5, 5), (20, 20, 20), (100, 5), (100, 20, 5)])
def test_it_covers_the_mean_of_the_rates_however_many_clips_a_language_has(clips: tuple[int, ...]) -> None:
    random = np.random.default_rng(sum(clips))
    truth = float(np.mean([*RATES.values()][: len(clips)]))
    covered = 0
    for _ in range(600):
        found = Ratio().interval(drawn(random, clips))
        covered += found is not None and found.low <= truth <= found.high
    assert covered >= 558


def test_of_one_stratum_it_is_that_of_an_error_rate() -> None:
    column = drawn(np.random.default_rng(0), (30,), speakers=10)
    one = stratified_rate_interval(column.values, column.of, column.clusters, column.strata)
    other = error_rate_interval(column.values, column.of, column.clusters)
    assert one is not None
    assert other is not None
    assert [one.low, one.high, one.df] == pytest.approx([other.low, other.high, other.df])
    assert one.clusters == other.clusters


def test_a_language_of_few_clips_that_makes_most_of_the_variance_has_few_degrees_of_freedom() -> None:
    random = np.random.default_rng(1)
    found = [Ratio().interval(drawn(random, (100, 5))) for _ in range(20)]
    assert np.median([each.df for each in found if each is not None and each.df is not None]) < 20


def test_with_fewer_than_five_clips_of_a_language_there_is_none() -> None:
    assert Ratio().interval(drawn(np.random.default_rng(0), (100, 4))) is None


@pytest.mark.parametrize(
    ("speakers", "conditional"),
    [(None, ""), (1, "conditional on 2 speakers"), (2, "conditional on 4 speakers"), (3, "")],
)
def test_few_speakers_are_what_it_is_conditional_on(speakers: int | None, conditional: str) -> None:
    found = Ratio().interval(drawn(np.random.default_rng(0), (30, 30), speakers))
    assert found is not None
    assert found.conditional == conditional


def interval(errors: list[float]) -> Interval:
    found = stratified_rate_interval(errors, [10.0] * 20, [None] * 20, ["en"] * 10 + ["zh"] * 10)
    assert found is not None
    return found


def test_without_an_error_it_is_open_as_far_as_the_rule_of_three_says() -> None:
    found = interval([0.0] * 20)
    of_one = 1 - 0.05 ** (1 / 10)
    assert [found.low, found.high] == pytest.approx([0, of_one / np.sqrt(2)])
    assert weigh(0.0, found, 0.5).below < 0.05
    half = interval([1.0, 2.0, 0.0, 1.0, 3.0, 1.0, 0.0, 2.0, 1.0, 1.0] + [0.0] * 10)
    assert half.high - 0.06 > of_one / 2  # one language without an error is not known to have none


def test_where_nothing_varies_it_has_a_width() -> None:
    found = interval([1.0] * 10 + [2.0] * 10)
    assert found.low < 0.15 < found.high


def test_parts_of_a_column_keep_their_strata() -> None:
    column = drawn(np.random.default_rng(0), (6, 6))
    assert column.at(np.arange(4, 8)).strata == ["en", "en", "de", "de"]


def test_unknown_speakers_are_none_of_the_five() -> None:
    names = ["ena", "enb", "esa", "esb"] * 20
    strata = [name[:2] for name in names]
    errors, words = [i % 3 for i in range(80)], [10] * 80
    some = [*names[:40], None, None, *names[42:]]
    known, unknown = (stratified_rate_interval(errors, words, each, strata) for each in (names, some))
    assert known is not None
    assert unknown is not None
    assert known.conditional == unknown.conditional == "conditional on 4 speakers"
    assert (known.low, known.high) == (unknown.low, unknown.high)
