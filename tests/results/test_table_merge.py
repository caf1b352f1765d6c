"""Shards whose utterances lie in tables, joined: the record that one run would have written, or a refusal by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shard_parts import part
from tabled import made, tables_from

from pytest_modellab.results.merge import MergeError, merge
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import RecordError, canonical, files_of, read, write
from pytest_modellab.results.scoring import scored, terms_of
from pytest_modellab.results.table.stored_rows import StoredRows

SHARDS, COUNT = 8, 200


@pytest.fixture(autouse=True)
def tables() -> Iterator[None]:
    with tables_from(10):
        yield


def whole() -> Record:
    return made(COUNT, languages=("en", "de"))


def shards(folder: Path, **changes: Any) -> dict[Path, Path]:
    """The records of all shards as they are stored, by their folder."""
    one = whole()
    rows = list(one.utterances)
    found = {}
    for index in range(1, SHARDS + 1):
        places = tuple(range(index - 1, COUNT, SHARDS))
        own = part(index, places, of=SHARDS, utterances=COUNT, **changes)
        cut = one.model_copy(
            update={
                **{name: getattr(own, name) for name in ("id", "shard", "provenance")},
                "utterances": tuple(rows[place] for place in places),
            }
        )
        found[folder / str(index)] = write(scored(cut, one.rules, terms_of(one)), folder / str(index))
    return found


def joined(paths: dict[Path, Path]) -> Record:
    return merge({path: read(path) for path in paths.values()})


def test_eight_shards_are_the_single_run(tmp_path: Path) -> None:
    found = joined(shards(tmp_path))
    assert isinstance(found.utterances, StoredRows)
    alone = whole()
    same = {"provenance": alone.provenance}
    assert canonical(found.model_copy(update=same)) == canonical(alone)


def test_and_of_shards_that_hold_their_utterances(tmp_path: Path) -> None:
    with tables_from(10_000):
        paths = shards(tmp_path)
        assert all(len(files_of(path)) == 1 for path in paths.values())
        plain = joined(paths)
    assert canonical(joined(paths)) == canonical(plain)


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    paths = shards(tmp_path)
    del paths[tmp_path / "3"]
    with pytest.raises(MergeError, match="25 of 200 utterances are missing, no record of shard 3/8"):
        joined(paths)


def test_a_doubled_shard_is_named(tmp_path: Path) -> None:
    paths = shards(tmp_path)
    paths[tmp_path / "again"] = write(read(paths[tmp_path / "3"]).model_copy(update={"id": "00000033"}), tmp_path)
    with pytest.raises(MergeError, match=r"in more than one record:\n  shard 3/8: .*\n  shard 3/8: "):
        joined(paths)


def test_a_shard_that_was_altered_is_named(tmp_path: Path) -> None:
    paths = shards(tmp_path)
    path = paths[tmp_path / "3"]
    _, table = files_of(path)
    table.write_bytes(table.read_bytes()[:-1])
    with pytest.raises(RecordError, match=f"^{re.escape(str(path))}: its table {table.name} was changed"):
        joined(paths)
