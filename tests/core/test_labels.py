"""Labels as numbers: the same units and groups as of texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pytest_modellab.core.stats.labels import Labels, joined
from pytest_modellab.core.stats.units import independent

labels = st.lists(st.none() | st.sampled_from(["a", "b", "c", ""]), max_size=30)


def numbered(names: Sequence[str | None]) -> list[int]:
    """The groups as they come first; one without a label is a group of its own."""
    index: dict[object, int] = {}
    return [index.setdefault(i if name is None else name, len(index)) for i, name in enumerate(names)]


@given(labels)
def test_groups_are_numbered_as_they_come(names: list[str | None]) -> None:
    places, count = Labels.of(names).numbered()
    assert places.tolist() == numbered(names)
    assert count == len(set(numbered(names)))


@given(labels, labels)
def test_labels_are_a_sequence(names: list[str | None], others: list[str | None]) -> None:
    found = Labels.of(names)
    assert list(found) == names
    assert [found[i] for i in range(len(names))] == names
    assert list(found[1:]) == names[1:]
    assert list(joined([found, others])) == [*names, *others]
    assert Labels.of(found) is found
    assert found == names
    assert (found == Labels.of(others)) is (names == others)


@given(labels)
def test_places_are_by_name(names: list[str | None]) -> None:
    known = {name for name in names if name is not None}
    found = {name: own.tolist() for name, own in Labels.of(names).places()}
    assert list(found) == sorted(known)
    assert found == {name: [i for i, each in enumerate(names) if each == name] for name in known}
    assert sorted(Labels.of(names).known) == sorted(known)


def test_few_clusters_give_way_to_utterances() -> None:
    found = independent(["a", "b", "a", None], 4)
    assert (found.places.tolist(), found.count, found.conditional) == ([0, 1, 2, 3], 4, "conditional on 2 speakers")
    assert independent([None] * 3, 4).conditional == "from 3 utterances"
    assert independent(["a", "b", "a", None], 3).conditional == "conditional on 2 speakers"
    assert independent(["a", "b", "a", None], 2).places.tolist() == [0, 1, 0, 2]
    assert independent(["a", "b", "a", "c"], 3).places.tolist() == [0, 1, 0, 2]


def test_no_labels() -> None:
    assert list(Labels.none(2)) == [None, None]
    assert Labels.none(3).at(np.array([True, False, True])) == [None, None]
    assert list(joined([])) == []
