"""Cuts of lhotse, as it writes them, as data sets."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from catalogs import write_catalog
from dataforms import HEAD
from manifests import tone

from pytest_modellab.assets.store import Store, Unavailable
from pytest_modellab.catalog import load
from pytest_modellab.catalog.datasets import Dataset, DatasetError, FileRecording, prepare

BARE = {"id": "a", "start": 0, "duration": 1, "channel": 0, "supervisions": []}


def prepared(folder: Path, cuts: str = "cuts.jsonl", **given: Any) -> Dataset:
    spec = yaml.safe_dump({**HEAD, "id": "talk", "lhotse": {"cuts": cuts, **given}})
    catalog = load(write_catalog(folder / "fixtures", files={"datasets/talk.yaml": spec}))
    return prepare(catalog.datasets["talk"], catalog, Store(folder / "cache", progress=False))


def test_without_the_library_the_set_is_not_available(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lhotse.serialization", None)
    place = tmp_path / "fixtures" / "datasets"
    place.mkdir(parents=True)
    (place / "cuts.jsonl").write_text("{}\n")
    with pytest.raises(Unavailable, match=r"lhotse is not installed\npip install 'pytest-modellab\[lhotse\]'"):
        prepared(tmp_path)


def test_cuts_that_are_no_json_lines(tmp_path: Path) -> None:
    place = tmp_path / "fixtures" / "datasets"
    place.mkdir(parents=True)
    (place / "cuts.json").write_text("[]\n")
    with pytest.raises(DatasetError, match=r"cuts.json: expected cuts as JSON Lines, .jsonl or .jsonl.gz"):
        prepared(tmp_path, "cuts.json")
    (place / "cuts.jsonl.gz").write_text("[]\n")
    with pytest.raises(DatasetError, match=r"cuts.jsonl.gz: can't be read: Not a gzipped file"):
        prepared(tmp_path, "cuts.jsonl.gz")


class TestCuts:
    @pytest.fixture(autouse=True)
    def _recording(self, tmp_path: Path) -> None:
        self.lhotse = pytest.importorskip("lhotse")
        self.folder = tmp_path / "fixtures" / "datasets"
        tone(self.folder / "one.wav")
        recording = self.lhotse.Recording.from_file(self.folder / "one.wav")
        recording.sources[0].source = "one.wav"
        self.recording = recording

    def said(self, text: str, start: float = 0.0, **more: Any) -> Any:
        return self.lhotse.SupervisionSegment(
            **{"id": text, "recording_id": "one", "start": start, "duration": 0.1, "text": text, **more}
        )

    def write(self, *cuts: Any, name: str = "cuts.jsonl") -> None:
        self.lhotse.CutSet.from_cuts(cuts).to_file(self.folder / name)

    def cut(self, id: str = "a", *supervisions: Any, **more: Any) -> Any:
        return self.lhotse.MonoCut(
            **{
                "id": id,
                "start": 0.0,
                "duration": self.recording.duration,
                "channel": 0,
                "recording": self.recording,
                "supervisions": list(supervisions),
                **more,
            }
        )

    def refusal(self, tmp_path: Path) -> list[str]:
        with pytest.raises(DatasetError) as caught:
            prepared(tmp_path)
        return str(caught.value).replace(f"{self.folder}/", "").splitlines()[1:]

    @pytest.mark.parametrize("name", ["cuts.jsonl", "cuts.jsonl.gz"])
    def test_one_becomes_an_utterance(self, tmp_path: Path, name: str) -> None:
        said = self.said("hello there", speaker="ann", language="en-GB", gender="f", custom={"topic": "trains"})
        self.write(self.cut("a", said, custom={"room": 3}), name=name)
        (found,) = prepared(tmp_path, name).utterances
        assert (found.id, found.text, found.speaker, found.language) == ("a", "hello there", "ann", "en-GB")
        assert dict(found.attributes) == {"gender": "f", "topic": "trains", "room": "3"}
        assert isinstance(found.recording, FileRecording)
        assert (found.recording.offset, found.recording.duration, found.recording.channel) == (0.0, None, None)

    def test_a_piece_of_a_recording(self, tmp_path: Path) -> None:
        self.write(self.cut("a", self.said("hello"), start=0.1, duration=0.2))
        recording = prepared(tmp_path).utterances[0].recording
        assert isinstance(recording, FileRecording)
        assert (recording.offset, recording.duration) == (0.1, 0.2)

    def test_several_supervisions_follow_on_each_other(self, tmp_path: Path) -> None:
        self.write(self.cut("a", self.said("there", 0.2, speaker="bob"), self.said("hello", 0.1, speaker="ann")))
        (found,) = prepared(tmp_path).utterances
        assert (found.text, found.speaker) == ("hello there", None)

    def test_one_channel_of_two(self, tmp_path: Path) -> None:
        self.recording.channel_ids, self.recording.sources[0].channels = [0, 1], [0, 1]
        self.write(self.cut("a", self.said("hello"), channel=1))
        recording = prepared(tmp_path).utterances[0].recording
        assert isinstance(recording, FileRecording)
        assert recording.channel == 1

    def test_recordings_that_lie_elsewhere(self, tmp_path: Path) -> None:
        (self.folder / "sounds").mkdir()
        (self.folder / "one.wav").rename(self.folder / "sounds" / "one.wav")
        self.write(self.cut("a", self.said("hello")))
        assert self.refusal(tmp_path) == ["cuts.jsonl:1: no audio file one.wav"]
        assert len(prepared(tmp_path, relative_to="sounds").utterances) == 1

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda cut: cut.pad(duration=9), "a MixedCut, where a MonoCut or MultiCut is expected; save such cuts as"),
            (lambda cut: cut.perturb_speed(1.1), "a recording with transforms (file), where one file is expected; "),
            (lambda cut: cut.drop_supervisions(), "an empty reference can't be scored; "),
        ],
        ids=["padded", "faster", "no text"],
    )
    def test_what_is_no_piece_of_a_file_is_refused(
        self, tmp_path: Path, change: Callable[[Any], Any], message: str
    ) -> None:
        self.write(change(self.cut("a", self.said("hello"))))
        (told,) = self.refusal(tmp_path)
        assert told.startswith(f"cuts.jsonl:1: {message}")

    def test_a_command_is_not_run(self, tmp_path: Path) -> None:
        self.recording.sources[0].type = "command"
        self.recording.sources[0].source = f"touch {tmp_path}/run"
        self.write(self.cut("a", self.said("hello")))
        (told,) = self.refusal(tmp_path)
        assert told.startswith("cuts.jsonl:1: a recording with 1 source (command), where one file is expected")
        assert not (tmp_path / "run").exists()

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("{", "Expecting property name"),
            ("[]", "no cut of lhotse: "),
            (json.dumps({"type": "MonoCut", "id": "a"}), "no cut of lhotse: TypeError: "),
            (json.dumps({"type": "MonoCut", **BARE}), "a cut without a recording"),
            (json.dumps({"type": "Nocut", "id": "a"}), "Unexpected cut type"),
        ],
    )
    def test_lines_that_are_no_cuts(self, tmp_path: Path, line: str, message: str) -> None:
        (self.folder / "cuts.jsonl").write_text(f"{line}\n")
        (told,) = self.refusal(tmp_path)
        assert told.startswith(f"cuts.jsonl:1: {message}")
