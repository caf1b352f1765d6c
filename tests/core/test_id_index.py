"""Places and numbers by id, and digests of lists that are not held."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modellab.core.id_index import IdIndex, NumbersById
from pytest_modellab.core.json_digest import json_digest

IDS = [f"set/clip-{i}" for i in range(500)] + ["", "\ud800"]


def index() -> IdIndex:
    return IdIndex(lambda: iter(IDS))


def test_places_are_those_of_the_sequence() -> None:
    found = index()
    assert len(found) == len(IDS)
    assert [found.get(id) for id in IDS] == list(range(len(IDS)))
    assert found.get("another") is None
    assert IdIndex(lambda: iter(())).get("a") is None


def test_an_id_that_is_there_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        IdIndex(lambda: iter(["a", "b", "a"]))


def test_numbers_by_id_are_a_mapping() -> None:
    numbers = NumbersById(index())
    assert len(numbers) == 0
    assert numbers.get("set/clip-3") is None
    numbers["set/clip-3"] = 2.5
    numbers["set/clip-1"] = 1.0
    assert dict(numbers) == {"set/clip-1": 1.0, "set/clip-3": 2.5}
    assert "set/clip-1" in numbers
    assert numbers.total() == 3.5
    del numbers["set/clip-1"]
    assert list(numbers) == ["set/clip-3"]
    with pytest.raises(KeyError):
        numbers["unknown"] = 1.0
    with pytest.raises(KeyError):
        del numbers["set/clip-1"]


@given(st.lists(st.tuples(st.sampled_from(IDS[:5]), st.sampled_from([None, 1.0, 2.0, float("nan")]))))
def test_as_many_are_there_as_were_set_and_not_removed(steps: list[tuple[str, float | None]]) -> None:
    numbers, there = NumbersById(index()), dict[str, float]()
    for id, value in steps:
        if value is None or value != value:
            there.pop(id, None)
        else:
            there[id] = value
        if value is not None:
            numbers[id] = value
        elif id in numbers:
            del numbers[id]
        assert len(numbers) == len(list(numbers)) == len(there)
    assert dict(numbers) == there


def test_numbers_are_given_for_all_at_once() -> None:
    numbers = NumbersById.of(index(), map(float, range(len(IDS))))
    assert len(numbers) == len(IDS)
    assert numbers[IDS[-1]] == len(IDS) - 1
    assert list(numbers) == IDS


@pytest.mark.parametrize("value", [[], [1, "é", None], [["a", 1.5], ["b", None]], [[], {"k": [1, 2]}]])
def test_a_digest_is_that_of_the_whole_text(value: list[object]) -> None:
    whole = hashlib.sha256(json.dumps(value, ensure_ascii=False).encode()).hexdigest()
    assert json_digest(value) == whole
    assert json_digest(iter(each) if isinstance(each, list) else each for each in value) == whole
