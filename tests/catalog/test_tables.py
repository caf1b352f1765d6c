"""CSV, TSV and Parquet as data sets: which column holds what, and what is wrong with a row."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from catalogs import write_catalog
from dataforms import HEAD, write_parquet
from manifests import tone

from pytest_modellab.assets.store import Store, Unavailable
from pytest_modellab.catalog import CatalogError, load
from pytest_modellab.catalog.datasets import Dataset, DatasetError, FileRecording, prepare
from pytest_modellab.catalog.datasets.columns import resolved


def here(folder: Path) -> Path:
    """The folder of the data sets, with `one.wav` and `two.wav`."""
    found = folder / "fixtures" / "datasets"
    tone(found / "one.wav", pitch=440)
    tone(found / "two.wav", pitch=880)
    return found


def prepared(folder: Path, table: dict[str, Any], **more: Any) -> Dataset:
    spec = yaml.safe_dump({**HEAD, "id": "talk", "table": table, **more})
    catalog = load(write_catalog(folder / "fixtures", files={"datasets/talk.yaml": spec}))
    return prepare(catalog.datasets["talk"], catalog, Store(folder / "cache", progress=False))


def csv(folder: Path, text: str, name: str = "talk.csv", /, **table: Any) -> Dataset:
    (here(folder) / name).write_text(text, encoding="utf-8")
    return prepared(folder, {"path": name, **table})


def refusal(folder: Path, text: str, name: str = "talk.csv", /, **table: Any) -> list[str]:
    """What is wrong, with file names relative to the folder."""
    with pytest.raises(DatasetError) as caught:
        csv(folder, text, name, **table)
    return str(caught.value).replace(f"{folder}/fixtures/datasets/", "").splitlines()[1:]


class TestColumns:
    def test_they_are_found_by_their_usual_names(self) -> None:
        assert resolved(["id", "file", "sentence", "lang", "age"], {}) == (
            {"audio": "file", "text": "sentence", "id": "id", "language": "lang"},
            [],
        )

    def test_what_the_file_names_goes_before(self) -> None:
        columns, problems = resolved(["audio", "wav", "text", "who"], {"audio": "wav", "speaker": "who"})
        assert (columns["audio"], columns["speaker"], problems) == ("wav", "who", [])

    def test_none_may_be_said_of_a_column_that_means_something_else(self) -> None:
        assert "duration" not in resolved(["audio", "text", "duration"], {"duration": None})[0]

    def test_two_that_may_be_meant_are_told(self) -> None:
        columns, problems = resolved(["file", "path", "text"], {})
        assert "audio" not in columns
        assert problems == ["the column of `audio` may be `file` or `path`: name it, as in `audio: file`"]

    def test_a_column_with_audio_goes_before_one_with_paths(self) -> None:
        assert resolved(["path", "audio", "text"], {}, sounds=["audio"])[0]["audio"] == "audio"

    def test_a_wrong_name_is_told_with_the_one_that_was_meant(self) -> None:
        _, problems = resolved(["file", "transcript"], {"text": "trancript"})
        assert problems == [
            "no column `trancript`, which `text` names; did you mean `transcript`? columns: file, transcript"
        ]

    def test_a_needed_one_that_is_not_found_is_told(self) -> None:
        _, problems = resolved(["wave", "text"], {})
        assert problems == [
            "no column is called as that of `audio` usually is (audio, audio_filepath, file, path): name it, as in"
            " `audio: wave`; columns: wave, text"
        ]


class TestCsv:
    def test_rows_become_utterances(self, tmp_path: Path) -> None:
        text = 'who,clip,said,tongue,age\nann,two.wav,"Two, or more",en-GB,40\nbob,one.wav,one,,\n'
        first, second = csv(tmp_path, text, audio="clip", text="said", speaker="who", language="tongue").utterances
        assert (first.id, first.text, first.speaker, first.language) == ("two", "Two, or more", "ann", "en-GB")
        assert (second.speaker, second.language, dict(second.attributes)) == ("bob", "en", {})
        assert dict(first.attributes) == {"age": "40"}

    def test_a_column_that_is_not_named_is_an_attribute_whatever_it_is_called(self, tmp_path: Path) -> None:
        (found,) = csv(tmp_path, "file,text,raw\none.wav,x,one\n", text="raw").utterances
        assert (found.text, dict(found.attributes)) == ("one", {"text": "x"})

    def test_numbers(self, tmp_path: Path) -> None:
        text = "file,text,offset,duration,channel,snr_db,kind\none.wav,one,0.1,0.2,0,15,read\n"
        (found,) = csv(tmp_path, text).utterances
        assert isinstance(found.recording, FileRecording)
        assert (found.recording.offset, found.recording.duration, found.recording.channel) == (0.1, 0.2, 0)
        assert (found.snr_db, found.kind) == (15.0, "read")

    @pytest.mark.parametrize(
        ("row", "message"),
        [
            ("one.wav,one,much,", "`offset` must be a number, found 'much'"),
            ("one.wav,one,-1,", "`offset` must be seconds, found -1.0"),
            ("one.wav,one,,1.5", "`channel` must be a whole number from 0 on, found 1.5"),
            ("one.wav,,,", "an empty reference can't be scored; give its words"),
            (",one,,", "no audio in `file`"),
            ("three.wav,one,,", "no audio file three.wav"),
            ("../../../one.wav,one,,", "../../../one.wav lies outside "),
            ("ftp://host/a.wav,one,,", "`ftp://host/a.wav`: unknown protocol `ftp`; allowed: s3"),
            ("s3://bucket/a.wav,one,,", "s3://bucket/a.wav lies outside "),
        ],
    )
    def test_what_is_wrong_with_a_row_is_told_with_its_line(self, tmp_path: Path, row: str, message: str) -> None:
        (told,) = refusal(tmp_path, f"file,text,offset,channel\ntwo.wav,two,,\n{row}\n")
        assert told.startswith(f"talk.csv:3: {message}")

    def test_the_line_is_that_on_which_a_row_begins(self, tmp_path: Path) -> None:
        assert refusal(tmp_path, 'file,text\none.wav,"one\ntwo"\n\nno.wav,x\n') == ["talk.csv:5: no audio file no.wav"]

    def test_duplicate_ids(self, tmp_path: Path) -> None:
        (told,) = refusal(tmp_path, "file,text\none.wav,one\none.wav,two\n")
        assert told == (
            "talk.csv:3: duplicate id `one` (first at talk.csv:2); name a column that has a value of its own in each"
            " row, as in `id: COLUMN`"
        )

    def test_wrong_columns_are_told_with_the_file_that_names_them(self, tmp_path: Path) -> None:
        with pytest.raises(
            DatasetError, match=r"talk can't be used \(named in .*talk.yaml:1\):\n.*talk.csv: no column `"
        ):
            csv(tmp_path, "file,text\none.wav,one\n", speaker="who")

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("file,text,file\n", "talk.csv:1: two columns are called `file`"),
            ("file,text\none.wav\n", "talk.csv:2: 1 cells, where 2 are expected; double a mark that belongs"),
            ("file,text\none.wav,a,b\n", "talk.csv:2: 3 cells, where 2 are expected"),
            ("", "talk.csv: no column is called as that of `audio` usually is"),
            ("file,text\n", "talk.csv: no rows"),
        ],
    )
    def test_what_is_wrong_with_a_file(self, tmp_path: Path, text: str, message: str) -> None:
        with pytest.raises(DatasetError) as caught:
            csv(tmp_path, text)
        assert message in str(caught.value).replace(f"{tmp_path}/fixtures/datasets/", "")

    def test_a_file_that_is_not_utf_8(self, tmp_path: Path) -> None:
        (here(tmp_path) / "talk.csv").write_bytes("file,text\none.wav,señor\n".encode("latin-1"))
        with pytest.raises(DatasetError, match=r"talk.csv:2: not UTF-8 text"):
            prepared(tmp_path, {"path": "talk.csv"})

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        here(tmp_path)
        with pytest.raises(DatasetError, match=r"no table .*talk.csv \(named in .*talk.yaml:1\)"):
            prepared(tmp_path, {"path": "talk.csv"})
        with pytest.raises(DatasetError, match=r"no table .*talk-\*.csv \(named in"):
            prepared(tmp_path, {"path": "talk-*.csv"})

    def test_quotation_marks_of_a_tsv_are_its_texts(self, tmp_path: Path) -> None:
        (found,) = csv(tmp_path, 'path\tsentence\none.wav\t"One," he said\n', "talk.tsv").utterances
        assert found.text == '"One," he said'

    def test_unless_it_says_otherwise(self, tmp_path: Path) -> None:
        (found,) = csv(tmp_path, 'path\tsentence\none.wav\t"One, ""two"""\n', "talk.tsv", quoted=True).utterances
        assert found.text == 'One, "two"'

    def test_another_delimiter(self, tmp_path: Path) -> None:
        (found,) = csv(tmp_path, "file;text\none.wav;one, two\n", delimiter=";").utterances
        assert found.text == "one, two"

    def test_a_long_text(self, tmp_path: Path) -> None:
        (found,) = csv(tmp_path, f"file,text\none.wav,{'word ' * 50_000}\n").utterances
        assert len(found.text.split()) == 50_000

    def test_several_files_of_one_table(self, tmp_path: Path) -> None:
        (here(tmp_path) / "part-2.csv").write_text("file,text\ntwo.wav,two\n")
        (here(tmp_path) / "part-1.csv").write_text("file,text\none.wav,one\n")
        assert [each.id for each in prepared(tmp_path, {"path": "part-*.csv"}).utterances] == ["one", "two"]

    def test_references_that_are_left_out(self, tmp_path: Path) -> None:
        text = "file,text\none.wav,one\ntwo.wav,\ntwo.wav,ignore this\n"
        found = csv(tmp_path, text, leave_out=["", "ignore this"])
        assert [each.id for each in found.utterances] == ["one"]
        assert found.notes == ("2 rows left out: their references stand under `leave_out`",)

    def test_so_many_rows_evenly_spread(self, tmp_path: Path) -> None:
        rows = [f"one.wav,one,{number}" for number in range(10)]
        found = csv(tmp_path, "\n".join(["file,text,id", *rows]), take=3)
        assert [each.id for each in found.utterances] == ["0", "3", "6"]

    def test_a_recording_that_is_left_out(self, tmp_path: Path) -> None:
        (here(tmp_path) / "talk.csv").write_text("file,text\none.wav,one\nno.wav,no\n")
        found = prepared(tmp_path, {"path": "talk.csv"}, on_error="leave-out")
        assert [each.id for each in found.utterances] == ["one"]
        assert "no audio file" in found.left_out["no"]

    def test_keys_are_checked(self, tmp_path: Path) -> None:
        with pytest.raises(CatalogError, match="unknown key `sample` in `table`"):
            prepared(tmp_path, {"path": "a.csv", "sample": 3})


