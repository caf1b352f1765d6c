"""Records of modellab.record/1, as older versions wrote them: read, listed, compared, merged and scored again."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pytest_modellab import __version__
from pytest_modellab.cli import main
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.results.merge import merge
from pytest_modellab.results.record import NOT_MEASURED_YET, Record
from pytest_modellab.results.record_files import RecordError, read, write
from pytest_modellab.results.record_header import read_header
from pytest_modellab.results.recount import alike
from pytest_modellab.results.rescore import rescore
from pytest_modellab.results.values import valued

ROOT = Path(__file__).parents[2]
OLD = ROOT / "tests" / "old"
PACKED = sorted((OLD / "records-1").glob("*.json.gz"))
BUNDLE = OLD / "release-bundle-1.zip"
KINDS = {"asr": "summary", "tts": "speech", "streaming": "streaming", "chat": "chat"}
"""By task the part of a record/1 that its own figures stood in."""
Output = pytest.CaptureFixture[str]


def bundled() -> bytes:
    with zipfile.ZipFile(BUNDLE) as packed:
        (name,) = (name for name in packed.namelist() if name.startswith("records/"))
        return packed.read(name)


def sealed(data: dict[str, Any]) -> str:
    """A record/1 as that version wrote it."""
    compact = json.dumps({**data, "seal": None}, separators=(",", ":"), ensure_ascii=False)
    return json.dumps({**data, "seal": hashlib.sha256(compact.encode()).hexdigest()}, indent=1, ensure_ascii=False)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A record/1, sealed, in a folder of reports."""
    path = tmp_path / "old" / "runs" / "fake" / "asr" / "20261128T174505832-cpu-clips-339fca32.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(bundled())
    return path


@pytest.mark.parametrize("path", PACKED, ids=lambda path: path.name)
class TestRealOnes:
    def test_values_are_those_that_it_states(self, path: Path) -> None:
        data, record = json.loads(gzip.decompress(path.read_bytes())), read(path)
        assert (data["schema"], record.schema_) == ("modellab.record/1", "modellab.record/2")
        parts = [data["summary"], data["timing"], data.get(KINDS[record.case.task]) or {}]
        stated = {name: value for part in parts for name, value in part.items() if name in record.values}
        assert len(stated) > 8
        assert {name: record.value(name) for name in stated} == stated
        intervals = {name: part.get(f"{name}_interval") for part in parts for name in part if name in stated}
        told = {name: record.interval(name) for name in stated}
        assert {name: each and each.model_dump(exclude_none=True) for name, each in told.items()} == intervals

    def test_so_are_those_that_its_metrics_come_to(self, path: Path) -> None:
        record = read(path)
        again = valued(record)
        for name, value in record.values.items():
            if value.definition < METRICS[name].version:
                continue  # what its definition of now needs may not have been measured
            assert alike(again.value(name), value.value), name
            assert again.values[name].possible == value.possible, name

    def test_every_missing_value_has_a_reason(self, path: Path) -> None:
        record = read(path)
        assert all(record.why_missing(name) for name in METRICS if record.value(name) is None)

    @pytest.mark.slow
    def test_scored_again_by_its_own_rules_it_is_of_this_version(self, path: Path, tmp_path: Path) -> None:
        again = read(write(rescore(read(path), read(path).rules), tmp_path))
        assert again.provenance.rescored is not None
        # Of metrics whose definition is another now a value follows from the texts, not from the old one.
        same = [name for name in again.values if METRICS[name].version == 1]
        assert {name: again.value(name) for name in same} == pytest.approx(
            {name: valued(read(path)).value(name) for name in same}
        )

    @pytest.mark.slow
    def test_by_default_it_is_scored_by_the_scorer_of_now(self, path: Path) -> None:
        again = rescore(read(path))
        assert again.normalizer.name == "modellab"
        found, before = (record.value(record.error_metric) for record in (again, read(path)))
        # Dots and typography are no words any more: no rate of these rises.
        assert (found is None) == (before is None)
        assert found is None or before is None or found <= before


def test_it_is_whole_as_its_seal_says(old: Path) -> None:
    assert read(old).seal == json.loads(bundled())["seal"]
    old.write_text(old.read_text().replace('"title": "fake"', '"title": "other"'))
    with pytest.raises(RecordError, match="was changed after it was written"):
        read(old)


def test_a_damaged_one_names_itself(old: Path) -> None:
    old.write_text(old.read_text().replace('"audio_s"', '"audio_sec"'))
    with pytest.raises(RecordError, match=re.escape("not a modellab.record/1: summary: audio_s: Field required")):
        read(old)


def test_one_from_before_a_figure_was_measured(old: Path) -> None:
    data = json.loads(bundled())
    del data["beyond"]
    for each in data["utterances"]:
        del each["detected_language"]
    old.write_text(sealed(data))
    record = read(old)
    assert (record.value("looped"), record.why_missing("looped")) == (None, NOT_MEASURED_YET)
    assert record.value("wer") == data["summary"]["wer"]
    assert rescore(record).value("looped") == 0


def test_its_header_is_read_without_its_utterances(old: Path) -> None:
    whole, header = read(old), read_header(old)
    assert header.utterances == ()
    assert not header.wordless
    assert {name: header.value(name) for name in METRICS} == {name: whole.value(name) for name in METRICS}


def test_it_is_compared_with_one_of_today(old: Path, tmp_path: Path, capsys: Output) -> None:
    write(rescore(read(old)), tmp_path / "new")
    assert main(["compare", str(tmp_path / "old"), str(tmp_path / "new")]) == 0
    assert "no detectable difference" in capsys.readouterr().out


def test_the_command_writes_this_version(old: Path, tmp_path: Path, capsys: Output) -> None:
    assert main(["rescore", "--write", "--reports", str(tmp_path / "old")]) == 0
    newest = max(old.parent.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    assert json.loads(newest.read_text())["schema"] == "modellab.record/2"
    assert read(newest).value("wer") == read(old).value("wer")


def test_its_shards_are_merged(old: Path, tmp_path: Path) -> None:
    data = json.loads(bundled())
    data["provenance"]["lab"] = __version__
    found: dict[Path, Record] = {}
    rows = data["utterances"]
    for index, places in enumerate(([0, 2], [1]), start=1):
        shard = {"index": index, "of": 2, "places": places, "utterances": len(rows)}
        summary = {**data["summary"], "utterances": len(places), "answered": len(places)}
        own = {**data, "utterances": [rows[place] for place in places], "shard": shard, "summary": summary}
        path = tmp_path / f"{index}.json"
        path.write_text(sealed(own))
        found[path] = read(path)
        assert found[path].value("wer") is None
    joined, whole = merge(found), read(old)
    assert [each.id for each in joined.utterances] == [each.id for each in whole.utterances]
    for name in ("wer", "cer", "rtf", "latency_p50_s", "looped"):
        assert joined.value(name) == pytest.approx(whole.value(name)), name
