"""Runs of data sets that are kept in a file, whose records have tables: the same as those that are held in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakeruns import FakeRuns, StopsAt
from tabled import tables_from

from pytest_modellab.catalog.datasets import spool
from pytest_modellab.results import table
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import canonical, files_of
from pytest_modellab.results.shards import Shard
from pytest_modellab.results.table.stored_rows import StoredRows
from pytest_modellab.runner.journal import Journal

TEXTS = [
    f"one fine day {word}"
    for word in ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet"]
]


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Everything counts as large."""
    monkeypatch.setattr(spool, "FEWEST", 4)
    with tables_from(4, group=4):
        yield


def ready(runs: FakeRuns) -> FakeRuns:
    runs.texts = TEXTS
    return runs.ready(wrong={2: "one fine night charlie", 5: "foxtrot"})


def held(runs: FakeRuns) -> Record:
    """The record of the run in memory."""
    with tables_from(10_000):
        return ready(runs).measured(fresh=True)


@pytest.mark.usefixtures("many")
class TestLargeRuns:
    def test_the_record_is_the_same(self, runs: FakeRuns) -> None:
        found = ready(runs).measured()
        assert isinstance(found.utterances, StoredRows)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(spool, "FEWEST", 10_000)
            plain = held(runs)
        assert isinstance(plain.utterances, tuple)
        assert canonical(found) == canonical(plain)

    def test_several_processes_score_it(self, runs: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
        alone = ready(runs).measured()
        monkeypatch.setattr(table, "FEWEST_SHARED", 4)
        assert canonical(ready(runs).measured(fresh=True)) == canonical(alone)

    def test_it_stands_for_the_next_session(self, runs: FakeRuns) -> None:
        first = ready(runs).outcome()
        again = ready(runs).outcome()
        assert again.unchanged_since is not None
        assert again.path == first.path

    def test_one_that_was_broken_off_goes_on(self, runs: FakeRuns) -> None:
        with pytest.raises(KeyboardInterrupt):
            ready(runs).run(progress=StopsAt(6))
        found = runs.measured()
        assert found.provenance.resumed == 6
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(spool, "FEWEST", 10_000)
            plain = held(runs)
        assert [each.hypothesis for each in found.utterances] == [each.hypothesis for each in plain.utterances]

    def test_a_shard_of_it(self, runs: FakeRuns) -> None:
        found = ready(runs).outcome(shard=Shard(1, 2))
        assert found.record is not None
        assert found.record.shard is not None
        assert [each.id for each in found.record.utterances] == [f"clip-{i}" for i in found.record.shard.places]
        assert found.path is not None
        assert len(files_of(found.path)) == 2


def test_a_line_of_the_journal_that_was_changed_is_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal.open(path, {"key": "k"}) as journal:
        place = journal.append({"utterance": "a", "text": "one"})
        assert journal.line(place) == {"utterance": "a", "text": "one"}
        assert list(journal.placed()) == [(place, {"utterance": "a", "text": "one"})]
        path.write_bytes(path.read_bytes().replace(b"one", b"two"))
        with pytest.raises(OSError, match="a line of the journal was changed"):
            journal.line(place)
        assert list(journal.lines) == []
