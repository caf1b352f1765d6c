"""What is recognised of somebody's recordings: form, columns, folders, language; and that it can be read so."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from catalogs import write_catalog

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog import load
from pytest_modellab.catalog.datasets import Dataset, prepare
from pytest_modellab.catalog.datasets.recognise import NotRecognised, Recognised, recognise
from pytest_modellab.catalog.new_data import DataDraft, dataset_text

TEXTS = ("what is the weather like", "call me back in the morning", "there is no one at home")
ENGLISH = ("this is the first one of what we have to say to you that is not long",) * 3


def sounds(folder: Path, names: Iterable[str]) -> None:
    for i, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(i).normal(0, 0.1, 4000 + 100 * i)
        soundfile.write(path, noise.astype(np.float32), 16_000, subtype="PCM_16")


def table(path: Path, rows: Sequence[Mapping[str, str]], delimiter: str = ",") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def rows(audio: str = "file", text: str = "transcript", folder: str = "", **more: str) -> list[dict[str, str]]:
    return [{audio: f"{folder}{i}.wav", text: each, **more} for i, each in enumerate(TEXTS)]


def jsonl(path: Path, lines: Iterable[Mapping[str, Any]]) -> Path:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path


def read(found: Recognised, folder: Path) -> Dataset:
    """The data set, by a file that is written of what was recognised."""
    place = write_catalog(folder / "lab", datasets=())
    text = dataset_text(DataDraft("mine", found.language, ("smoke",), found), place / "datasets")
    (place / "datasets").mkdir(exist_ok=True)
    (place / "datasets/mine.yaml").write_text(text, encoding="utf-8")
    catalog = load(place)
    return prepare(catalog.datasets["mine"], catalog, Store(folder / "store"), asked=False)


def texts(found: Recognised, folder: Path) -> list[str]:
    return [each.text for each in read(found, folder).utterances]


class TestTables:
    @pytest.mark.parametrize("audio", ["file", "path", "file_name", "wav_filename", "Audio Path"])
    @pytest.mark.parametrize("text", ["transcript", "sentence", "normalized_text", "Reference"])
    def test_columns_by_their_usual_names(self, audio: str, text: str, tmp_path: Path) -> None:
        sounds(tmp_path / "calls", ("0.wav", "1.wav", "2.wav"))
        found = recognise(table(tmp_path / "calls/calls.csv", rows(audio, text)))
        assert found.keys["table"] | {"path": None} == {"path": None, "audio": audio, "text": text}
        assert found.rows == 3
        assert texts(found, tmp_path) == list(TEXTS)

    @pytest.mark.parametrize("speaker", ["speaker", "spk", "speaker_id", "client_id"])
    def test_speakers(self, speaker: str, tmp_path: Path) -> None:
        sounds(tmp_path / "calls", ("0.wav", "1.wav", "2.wav"))
        found = recognise(table(tmp_path / "calls/calls.csv", rows(**{speaker: "ada"})))
        assert {each.speaker for each in read(found, tmp_path).utterances} == {"ada"}

    def test_columns_by_what_they_hold(self, tmp_path: Path) -> None:
        sounds(tmp_path / "calls", ("0.wav", "1.wav", "2.wav"))
        found = recognise(table(tmp_path / "calls/list.csv", rows("what", "said", agent="7")))
        assert (found.keys["table"]["audio"], found.keys["table"]["text"]) == ("what", "said")
        assert any("kept as attributes: agent" in remark for remark in found.remarks)

    def test_a_folder_with_one_table(self, tmp_path: Path) -> None:
        sounds(tmp_path / "calls", ("0.wav", "1.wav", "2.wav"))
        table(tmp_path / "calls/list.csv", rows())
        found = recognise(tmp_path / "calls")
        assert found.name == "calls"
        assert texts(found, tmp_path) == list(TEXTS)

    def test_recordings_in_a_folder_below(self, tmp_path: Path) -> None:
        sounds(tmp_path / "corpus/clips", ("0.wav", "1.wav", "2.wav"))
        found = recognise(table(tmp_path / "corpus/test.tsv", rows("path", "sentence"), "\t"))
        assert found.keys["table"]["relative_to"] == tmp_path / "corpus/clips"
        assert texts(found, tmp_path) == list(TEXTS)

    def test_recordings_beside_the_folder_of_the_table(self, tmp_path: Path) -> None:
        sounds(tmp_path / "corpus/audio", ("0.wav", "1.wav", "2.wav"))
        found = recognise(table(tmp_path / "corpus/lists/test.csv", rows(folder="audio/")))
        assert texts(found, tmp_path) == list(TEXTS)

    def test_recordings_by_absolute_paths_elsewhere(self, tmp_path: Path) -> None:
        sounds(tmp_path / "disk", ("0.wav", "1.wav", "2.wav"))
        found = recognise(table(tmp_path / "lists/test.csv", rows(folder=f"{tmp_path}/disk/")))
        assert found.keys["audio_root"] == tmp_path / "disk"
        assert texts(found, tmp_path) == list(TEXTS)

    @pytest.mark.parametrize("delimiter", [";", "|", "\t"])
    def test_other_delimiters(self, delimiter: str, tmp_path: Path) -> None:
        sounds(tmp_path / "calls", ("0.wav", "1.wav", "2.wav"))
        found = recognise(table(tmp_path / "calls/calls.csv", rows(), delimiter))
        assert texts(found, tmp_path) == list(TEXTS)

    def test_json_lines_with_other_keys(self, tmp_path: Path) -> None:
        sounds(tmp_path / "set", ("0.wav", "1.wav", "2.wav"))
        jsonl(tmp_path / "set/metadata.jsonl", rows("file_name", "transcription"))
        found = recognise(tmp_path / "set")
        assert found.keys["table"]["audio"] == "file_name"
        assert texts(found, tmp_path) == list(TEXTS)

    def test_an_audio_folder_of_the_hub(self, tmp_path: Path) -> None:
        sounds(tmp_path / "set/test", ("0.wav", "1.wav", "2.wav"))
        table(tmp_path / "set/test/metadata.csv", rows("file_name", "transcription"))
        assert texts(recognise(tmp_path / "set"), tmp_path) == list(TEXTS)

    def test_parquet_by_split(self, tmp_path: Path) -> None:
        pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        sounds(tmp_path / "wav", ("0.wav", "1.wav", "2.wav"))
        files = [{"bytes": (tmp_path / f"wav/{i}.wav").read_bytes(), "path": f"{i}.wav"} for i in range(3)]
        for split, count in (("train", 1), ("test", 3)):
            made = pyarrow.table({"audio": files[:count], "text": list(TEXTS[:count])})
            (tmp_path / "set/data").mkdir(parents=True, exist_ok=True)
            parquet.write_table(made, tmp_path / f"set/data/{split}-00000-of-00001.parquet")
        found = recognise(tmp_path / "set")
        assert any("not read: train" in remark for remark in found.remarks)
        assert found.rows == 3
        assert texts(found, tmp_path) == list(TEXTS)

    def test_a_duration_of_whole_recordings_cuts_nothing(self, tmp_path: Path) -> None:
        sounds(tmp_path / "calls", ("0.wav", "1.wav", "2.wav"))
        found = recognise(table(tmp_path / "calls/calls.csv", rows(duration="0.1", channel="2")))
        assert found.keys["table"] | {"duration": None, "channel": None} == found.keys["table"]
        assert {each.seconds > 0.2 for each in read(found, tmp_path).utterances} == {True}
        assert any("kept as attributes: duration, channel" in remark for remark in found.remarks)

    @pytest.mark.parametrize("begin", ["offset", "start", "start_time"])
    def test_pieces_of_a_recording_are_told_by_where_they_begin(self, begin: str, tmp_path: Path) -> None:
        sounds(tmp_path / "calls", ("long.wav",))
        pieces = [
            {"id": f"u{i}", "file": "long.wav", begin: str(0.05 * i), "duration": "0.05", "text": text}
            for i, text in enumerate(TEXTS)
        ]
        found = recognise(table(tmp_path / "calls/calls.csv", pieces))
        assert found.keys["table"]["offset"] == begin
        assert [round(each.seconds, 3) for each in read(found, tmp_path).utterances] == [0.05, 0.05, 0.05]

    def test_recordings_that_are_not_listed_are_counted(self, tmp_path: Path) -> None:
        sounds(tmp_path / "calls", ("0.wav", "1.wav", "2.wav", "3.wav"))
        found = recognise(table(tmp_path / "calls/calls.csv", rows()))
        assert any("not listed, and left out: 1 of 4 recordings" in remark for remark in found.remarks)

    def test_what_a_model_heard_is_no_reference(self, tmp_path: Path) -> None:
        sounds(tmp_path / "calls", ("0.wav", "1.wav", "2.wav"))
        lines = [{"file": f"{i}.wav", "prediction": text} for i, text in enumerate(TEXTS)]
        with pytest.raises(NotRecognised, match="no column holds transcripts"):
            recognise(table(tmp_path / "calls/calls.csv", lines))

    def test_a_duration_beside_recordings_in_the_table_cuts_nothing(self, tmp_path: Path) -> None:
        pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        sounds(tmp_path / "wav", ("0.wav", "1.wav", "2.wav"))
        files = [{"bytes": (tmp_path / f"wav/{i}.wav").read_bytes(), "path": f"{i}.wav"} for i in range(3)]
        made = pyarrow.table({"audio": files, "text": list(TEXTS), "duration": [0.1] * 3})
        parquet.write_table(made, tmp_path / "x.parquet")
        assert {each.seconds > 0.2 for each in read(recognise(tmp_path / "x.parquet"), tmp_path).utterances} == {True}

    def test_rows_that_share_a_recording_late_are_pieces_too(self, tmp_path: Path) -> None:
        names = [f"{i}.wav" for i in range(210)]
        sounds(tmp_path, names)
        lines = [
            {"id": f"u{i}", "file": name, "end": "1", "text": "one two"} for i, name in enumerate([*names, names[0]])
        ]
        with pytest.raises(NotRecognised, match="rows share recordings"):
            recognise(table(tmp_path / "a.csv", lines))


class TestOtherForms:
    def test_a_manifest(self, tmp_path: Path) -> None:
        sounds(tmp_path / "set", ("0.wav", "1.wav", "2.wav"))
        found = recognise(jsonl(tmp_path / "set/test.jsonl", rows("audio_filepath", "text")))
        assert found.keys == {"manifest": tmp_path / "set/test.jsonl"}
        assert texts(found, tmp_path) == list(TEXTS)

    def test_a_manifest_of_absolute_paths(self, tmp_path: Path) -> None:
        sounds(tmp_path / "disk", ("0.wav", "1.wav", "2.wav"))
        (tmp_path / "set").mkdir()
        lines = rows("audio_filepath", "text", folder=f"{tmp_path}/disk/")
        found = recognise(jsonl(tmp_path / "set/test.jsonl", lines))
        assert texts(found, tmp_path) == list(TEXTS)

    def test_a_folder_of_texts(self, tmp_path: Path) -> None:
        sounds(tmp_path / "set", ("0.wav", "1.wav", "2.wav"))
        for i, text in enumerate(TEXTS):
            (tmp_path / f"set/{i}.txt").write_text(text, encoding="utf-8")
        found = recognise(tmp_path / "set")
        assert found.keys == {"folder": tmp_path / "set"}
        assert texts(found, tmp_path) == list(TEXTS)

    def test_a_kaldi_folder(self, tmp_path: Path) -> None:
        sounds(tmp_path / "wav", ("0.wav", "1.wav", "2.wav"))
        folder = tmp_path / "data/test"
        folder.mkdir(parents=True)
        (folder / "wav.scp").write_text("".join(f"u{i} wav/{i}.wav\n" for i in range(3)), encoding="utf-8")
        (folder / "text").write_text("".join(f"u{i} {text}\n" for i, text in enumerate(TEXTS)), encoding="utf-8")
        found = recognise(folder)
        assert found.keys["kaldi"] == {"folder": folder, "relative_to": tmp_path}
        assert texts(found, tmp_path) == list(TEXTS)


class TestLanguage:
    @pytest.mark.parametrize(
        ("said", "language"),
        [
            (ENGLISH, "en"),
            (("wir haben heute schon wieder viel zu lange auf den Zug gewartet und niemand sagt etwas",) * 3, None),
            (("dat is wat we gisteren hebben gezien en of het was of niet weet ik niet meer",) * 3, None),
            (("the cat",), None),
        ],
    )
    def test_by_the_words(self, said: Sequence[str], language: str | None, tmp_path: Path) -> None:
        sounds(tmp_path / "set", [f"{i}.wav" for i in range(len(said))])
        lines = [{"file": f"{i}.wav", "text": text} for i, text in enumerate(said)]
        assert recognise(table(tmp_path / "set/list.csv", lines)).language == language

    def test_by_a_column(self, tmp_path: Path) -> None:
        sounds(tmp_path / "set", ("0.wav", "1.wav", "2.wav"))
        assert recognise(table(tmp_path / "set/list.csv", rows(lang="DE"))).language == "de"


class TestRefused:
    def told(self, place: Path) -> str:
        with pytest.raises(NotRecognised) as caught:
            recognise(place)
        return str(caught.value)

    def test_no_such_place(self, tmp_path: Path) -> None:
        assert "nowhere: no such file or folder; what is taken: a CSV, TSV" in self.told(tmp_path / "nowhere")

    def test_an_empty_folder(self, tmp_path: Path) -> None:
        assert "holds nothing of what is taken: a CSV, TSV" in self.told(tmp_path)

    def test_recordings_without_transcripts(self, tmp_path: Path) -> None:
        sounds(tmp_path, ("0.wav", "1.wav"))
        assert "2 recordings and no transcripts: write what is said in each, as a CSV with" in self.told(tmp_path)

    def test_one_recording(self, tmp_path: Path) -> None:
        sounds(tmp_path, ("0.wav",))
        assert "is one recording; give the folder" in self.told(tmp_path / "0.wav")

    def test_several_tables(self, tmp_path: Path) -> None:
        sounds(tmp_path, ("0.wav", "1.wav", "2.wav"))
        table(tmp_path / "a.csv", rows())
        table(tmp_path / "b.csv", rows())
        assert "several files that list recordings: a.csv, b.csv; name one of them" in self.told(tmp_path)

    def test_recordings_that_are_elsewhere(self, tmp_path: Path) -> None:
        table(tmp_path / "a.csv", rows())
        assert "column `file` names no recordings that are here: `0.wav`" in self.told(tmp_path / "a.csv")

    def test_pieces_without_a_length(self, tmp_path: Path) -> None:
        sounds(tmp_path, ("long.wav",))
        lines = [{"file": "long.wav", "start": "0", "end": "1", "text": text} for text in TEXTS]
        assert "a column `duration` beside `start`" in self.told(table(tmp_path / "a.csv", lines))

    def test_a_table_without_a_head(self, tmp_path: Path) -> None:
        sounds(tmp_path, ("0.wav", "1.wav"))
        (tmp_path / "a.csv").write_text("0.wav,one fine day\n1.wav,two fine days\n", encoding="utf-8")
        assert "a.csv:1: the first line names a recording, where the columns' names are wanted" in self.told(
            tmp_path / "a.csv"
        )

    def test_two_columns_of_transcripts(self, tmp_path: Path) -> None:
        sounds(tmp_path, ("0.wav", "1.wav", "2.wav"))
        assert "the transcripts may be `text` or `reference`" in self.told(
            table(tmp_path / "a.csv", rows("file", "text", reference="x y"))
        )

    def test_which_of_two_columns_is_said(self, tmp_path: Path) -> None:
        sounds(tmp_path, ("0.wav", "1.wav", "2.wav"))
        place = table(tmp_path / "a.csv", rows("file", "text", reference="x y"))
        assert recognise(place, "reference").keys["table"]["text"] == "reference"
        with pytest.raises(NotRecognised, match=r"no column `said`; columns: file, text, reference"):
            recognise(place, "said")

    def test_what_is_no_table_has_no_column(self, tmp_path: Path) -> None:
        sounds(tmp_path, ("0.wav",))
        (tmp_path / "0.txt").write_text("one fine day", encoding="utf-8")
        with pytest.raises(NotRecognised, match="no table, so that it has no column `text`"):
            recognise(tmp_path, "text")

    def test_names_that_are_in_several_folders(self, tmp_path: Path) -> None:
        for folder in ("a", "b"):
            sounds(tmp_path / folder, ("0.wav", "1.wav", "2.wav"))
        assert "may be in any of the folders a, b: write paths from" in self.told(table(tmp_path / "a.csv", rows()))

    def test_several_parts_of_the_hub(self, tmp_path: Path) -> None:
        for folder in ("en", "es"):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "test-00000-of-00001.parquet").touch()
        assert "has the split test in several folders: en, es; name one of them" in self.told(tmp_path)

    def test_paths_as_windows_writes_them(self, tmp_path: Path) -> None:
        sounds(tmp_path / "wav", ("0.wav", "1.wav", "2.wav"))
        assert "`\\` divides folders on Windows only" in self.told(table(tmp_path / "a.csv", rows(folder="wav\\")))

    def test_no_column_of_transcripts(self, tmp_path: Path) -> None:
        sounds(tmp_path, ("0.wav", "1.wav", "2.wav"))
        lines = [{"file": f"{i}.wav", "agent": "7"} for i in range(3)]
        assert "no column holds transcripts; columns: agent" in self.told(table(tmp_path / "a.csv", lines))

    def test_no_column_of_recordings(self, tmp_path: Path) -> None:
        lines = [{"said": text, "agent": "7"} for text in TEXTS]
        assert "no column names recordings; columns: said, agent" in self.told(table(tmp_path / "a.csv", lines))

    def test_a_kaldi_folder_without_references(self, tmp_path: Path) -> None:
        (tmp_path / "wav.scp").write_text("u0 0.wav\n", encoding="utf-8")
        assert "has wav.scp but no `text`" in self.told(tmp_path)
