"""How recordings are handed over: streams, and levels of load."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pytest_modellab.catalog.levels import with_levels
from pytest_modellab.catalog.specs import DatasetSpec, LoadSpec, StreamSpec


def dataset(**fields: Any) -> DatasetSpec:
    given = {"schema": "modellab.dataset/1", "id": "calls", "tasks": ["load"], "tiers": [], "manifest": "calls.jsonl"}
    return DatasetSpec.model_validate({**given, **fields})


@pytest.mark.parametrize(
    ("load", "levels"),
    [
        ({"concurrency": 1}, {"c1": "1 user"}),
        ({"concurrency": [2, 8]}, {"c2": "2 users", "c8": "8 users"}),
        ({"rate": [0.5, 1]}, {"r0.5": "0.5 calls a second", "r1": "1 call a second"}),
        ({"streams": [1, 4]}, {"s1": "1 stream", "s4": "4 streams"}),
    ],
)
def test_levels_by_their_names(load: dict[str, Any], levels: dict[str, str]) -> None:
    spec = LoadSpec.model_validate(load)
    assert {name: level.level for name, level in spec.levels.items()} == levels
    found = with_levels({"calls": dataset(load=load, title="Calls")})
    assert list(found) == [f"calls+{name}" for name in levels]
    assert [each.title for each in found.values()] == [f"Calls, {told}" for told in levels.values()]
    assert all(id == each.id for id, each in found.items())


@pytest.mark.parametrize(
    ("load", "message"),
    [
        ({}, "one of `concurrency`, `rate` and `streams`"),
        ({"concurrency": 1, "streams": 1}, "one of `concurrency`, `rate` and `streams`"),
        ({"rate": [1, 1]}, "`rate`: a level stands twice"),
        ({"rate": 0}, "`rate`: 0 is not above 0 and at most 10000"),
        ({"streams": 600}, "`streams`: 600 is not above 0 and at most 512"),
    ],
)
def test_levels_that_are_none(load: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        LoadSpec.model_validate(load)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "`load` and the task load go together"),
        ({"tasks": ["asr"], "load": {"concurrency": 1}}, "`load` and the task load go together"),
        ({"tasks": ["asr", "load"], "load": {"concurrency": 1}}, "has no other task"),
    ],
)
def test_load_goes_with_its_task_alone(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        dataset(**fields)


def test_other_data_sets_stay_as_they_are() -> None:
    spec = dataset(tasks=["asr"])
    assert with_levels({"calls": spec}) == {"calls": spec}


def test_an_end_of_speech_is_found_in_time() -> None:
    assert StreamSpec(endpoint_s=3.0).endpoint_s == 3.0
    with pytest.raises(ValidationError, match="`endpoint_s` needs a `pace`"):
        StreamSpec(endpoint_s=3.0, pace=None)
