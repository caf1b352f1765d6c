"""Records whose utterances lie in a table: the same as those that hold them; refused where the table isn't theirs."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import to_json
from records import record, utterance
from tabled import answered_anew, made, rows, tables_from

from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.table import Table
from pytest_modellab.core.schema_base import Failure
from pytest_modellab.results import table
from pytest_modellab.results.record import BatchRef, Record, UtteranceResult
from pytest_modellab.results.record_files import RecordError, canonical, files_of, read, text, write
from pytest_modellab.results.record_header import checked_header, read_header
from pytest_modellab.results.recount import all_apart, figures_apart, recounted, stated_twice
from pytest_modellab.results.rescore import rescore
from pytest_modellab.results.table.layout import decoded, encoded
from pytest_modellab.results.table.stored_rows import StoredRows
from pytest_modellab.results.values import valued
from pytest_modellab.results.worst_utterances import worst_utterances


@pytest.fixture
def tables() -> Iterator[None]:
    with tables_from(10):
        yield


def in_table(original: Record, folder: Path) -> Record:
    """The same record out of a table."""
    found = read(write(original, folder))
    assert isinstance(found.utterances, StoredRows)
    return found


def as_stored(original: Record) -> Record:
    return original.model_copy(update={"seal": None})


@pytest.mark.usefixtures("tables")
class TestBothForms:
    def test_what_is_written_is_read_back(self, tmp_path: Path) -> None:
        original = made()
        found = in_table(original, tmp_path)
        assert as_stored(found) == original
        assert canonical(found) == canonical(original)
        assert list(found.utterances) == list(original.utterances)
        assert found.utterances[-1] == original.utterances[-1]
        assert found.utterances[17:3:-5] == tuple(original.utterances[17:3:-5])
        with pytest.raises(IndexError):
            found.utterances[len(original.utterances)]

    def test_two_files_are_one_record(self, tmp_path: Path) -> None:
        path = write(made(), tmp_path)
        assert sorted(path.parent.iterdir()) == sorted(files_of(path))
        assert [each.name for each in files_of(path)] == [path.name, f"{path.stem}.utterances.parquet"]
        assert json.loads(path.read_bytes())["schema"] == "modellab.record/3"

    def test_small_records_stay_as_they_are(self, tmp_path: Path) -> None:
        path = write(record(), tmp_path)
        assert path.read_text() == text(record())
        assert files_of(path) == (path,)

    def test_a_record_of_a_table_in_one_file(self, tmp_path: Path) -> None:
        original = made()
        assert text(in_table(original, tmp_path)) == text(original)

    @pytest.mark.parametrize("languages", [("en",), ("en", "de", "zh", None)], ids=["one", "several languages"])
    def test_every_value_is_the_same(self, tmp_path: Path, languages: tuple[str | None, ...]) -> None:
        with tables_from(1000):
            plain = made(120, languages=languages)
        original = made(120, languages=languages)
        assert isinstance(original.utterances, StoredRows)
        assert original == plain
        assert valued(in_table(plain, tmp_path)).values == plain.values
        assert [*figures_apart(original, recounted(plain)), *all_apart(original, recounted(original))] == []
        assert list(stated_twice(original)) == []

    def test_columns_are_those_of_the_rows(self, tmp_path: Path) -> None:
        with tables_from(1000):
            plain = made(languages=("en", "zh"))
        stored = in_table(plain, tmp_path)
        for metric in METRICS.values():
            if metric.why_elsewhere("asr") is not None or metric.contribution is None:
                continue
            one, other = Table(plain).column(metric), Table(stored).column(metric)
            for name in ("rows", "values", "of", "clusters", "strata", "order"):
                assert list(getattr(one, name)) == list(getattr(other, name)), (metric.name, name)
            assert one.nouns == other.nouns

    def test_a_column_of_another_definition_is_computed_anew(self, tmp_path: Path) -> None:
        stored = in_table(made(), tmp_path)
        assert isinstance(stored.utterances, StoredRows)
        stored.utterances.versions["wer"] = 99
        assert stored.utterances.contributions(METRICS["wer"]) is None
        assert valued(stored).values == made().values

    def test_rescored(self, tmp_path: Path) -> None:
        with tables_from(1000):
            plain = rescore(made())
        again = rescore(in_table(made(), tmp_path))
        assert isinstance(again.utterances, StoredRows)
        assert canonical(again) == canonical(plain)

    def test_the_worst_utterances(self, tmp_path: Path) -> None:
        plain = made()
        assert worst_utterances(in_table(plain, tmp_path), 7) == worst_utterances(plain, 7)

    def test_a_record_that_stands_again_takes_its_table_along(self, tmp_path: Path) -> None:
        found = in_table(made(), tmp_path / "one")
        again = in_table(found.model_copy(update={"id": "fedcba98"}), tmp_path / "other")
        shutil.rmtree(tmp_path / "one")
        assert list(again.utterances) == list(made().utterances)

    def test_several_processes_make_the_same_table(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        alone = made()
        monkeypatch.setattr(table, "FEWEST_SHARED", 1)
        assert made() == alone

    def test_what_another_process_can_not_do_is_done_here(self, monkeypatch: pytest.MonkeyPatch) -> None:
        alone = made()
        monkeypatch.setattr(table, "FEWEST_SHARED", 1)
        monkeypatch.setattr("pytest_modellab.results.table.processes._MODULE", "no.such.module")
        assert made() == alone

    def test_without_pyarrow_a_record_holds_its_utterances(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(table, "readable", lambda: False)
        path = write(made(), tmp_path)
        assert files_of(path) == (path,)
        assert as_stored(read(path)) == made()


@pytest.mark.usefixtures("tables")
class TestDamage:
    def refused(self, path: Path, why: str) -> None:
        with pytest.raises(RecordError, match=f"^{re.escape(str(path))}: {why}"):
            read(path)

    def test_a_missing_table(self, tmp_path: Path) -> None:
        path = write(made(), tmp_path)
        files_of(path)[1].unlink()
        self.refused(path, r"its table \S+\.utterances\.parquet is missing")

    def test_a_table_that_was_changed(self, tmp_path: Path) -> None:
        path = write(made(), tmp_path)
        data = bytearray(files_of(path)[1].read_bytes())
        data[len(data) // 2] ^= 1
        files_of(path)[1].write_bytes(data)
        self.refused(path, r"its table \S+ was changed after it was written, or is another record's")

    def test_another_record_s_table(self, tmp_path: Path) -> None:
        path, other = write(made(), tmp_path), write(made(seed=1).model_copy(update={"id": "fedcba98"}), tmp_path)
        shutil.copyfile(files_of(other)[1], files_of(path)[1])
        self.refused(path, r"its table \S+ was changed after it was written, or is another record's")

    def test_a_header_that_was_changed(self, tmp_path: Path) -> None:
        path = write(made(), tmp_path)
        path.write_text(path.read_text().replace('"title": "tiny"', '"title": "large"'))
        self.refused(path, "was changed after it was written")

    @pytest.mark.parametrize("name", ["../x.utterances.parquet", "/x.utterances.parquet", "x.json"])
    def test_a_table_elsewhere(self, tmp_path: Path, name: str) -> None:
        path = write(made(), tmp_path)
        path.write_text(path.read_text().replace(files_of(path)[1].name, name))
        self.refused(path, "not a modellab.record/3: table: file: ")

    def test_without_pyarrow(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        path = write(made(), tmp_path)
        monkeypatch.setattr(table, "readable", lambda: False)
        self.refused(path, r"its utterances lie in a table, which takes pyarrow: pip install 'pytest-modellab\[parq")

    def test_its_header_is_read_without_the_table(self, tmp_path: Path) -> None:
        original = made()
        path = write(original, tmp_path)
        files_of(path)[1].unlink()
        assert read_header(path).values == original.values
        assert read_header(path).utterances == ()

    def test_a_checked_header_needs_a_table_of_the_same_size(self, tmp_path: Path) -> None:
        original = made()
        path = write(original, tmp_path)
        beside = files_of(path)[1]
        data = beside.read_bytes()
        assert checked_header(path).values == original.values
        for damaged in (data[:-1], b"", data + data):
            beside.write_bytes(damaged)
            told = f"written: it has {len(damaged)} bytes, and was written with {len(data)}"
            with pytest.raises(RecordError, match=f"^{re.escape(str(path))}: its table .* {told}"):
                checked_header(path)
        beside.unlink()
        with pytest.raises(RecordError, match=r"its table .* is missing"):
            checked_header(path)
        beside.mkdir()
        with pytest.raises(RecordError, match=r"its table .* can't be read: Is a directory"):
            checked_header(path)

    def test_a_header_from_before_sizes_were_stored(self, tmp_path: Path) -> None:
        path = write(made(), tmp_path)
        stored = json.loads(path.read_text())
        del stored["table"]["size"]
        stored["seal"] = hashlib.sha256(to_json({**stored, "seal": None})).hexdigest()
        path.write_text(json.dumps(stored, indent=1))
        assert len(read(path).utterances) == 60
        checked_header(path)
        files_of(path)[1].write_bytes(b"PAR")
        with pytest.raises(RecordError, match="is no whole Parquet file: its end is missing"):
            checked_header(path)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def row(draw: st.DrawFn) -> UtteranceResult:
    plain = utterance(draw(TEXTS), draw(TEXTS), draw(st.none() | TEXTS))
    batch = st.builds(BatchRef, first=TEXTS, size=st.integers(1, 99), longest_s=FLOATS)
    error = st.builds(Failure, kind=st.just("crash"), message=TEXTS, detail=TEXTS)
    return plain.model_copy(
        update={
            "audio_s": draw(FLOATS),
            "processing_s": draw(st.none() | FLOATS),
            "error": draw(st.none() | error),
            "speaker": draw(st.none() | TEXTS),
            "snr_db": draw(st.none() | FLOATS),
            "attributes": draw(st.dictionaries(TEXTS, TEXTS, max_size=3)),
            "batch": draw(st.none() | batch),
            "parts": draw(st.sampled_from([plain.parts, {}, {"another": {"n": [1, None, "x"]}}])),
        }
    )


@settings(max_examples=50)
@given(st.lists(row(), max_size=4))
def test_rows_come_back_as_they_were(given_rows: list[UtteranceResult]) -> None:
    assert decoded(encoded(given_rows)) == given_rows


def test_every_field_of_a_row_has_a_column() -> None:
    (plain,) = rows(1)
    for name, value in {"client_s": 0.5, "retries": 3, "cut_from": 7, "prompt": "p", "kind": "k"}.items():
        changed = plain.model_copy(update={name: value})
        assert decoded(encoded([changed])) == [changed]
    assert set(UtteranceResult.model_fields) <= set(encoded([plain]).column_names)


def test_answers_differ(tmp_path: Path) -> None:
    with tables_from(10):
        assert answered_anew(made(), 1) != made()
