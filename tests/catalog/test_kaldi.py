"""Data folders of Kaldi: recordings, pieces of them, texts and speakers; what is wrong is told with its line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from catalogs import write_catalog
from dataforms import HEAD
from manifests import tone

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog import load
from pytest_modellab.catalog.datasets import Dataset, DatasetError, FileRecording, prepare

FILES: Mapping[str, str | None] = {
    "wav.scp": "rec-b two.wav\nrec-a\tone.wav\n",
    "text": "ann-1 One thing\nbob-1 another\nann-2 the rest\n",
    "segments": "ann-1 rec-a 0.0 0.2\nbob-1 rec-b 0.1 0.3\nann-2 rec-a 0.2 -1\n",
    "utt2spk": "ann-1 ann\nann-2 ann\nbob-1 bob\n",
    "spk2gender": "ann f\nbob m\n",
}
PLAIN = {"wav.scp": "a one.wav\nb two.wav\n", "text": "a one\nb two\n", "segments": None, "utt2spk": None}


def prepared(folder: Path, files: Mapping[str, str | None] = {}, **given: Any) -> Dataset:
    place = folder / "fixtures" / "datasets" / "data"
    tone(place / "one.wav", pitch=440)
    tone(place / "two.wav", pitch=880)
    for name, text in {**FILES, **files}.items():
        if text is not None:
            (place / name).write_text(text, encoding="utf-8")
    more = {"audio_root": given.pop("audio_root")} if "audio_root" in given else {}
    spec = yaml.safe_dump({**HEAD, "id": "talk", "kaldi": {"folder": "data", **given}, **more})
    catalog = load(write_catalog(folder / "fixtures", files={"datasets/talk.yaml": spec}))
    return prepare(catalog.datasets["talk"], catalog, Store(folder / "cache", progress=False))


def refusal(folder: Path, files: Mapping[str, str | None]) -> list[str]:
    with pytest.raises(DatasetError) as caught:
        prepared(folder, files)
    return str(caught.value).replace(f"{folder}/fixtures/datasets/data/", "").splitlines()[1:]


def test_pieces_of_recordings(tmp_path: Path) -> None:
    first, second, third = prepared(tmp_path).utterances
    assert [(u.id, u.text, u.speaker, dict(u.attributes)) for u in (first, second, third)] == [
        ("ann-1", "One thing", "ann", {"gender": "f"}),
        ("bob-1", "another", "bob", {"gender": "m"}),
        ("ann-2", "the rest", "ann", {"gender": "f"}),
    ]
    pieces = [each.recording for each in (first, second, third)]
    assert all(isinstance(each, FileRecording) for each in pieces)
    assert [(each.path.name, each.offset) for each in pieces if isinstance(each, FileRecording)] == [
        ("one.wav", 0.0),
        ("two.wav", 0.1),
        ("one.wav", 0.2),
    ]
    assert [round(each.seconds, 6) for each in (first, second, third)] == [0.2, 0.2, 0.3]


def test_whole_recordings(tmp_path: Path) -> None:
    first, second = prepared(tmp_path, PLAIN).utterances
    assert [(u.id, u.text, u.speaker, u.seconds) for u in (first, second)] == [
        ("a", "one", None, 0.5),
        ("b", "two", None, 0.5),
    ]


def test_a_channel_of_a_segment(tmp_path: Path) -> None:
    segments = "ann-1 rec-a 0.0 0.2 0\nbob-1 rec-b 0.1 0.3\nann-2 rec-a 0.2 0.4\n"
    recording = prepared(tmp_path, {"segments": segments}).utterances[0].recording
    assert isinstance(recording, FileRecording)
    assert recording.channel == 0


def test_paths_that_start_elsewhere(tmp_path: Path) -> None:
    files = {**PLAIN, "wav.scp": "a data/one.wav\nb data/two.wav\n"}
    assert len(prepared(tmp_path, files, relative_to=".").utterances) == 2


def test_files_outside_of_the_folder_need_a_root(tmp_path: Path) -> None:
    digest = tone(tmp_path / "fixtures" / "datasets" / "far.wav", pitch=500)
    files = {**PLAIN, "wav.scp": "a one.wav\nb ../far.wav\n"}
    with pytest.raises(
        DatasetError, match=r"far.wav lies outside .*; if it may be read, set `audio_root` in talk.yaml"
    ):
        prepared(tmp_path, files)
    recording = prepared(tmp_path, files, audio_root=".").utterances[1].recording
    assert isinstance(recording, FileRecording)
    assert recording.sha256 == digest


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"wav.scp": "a sph2pipe -f wav x.sph |\nb two.wav\n"},
            "wav.scp:1: a command, which isn't run: write its output",
        ),
        (
            {"wav.scp": "a raw_wav.ark:12\nb two.wav\n"},
            "wav.scp:1: a place in an archive of Kaldi: write its recordings",
        ),
        ({"wav.scp": "a\nb two.wav\n"}, "wav.scp:1: no path"),
        ({"wav.scp": "a one.wav\nb two.wav\na one.wav\n"}, "wav.scp:3: duplicate `a` (first on line 1)"),
        ({"wav.scp": "a one.wav\n"}, "text:2: `b` has no line in wav.scp"),
        ({"text": "a one\n"}, "wav.scp:2: `b` has no line in text"),
        ({"text": "a one\nb\n"}, "text:2: an empty reference can't be scored"),
        ({"wav.scp": "a one.wav\nb no.wav\n"}, "text:2: no audio file no.wav"),
        ({"utt2spk": "a ann\n"}, "text:2: `b` has no speaker in utt2spk"),
        ({"utt2spk": "a ann\nb bob\nc cid\n"}, "utt2spk:3: `c` has no line in text"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, files: dict[str, str], message: str) -> None:
    (told,) = refusal(tmp_path, {**PLAIN, **files})
    assert told.startswith(message)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "text:1: `ann-1` has no line in segments"),
        ("ann-1 rec-a 0.0", "text:1: segments:4: expected recording, begin and end, found `rec-a 0.0`"),
        ("ann-1 rec-a zero 1", "text:1: segments:4: begin and end must be seconds, found `rec-a zero 1`"),
        ("ann-1 rec-a 0.3 0.1", "text:1: segments:4: a piece from 0.3 to 0.1 s"),
        ("ann-1 rec-c 0.1 0.3", "text:1: `rec-c` has no line in wav.scp"),
    ],
)
def test_what_is_wrong_with_a_segment(tmp_path: Path, line: str, message: str) -> None:
    segments = f"\nbob-1 rec-b 0.1 0.3\nann-2 rec-a 0.2 0.4\n{line}\n"
    assert refusal(tmp_path, {"segments": segments}) == [message]


def test_a_piece_beyond_the_end_is_told(tmp_path: Path) -> None:
    from pytest_modellab.catalog.datasets.sound_check import check_sounds

    segments = "ann-1 rec-a 0.0 0.2\nbob-1 rec-b 0.1 0.3\nann-2 rec-a 0.2 9\n"
    found = check_sounds(prepared(tmp_path, {"segments": segments}).utterances)
    assert list(found.broken) == ["ann-2"]
    assert "is said to end at 9.00 s, but the file ends at 0.50 s" in found.broken["ann-2"]


@pytest.mark.parametrize("name", ["wav.scp", "text"])
def test_a_file_that_is_needed(tmp_path: Path, name: str) -> None:
    with pytest.raises(DatasetError, match=rf"no {name} .*data/{name} \(named in .*talk.yaml:1\)"):
        prepared(tmp_path, {name: None})