class TestParquet:
    @pytest.fixture(autouse=True)
    def _pyarrow(self) -> None:
        pytest.importorskip("pyarrow")

    def rows(self, count: int = 2) -> list[dict[str, Any]]:
        files = ["one.wav", "two.wav"]
        return [
            {"audio_filepath": files[i % 2], "text": f"text {i}", "id": i, "age": 40 + i, "v": [0.1]}
            for i in range(count)
        ]

    def test_paths(self, tmp_path: Path) -> None:
        write_parquet(here(tmp_path) / "talk.parquet", self.rows(), here(tmp_path), embedded=False)
        first, second = prepared(tmp_path, {"path": "talk.parquet"}).utterances
        assert (first.id, first.text, dict(first.attributes)) == ("0", "text 0", {"age": "40"})
        assert second.sound.seconds == 0.5

    def test_audio_is_kept_by_its_digest(self, tmp_path: Path) -> None:
        path = here(tmp_path) / "talk.parquet"
        write_parquet(path, self.rows(5), here(tmp_path), embedded=True)
        digest = tone(path.parent / "one.wav", pitch=440)
        found = prepared(tmp_path, {"path": "talk.parquet"})
        assert isinstance(found.utterances[0].recording, FileRecording)
        assert found.utterances[0].recording.sha256 == digest
        assert [each.text for each in found.utterances] == [f"text {i}" for i in range(5)]
        path.with_name("one.wav").unlink()
        assert prepared(tmp_path, {"path": "talk.parquet"}).fingerprint == found.fingerprint

    def test_only_what_is_taken_is_unpacked(self, tmp_path: Path) -> None:
        folder = here(tmp_path)
        for number in range(6):
            tone(folder / f"{number}.wav", pitch=300 + 50 * number)
        rows = [{"audio_filepath": f"{i}.wav", "text": f"text {i}"} for i in range(6)]
        write_parquet(folder / "talk.parquet", rows, folder, embedded=True)
        found = prepared(tmp_path, {"path": "talk.parquet", "take": 2})
        assert [each.id for each in found.utterances] == ["0", "3"]
        assert len([each for each in (tmp_path / "cache/blobs").rglob("*") if len(each.name) == 64]) == 2

    def test_audio_without_a_name(self, tmp_path: Path) -> None:
        import pyarrow
        import pyarrow.parquet

        data = (here(tmp_path) / "one.wav").read_bytes()
        table = pyarrow.table({"audio": [data, data], "text": ["a", "b"]})
        pyarrow.parquet.write_table(table, here(tmp_path) / "talk.parquet")
        found = prepared(tmp_path, {"path": "talk.parquet"})
        assert [each.id for each in found.utterances] == ["row-000000", "row-000001"]

    def test_a_row_without_audio_is_told(self, tmp_path: Path) -> None:
        import pyarrow
        import pyarrow.parquet

        data = (here(tmp_path) / "one.wav").read_bytes()
        cells = [{"bytes": data, "path": "a.wav"}, {"bytes": None, "path": None}]
        table = pyarrow.table({"audio": cells, "text": ["a", "b"]})
        pyarrow.parquet.write_table(table, here(tmp_path) / "talk.parquet")
        with pytest.raises(DatasetError, match=r"talk.parquet:2: no audio in `audio`"):
            prepared(tmp_path, {"path": "talk.parquet"})

    def test_text_that_is_none(self, tmp_path: Path) -> None:
        rows = [{**each, "text": number} for number, each in enumerate(self.rows())]
        write_parquet(here(tmp_path) / "talk.parquet", rows, here(tmp_path), embedded=False)
        with pytest.raises(DatasetError, match=r"talk.parquet:2: `text` is missing or not text"):
            prepared(tmp_path, {"path": "talk.parquet"})

    def test_a_file_that_is_none(self, tmp_path: Path) -> None:
        (here(tmp_path) / "talk.parquet").write_text("file,text")
        with pytest.raises(DatasetError, match=r"talk.parquet: no Parquet: "):
            prepared(tmp_path, {"path": "talk.parquet"})


def test_without_the_library_the_set_is_not_available(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (here(tmp_path) / "talk.parquet").write_bytes(b"PAR1")
    with pytest.raises(Unavailable, match=r"pyarrow is not installed\npip install 'pytest-modellab\[parquet\]'"):
        prepared(tmp_path, {"path": "talk.parquet"})
