"""Groups of utterances by an attribute, and the gap between the worst and the best."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from records import edits, record, utterance

from pytest_modellab.core.metrics.gaps import Group, gap, groups, weigh
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.table import Table

WER = METRICS["wer"]


def made(**parts: Sequence[int]) -> list[Group]:
    """Groups by accent, of utterances of ten words with so many errors."""
    utterances = [
        utterance(f"{name}-{i}", words=edits(substitutions=wrong, hits=10 - wrong)).model_copy(
            update={"attributes": {"accent": name}}
        )
        for name, errors in parts.items()
        for i, wrong in enumerate(errors)
    ]
    return groups(WER, Table(record(utterances=[*utterances, utterance("nobody's")])), "accent")


def test_groups_are_named_counted_and_large_enough_or_not() -> None:
    large, small = made(scots=[1, 0] * 10, welsh=[2] * 4)
    assert (large.name, large.utterances, large.words, large.value, large.large) == ("scots", 20, 200, 0.05, True)
    assert (str(small), small.large) == ("welsh 40 words in 4 utterances", False)
    assert groups(WER, Table(record()), "accent") == []


def test_a_figure_without_words_takes_utterances_alone() -> None:
    told = [utterance(f"{i}").model_copy(update={"attributes": {"accent": "scots"}}) for i in range(5)]
    (found,) = groups(METRICS["success_rate"], Table(record(utterances=told)), "accent")
    assert (found.words, found.large, str(found)) == (0, True, "scots 5 utterances")


def test_the_gap_is_between_the_worst_and_the_best() -> None:
    found = gap(WER, made(scots=[2, 1] * 20, welsh=[1, 1] * 20, english=[1, 0] * 20))
    assert (found.worst, found.best) == ("scots", "english")
    assert found.value == pytest.approx(0.10)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.10 < found.high


def test_more_groups_to_choose_from_make_the_lower_end_lower() -> None:
    two = gap(WER, made(scots=[2, 1] * 20, english=[1, 0] * 20))
    many = gap(WER, made(scots=[2, 1] * 20, english=[1, 0] * 20, **{name: [1, 1] * 20 for name in "abcdef"}))
    assert two.low is not None
    assert many.low is not None
    assert many.low < two.low
    assert many.value == two.value


def test_without_an_interval_of_each_group_the_gap_has_none() -> None:
    those = made(scots=[1] * 4, english=[0] * 20)
    assert gap(WER, those).low is None
    assert weigh(WER, those, 0.05) is None


def test_the_evidence_about_a_bound() -> None:
    those = made(scots=[3, 2] * 40, english=[1, 0] * 80)
    beyond, within, between = (weigh(WER, those, bound) for bound in (0.05, 0.5, 0.2))
    assert beyond is not None
    assert within is not None
    assert between is not None
    assert beyond[0] < 0.001
    assert beyond[1] > 0.99
    assert within[0] == 1
    assert within[1] < 0.001
    assert min(between) > 0.05
