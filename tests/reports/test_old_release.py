"""A real release of an earlier version is read, compared and verified: tests/old/release-real-1.zip.

Whisper tiny.en on the smoke set, with its baseline, as the version of commit 88e007a released it.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from pytest_modellab import load_record
from pytest_modellab.cli import main
from pytest_modellab.results import baseline
from pytest_modellab.results.record import SCHEMA
from pytest_modellab.results.record_files import write
from pytest_modellab.results.scoring import scored

BUNDLE = Path(__file__).parents[1] / "old" / "release-real-1.zip"


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    with zipfile.ZipFile(BUNDLE) as bundle:
        bundle.extractall(tmp_path)
    return tmp_path


def the_one(folder: Path, pattern: str) -> Path:
    (found,) = folder.rglob(pattern)
    return found


def test_the_bundle_is_verified(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(BUNDLE)]) == 0
    assert "good as far as a bundle of version 1 can be checked" in capsys.readouterr().out


def test_a_changed_word_in_it_is_found(unpacked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = the_one(unpacked, "*-smoke-en-*.json")
    path.write_text(path.read_text(encoding="utf-8").replace("country", "county", 1), encoding="utf-8")
    assert main(["verify", str(unpacked)]) == 1
    assert "checksums" in capsys.readouterr().out


def test_its_record_says_what_it_said(unpacked: Path) -> None:
    path = the_one(unpacked, "*-smoke-en-*.json")
    before = json.loads(path.read_text(encoding="utf-8"))
    assert before["schema"] == "modellab.record/1"
    record = load_record(path)
    assert record.schema_ == SCHEMA
    for metric in ("wer", "cer", "success_rate"):
        assert record.value(metric) == before["summary"][metric]
    for metric in ("rtf", "latency_p50_s", "load_s", "clip5_s"):
        assert record.value(metric) == before["timing"][metric]
    assert [each.hypothesis for each in record.utterances] == [each["hypothesis"] for each in before["utterances"]]
    again = scored(record, record.rules)
    assert again.value("wer") == pytest.approx(before["summary"]["wer"], abs=1e-12)
    assert [each.parts["asr"].words.errors for each in again.utterances] == [
        sum(each["words"][kind] for kind in ("substitutions", "deletions", "insertions"))
        for each in before["utterances"]
    ]


def test_its_baseline_holds_its_record(unpacked: Path) -> None:
    saved = baseline.read(the_one(unpacked, "*.jsonl"))
    record = load_record(the_one(unpacked, "*-smoke-en-*.json"))
    assert baseline.against(record, saved).finding.outcome == "unchanged"
    worse = record.model_copy(
        update={"utterances": tuple(each.model_copy(update={"hypothesis": ""}) for each in record.utterances)}
    )
    assert baseline.against(worse, saved).finding.outcome == "worse"


def test_it_is_compared_with_a_record_of_now(
    unpacked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = the_one(unpacked, "*-smoke-en-*.json")
    for side in ("before", "after"):
        folder = tmp_path / side / "runs" / "faster-whisper-tiny.en" / "asr"
        folder.mkdir(parents=True)
        record = load_record(old)
        if side == "before":
            (folder / old.name).write_bytes(old.read_bytes())
        else:
            write(record, tmp_path / side)
    main(["compare", str(tmp_path / "before"), str(tmp_path / "after")])
    assert "WER" in capsys.readouterr().out
