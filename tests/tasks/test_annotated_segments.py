"""Recordings beside files that say who speaks when in them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import soundfile
from diarlab import clip, prepared
from fakeruns import FakeRuns
from modellab_fake_diarizer import RATE

from pytest_modellab.catalog import CatalogError
from pytest_modellab.catalog.datasets import DatasetError
from pytest_modellab.catalog.load import load
from pytest_modellab.cli import main

RTTM = "SPEAKER call-1 1 0.100 0.500 <NA> <NA> ann <NA> <NA>\nSPEAKER call-2 1 0.200 0.500 <NA> <NA> bob <NA> <NA>\n"
STM = "call-2 1 bob 0.2 0.7 how are you\n"


@pytest.fixture
def calls(runs: FakeRuns) -> Path:
    """The folder of data sets, with two calls in a folder of it."""
    folder = runs.catalog / "datasets"
    (folder / "calls").mkdir()
    for number in (1, 2):
        soundfile.write(folder / "calls" / f"call-{number}.wav", clip(1.0, number), RATE)
    runs.spec("devices.yaml", {"schema": "modellab.devices/1", "devices": [{"id": "cpu", "kind": "cpu"}]})
    return folder


def spec(runs: FakeRuns, **given: Any) -> None:
    head = {"schema": "modellab.dataset/1", "id": "calls", "tasks": ["diarize"], "tiers": ["smoke"], "language": "en"}
    runs.spec("datasets/calls.yaml", {**head, "form": {"segments": given}})


def test_a_file_names_the_recordings_beside_it(runs: FakeRuns, calls: Path) -> None:
    (calls / "calls" / "all.rttm").write_text(RTTM)
    spec(runs, reference="calls/all.rttm", score={"collar_s": 0.25})
    found = prepared(runs, "calls").utterances
    assert [(each.id, each.text, each.attributes["collar_s"]) for each in found] == [
        ("call-1", "0.100 0.600 ann", "0.25"),
        ("call-2", "0.200 0.700 bob", "0.25"),
    ]
    assert len(found[0].samples(RATE)) == RATE


def test_a_folder_of_files_and_another_of_recordings(runs: FakeRuns, calls: Path) -> None:
    (calls / "marks").mkdir()
    (calls / "marks" / "one.rttm").write_text(RTTM.split("\n")[0])
    (calls / "marks" / "two.stm").write_text(STM)
    spec(runs, reference="marks", audio="calls")
    assert [each.text for each in prepared(runs, "calls").utterances] == [
        *("0.100 0.600 ann", "0.200 0.700 bob how are you"),
    ]
    spec(runs, reference="marks", audio="calls", format="stm")
    found = prepared(runs, "calls")
    assert [each.id for each in found.utterances] == ["call-2"]
    assert "1 recording" in found.notes[0]


def test_a_recording_in_files_of_two_formats(runs: FakeRuns, calls: Path) -> None:
    (calls / "marks").mkdir()
    (calls / "marks" / "one.rttm").write_text(RTTM)
    (calls / "marks" / "two.stm").write_text(STM)
    spec(runs, reference="marks", audio="calls")
    with pytest.raises(
        DatasetError, match=r"two\.stm: call-2 is in one\.rttm, too; say which counts, as in `format: rttm"
    ):
        prepared(runs, "calls")


@pytest.mark.parametrize(
    ("text", "given", "told"),
    [
        (RTTM.replace("call-2", "call-3"), {}, "call-3: no recording of that name"),
        ("SPEAKER call-1", {}, "all.rttm: no RTTM: line 1"),
        (RTTM, {"reference": "calls/none.rttm"}, "no file of segments"),
        (RTTM, {"reference": "calls/all.txt"}, "its suffix tells no format"),
        (RTTM, {"audio": "nowhere"}, "call-1: no recording"),
        ("\n", {}, "all.rttm: no segment in it"),
        (RTTM.replace("0.200 0.500", "0.200 0.000"), {}, "call-2: none of its segments lasts"),
        (
            RTTM.replace("0.200", "1.000"),
            {},
            "call-2: bob is said to speak from 1 s on, but the recording ends at 1.00 s",
        ),
    ],
)
def test_what_is_wrong_is_told(runs: FakeRuns, calls: Path, text: str, given: dict[str, Any], told: str) -> None:
    (calls / "calls" / "all.rttm").write_text(text)
    (calls / "calls" / "all.txt").write_text(text)
    spec(runs, **{"reference": "calls/all.rttm", **given})
    with pytest.raises(DatasetError, match=told):
        prepared(runs, "calls")


def test_segments_that_end_after_their_recording_are_noted(runs: FakeRuns, calls: Path) -> None:
    (calls / "calls" / "all.rttm").write_text(RTTM.replace("0.200 0.500", "0.200 0.900"))
    spec(runs, reference="calls/all.rttm")
    (note,) = prepared(runs, "calls").notes
    assert note == "1 recording with segments that end after it; DER leaves out what is beyond: call-2"


def test_segments_are_not_checked_as_transcripts(
    runs: FakeRuns, calls: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "word " * 40
    (calls / "calls" / "all.stm").write_text(f"call-2 1 bob 0.2 0.7 {words} don’t\n")
    spec(runs, reference="calls/all.stm")
    assert main(["--catalog", str(runs.catalog), "data", "check", "calls"]) == 0
    told = capsys.readouterr().out
    assert "duration" not in told
    assert " in 1 text" not in told
    # The same text of a transcript is both.
    path = calls / "calls.yaml"
    path.write_text(re.sub(r"form:.*", "manifest: calls.jsonl", path.read_text(), flags=re.DOTALL))
    path.write_text(path.read_text().replace("- diarize", "- asr"))
    row = {"id": "a", "audio_filepath": "calls/call-2.wav", "text": f"{words} don’t"}
    (calls / "calls.jsonl").write_text(json.dumps(row))
    assert main(["--catalog", str(runs.catalog), "data", "check", "calls"]) == 0
    told = capsys.readouterr().out
    assert "duration" in told
    assert "typographic apostrophes in 1 text" in told


def test_text_that_is_no_utf8_and_two_recordings_of_a_name(runs: FakeRuns, calls: Path) -> None:
    (calls / "calls" / "all.rttm").write_bytes(RTTM.replace("ann", "an\xe9").encode("latin-1"))
    spec(runs, reference="calls/all.rttm")
    with pytest.raises(DatasetError, match="not UTF-8"):
        prepared(runs, "calls")
    (calls / "calls" / "all.rttm").write_text(RTTM)
    (calls / "calls" / "call-1.flac").write_bytes(b"")
    with pytest.raises(DatasetError, match="has the same name"):
        prepared(runs, "calls")


def test_they_are_here_and_of_one_task(runs: FakeRuns, calls: Path) -> None:
    spec(runs, reference="s3://bucket/all.rttm")
    with pytest.raises(CatalogError, match="are on this machine"):
        load(runs.catalog, runs.path)
    spec(runs, reference="calls/all.rttm")
    path = calls / "calls.yaml"
    path.write_text(path.read_text().replace("- diarize", "- asr"))
    with pytest.raises(CatalogError, match=r"are for .tasks: .diarize"):
        load(runs.catalog, runs.path)
