"""Figures counted again from utterances: of the records that are committed, which real models left, for every task."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_modellab.bench.record import Record
from pytest_modellab.bench.record_files import read
from pytest_modellab.bench.recount import all_apart, figures_apart, recounted

ROOT = Path(__file__).parent.parent
RECORDS = sorted((ROOT / "results").rglob("*.json.gz"))
SMALL = {path.parent.parent.parent.name: path for path in sorted(RECORDS, key=lambda path: -path.stat().st_size)}
"""The smallest record of each task."""
MEASURED = {
    *("timing.load_s", "timing.first_call_s", "timing.load_average", "timing.others", "timing.loading_others"),
    *("timing.throttled", "streaming.chunk_s", "streaming.pace", "utterances", "memory", "loaded", "price"),
}
"""What was measured once, or was asked for: nothing else in the record tells it."""


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: "-".join(path.parts[-4:]))
def test_every_figure_of_a_real_record_follows_from_its_utterances(path: Path) -> None:
    record = read(path)
    assert not list(figures_apart(record, recounted(record)))


def numbers(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        if isinstance(each, int | float) and not isinstance(each, bool):
            yield (*path, key)
        else:
            yield from numbers(each, (*path, key))


@pytest.mark.parametrize("task", SMALL)
def test_any_other_number_is_found(task: str) -> None:
    """But of what was measured once; and of an utterance no number that is no count of its own texts."""
    record = recounted(read(SMALL[task]))
    assert not list(all_apart(record, recounted(record)))
    data = json.loads(record.model_dump_json(by_alias=True))
    unseen = set()
    for path in [path for path in numbers(data) if path[0] != "provenance" and path[:1] != ("utterances",)]:
        place = data
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] += 1
        changed = Record.model_validate(data)
        if not list(all_apart(changed, recounted(changed))):
            unseen.add(".".join(str(key) for key in path if not isinstance(key, int)))
        place[path[-1]] -= 1
    assert {name for name in unseen if name not in MEASURED and name.partition(".")[0] not in MEASURED} == set()
