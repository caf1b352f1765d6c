"""Broken recordings, found before anything is measured: all of them at once, or left out and named."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from catalogs import dataset_yaml, write_catalog
from manifests import RATE, manifest, prepared, row, tone

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog import load
from pytest_modellab.catalog.datasets import Dataset, DatasetError, prepare
from pytest_modellab.catalog.datasets.derived import JoinedRecording, NoisyRecording
from pytest_modellab.catalog.datasets.made import MadeRecording
from pytest_modellab.catalog.datasets.recording import FileRecording
from pytest_modellab.catalog.datasets.sound_check import check_sounds
from pytest_modellab.catalog.datasets.sound_facts import FOLDER
from pytest_modellab.catalog.datasets.utterance import Utterance
from pytest_modellab.catalog.specs import Degradation
from pytest_modellab.core import audio
from pytest_modellab.core.user_cache import cache_root

LEAVE_OUT = {"language: en": "language: en\non_error: leave-out"}


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "own-cache"))


def broken_set(folder: Path) -> list[dict[str, Any]]:
    """A manifest of one good recording and three broken ones."""
    rows = [row(), row("two.wav", id="nan"), row("cut.wav", id="cut"), row("none.wav", id="text")]
    manifest(folder, rows)
    here = folder / "fixtures/datasets"
    samples = np.zeros(RATE, np.float32)
    samples[-100] = np.nan
    soundfile.write(here / "two.wav", samples, RATE, subtype="FLOAT")
    tone(here / "cut.wav", 1.0)
    (here / "cut.wav").write_bytes((here / "cut.wav").read_bytes()[:-8000])
    (here / "none.wav").write_text("<html>404 Not Found</html>")
    return rows


def test_every_broken_recording_is_found_with_its_reason(tmp_path: Path) -> None:
    broken_set(tmp_path)
    found = check_sounds(prepared(tmp_path).utterances)
    assert found.broken.keys() == {"nan", "cut", "text"}
    nan, cut, text = found.listed()
    assert "two.wav: holds NaN or infinite samples" in nan
    assert nan.endswith("(utterance nan)")
    assert "cut.wav: truncated: its header promises 8000 bytes more (0.25 s)" in cut
    assert "none.wav: not audio that libsndfile can read" in text


def test_utterances_of_one_broken_file_share_a_line(tmp_path: Path) -> None:
    broken_set(tmp_path)
    manifest_path = tmp_path / "fixtures/datasets/talk.jsonl"
    lines = [row("cut.wav", id="b", offset=0), row("cut.wav", id="a", offset=0.1)]
    manifest_path.write_text("\n".join(map(json.dumps, lines)))
    (line,) = check_sounds(prepared(tmp_path).utterances).listed()
    assert line.endswith("(utterances b, a)")


def test_what_is_known_to_be_whole_is_not_decoded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest(tmp_path, [row(), row("two.wav"), row("two.wav", id="piece", offset=0.1, duration=0.2)])
    data = prepared(tmp_path)
    assert not check_sounds(data.utterances).broken
    decoded: list[Path] = []
    monkeypatch.setattr(audio, "decode", lambda path, **_: decoded.append(path))
    assert not check_sounds(data.utterances).broken
    assert not decoded


def test_a_damaged_cache_is_done_without(tmp_path: Path) -> None:
    manifest(tmp_path, [row()])
    data = prepared(tmp_path)
    check_sounds(data.utterances)
    (kept,) = (cache_root() / FOLDER).glob("*.json")
    kept.write_text("[]")
    assert not check_sounds(data.utterances).broken


def test_a_place_behind_the_end_and_a_channel_that_is_missing(tmp_path: Path) -> None:
    lines = [row(id="late", offset=9), row(id="long", offset=0.1, duration=5), row(id="right", channel=1)]
    manifest(tmp_path, lines)
    found = check_sounds(prepared(tmp_path).utterances).broken
    assert "nothing left from 9.0 s on" in found["late"]
    assert "a piece of it is said to end at 5.10 s, but the file ends at 0.50 s" in found["long"]
    assert "no channel 1: it has 1 channel, counted from 0" in found["right"]


def test_what_recordings_are_computed_from_is_checked(tmp_path: Path) -> None:
    broken_set(tmp_path)
    good, nan, *_ = (each.sound for each in prepared(tmp_path).utterances)
    noisy = NoisyRecording(good, Degradation(noise="babble", snr_db=5), 0, "a", (nan,))
    joined = JoinedRecording((good, nan), 0.5)
    loud = MadeRecording("white", 1.0, -1.0, 0)
    fine = MadeRecording("white", 1.0, -30.0, 0)
    names: dict[str, Any] = {"noisy": noisy, "joined": joined, "loud": loud, "fine": fine}
    found = check_sounds([*(Utterance(id, "a", each) for id, each in names.items()), Utterance("text", "a", None)])
    assert found.broken.keys() == {"noisy", "joined", "loud"}
    assert "over full scale" in found.broken["loud"]


def test_an_end_that_is_in_doubt_is_remarked(tmp_path: Path) -> None:
    path = tmp_path / "a.ogg"
    soundfile.write(path, np.zeros(3 * RATE), RATE, format="OGG", subtype="OPUS")
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"OggS")])
    for _ in range(2):  # found, and known
        found = check_sounds([Utterance("a", "one", FileRecording.of(path))])
        assert not found.broken
        assert found.remarks["a"].startswith("its last page isn't marked as the last")


def test_a_manifest_that_is_wrong_is_told_with_the_recordings_that_are(tmp_path: Path) -> None:
    rows = broken_set(tmp_path)
    lines = [*map(json.dumps, [*rows, row("gone.wav", id="gone")]), "{"]
    (tmp_path / "fixtures/datasets/talk.jsonl").write_text("\n".join(lines))
    with pytest.raises(DatasetError) as wrong:
        prepared(tmp_path)
    _, gone, syntax, nan, cut, text = str(wrong.value).splitlines()
    assert "talk.jsonl:5: no audio file" in gone
    assert "talk.jsonl:6: not JSON" in syntax
    assert ["NaN" in nan, "truncated" in cut, "not audio" in text] == [True] * 3


class TestLeaveOut:
    def test_it_goes_on_without_and_says_which(self, tmp_path: Path) -> None:
        rows = broken_set(tmp_path)
        lines = [*rows, row("gone.wav", id="gone")]
        (tmp_path / "fixtures/datasets/talk.jsonl").write_text("\n".join(map(json.dumps, lines)))
        data = prepared(tmp_path, **LEAVE_OUT)
        assert [each.id for each in data.utterances] == ["one"]
        assert list(data.left_out) == ["nan", "cut", "text", "gone"]
        assert "no audio file" in data.left_out["gone"]
        assert data.first(1).left_out == data.left_out
        assert data.only([0]).left_out == data.left_out

    def test_its_fingerprint_is_that_of_what_is_left(self, tmp_path: Path) -> None:
        broken_set(tmp_path)
        before = prepared(tmp_path, **LEAVE_OUT)
        manifest(tmp_path, [row()])
        assert prepared(tmp_path).fingerprint == before.fingerprint

    def test_where_nothing_is_left_it_is_refused(self, tmp_path: Path) -> None:
        manifest(tmp_path, [row("gone.wav")])
        with pytest.raises(DatasetError, match="data set talk: 1 recording can't be used"):
            prepared(tmp_path, **LEAVE_OUT)

    def test_lines_that_are_wrong_are_refused_all_the_same(self, tmp_path: Path) -> None:
        manifest(tmp_path, [row(), row(text="", id="b")])
        with pytest.raises(DatasetError, match=r"talk\.jsonl:2: an empty reference"):
            prepared(tmp_path, **LEAVE_OUT)

    def test_what_is_derived_from_it_says_so_too(self, tmp_path: Path) -> None:
        broken_set(tmp_path)
        talk = dataset_yaml("talk").replace("language: en", LEAVE_OUT["language: en"])
        noisy = dataset_yaml("noisy").replace(
            "manifest: noisy.jsonl", "derive: {from: talk, noisy: [{telephone: true}]}"
        )
        files = {"datasets/talk.yaml": talk, "datasets/noisy.yaml": noisy}
        catalog = load(write_catalog(tmp_path / "fixtures", files=files))
        data: Dataset = prepare(catalog.datasets["noisy"], catalog, Store(tmp_path / "cache", progress=False))
        assert len(data.utterances) == 1
        assert list(data.left_out) == ["nan", "cut", "text"]
