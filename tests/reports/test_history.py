"""`modellab history`, and records read without their utterances."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from labsessions import LabSessions
from records import edits, record, utterance

from pytest_modellab.catalog.load import default_grades
from pytest_modellab.cli import main
from pytest_modellab.reports.history import HistoryQuery, history, sparkline
from pytest_modellab.reports.scorecard.grade import grade
from pytest_modellab.results import record_files as stored
from pytest_modellab.results import record_header as headers
from pytest_modellab.results.record_files import RecordError
from pytest_modellab.results.record_header import read_header
from pytest_modellab.results.shard_ref import ShardOf

Output = pytest.CaptureFixture[str]
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def put(reports: Path, day: int, **fields: Any) -> Path:
    """A record of that many days after the first."""
    made = record(**fields)
    created = (START + timedelta(days=day)).isoformat(timespec="milliseconds")
    origin = made.provenance.model_copy(update={"created": created, "commit": f"{day % 10}" * 40})
    return stored.write(made.model_copy(update={"provenance": origin}), reports)


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "reports"
    for day, wer in enumerate((0.1, 0.2, 0.4, 0.2)):
        put(folder, day, wer=wer)
    put(folder, 1, model="other", dataset="calls")
    return folder


class TestHeader:
    def test_it_is_the_record_without_its_utterances(self, tmp_path: Path) -> None:
        long = [utterance(str(i), hypothesis='"utterances": [\n "findings": ' * 20) for i in range(400)]
        path = stored.write(record(utterances=long), tmp_path)
        whole, found = stored.read(path), read_header(path)
        assert found.utterances == ()
        assert found.model_dump() == whole.model_copy(update={"utterances": ()}).model_dump()
        assert found.value("rtf") == whole.value("rtf")
        assert grade(found, default_grades()["asr"]) == grade(whole, default_grades()["asr"])

    def test_only_what_is_around_them_is_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = stored.write(record(utterances=[utterance(str(i)) for i in range(3000)]), tmp_path)
        whole = path.stat().st_size
        with path.open("rb") as file:
            data = headers._around(file)
            assert data is not None
            assert len(data) < 10_000 < whole
        monkeypatch.setattr(headers, "read", lambda path: pytest.fail("read whole"))
        assert not read_header(path).wordless

    def test_one_that_is_laid_out_otherwise_is_read_all_the_same(self, tmp_path: Path) -> None:
        path = stored.write(record(), tmp_path)
        path.write_text(json.dumps(json.loads(path.read_text())))
        assert read_header(path).case.model == "tiny"

    def test_one_without_words_is_wordless(self, tmp_path: Path) -> None:
        quiet = record(utterances=[utterance(reference="", hypothesis="", words=edits())], wer=None, words=0)
        assert read_header(stored.write(quiet, tmp_path)).wordless

    @pytest.mark.parametrize("text", ["", "{}", '{\n "utterances": [', '\n "utterances": [\n ],\n "findings": x'])
    def test_a_damaged_one_names_itself(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "broken.json"
        path.write_text(text)
        with pytest.raises(RecordError, match=r"broken\.json: not a modellab\.record/2"):
            read_header(path)
        with pytest.raises(RecordError, match=r"gone\.json: can't be read"):
            read_header(tmp_path / "gone.json")


def test_a_trend_for_each_case_newest_last(reports: Path, capsys: Output) -> None:
    assert main(["history"]) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    head = lines.index("asr/tiny:cpu:talk: WER ▁▃█▃ (4 records)")
    assert lines[head + 1].split() == ["day", "commit", "WER", "95", "%", "RTF", "grade"]
    assert lines[head + 2].split()[:6] == ["2026-01-02", "00000000", "10.0", "%", "0.20", "A"]
    assert lines[head + 5].split()[:4] == ["2026-01-05", "33333333", "20.0", "%"]
    assert "asr/other:cpu:calls: WER ▄ (1 record)" in lines


def test_cases_number_and_figure_are_chosen(reports: Path, capsys: Output) -> None:
    assert main(["history", "tiny:*", "-n", "2", "--metric", "rtf"]) == 0
    out = capsys.readouterr().out
    assert "asr/tiny:cpu:talk: RTF ▄▄ (2 records, 2 older)" in out
    assert "other" not in out
    assert main(["history", "--all"]) == 0
    assert main(["history", "asr/other:cpu:c*"]) == 0
    assert "asr/other:cpu:calls" in capsys.readouterr().out
    assert main(["history", "none:*"]) == 2
    assert main(["history", "--metric", "wee"]) == 2
    assert "did you mean `wer`?" in capsys.readouterr().err


def test_damaged_files_are_told_and_passed_over(reports: Path, capsys: Output) -> None:
    path = put(reports, 5)
    path.write_text("{")
    assert main(["history"]) == 1
    out = capsys.readouterr().out
    assert f"passed over: {path.relative_to(reports.parent)}: not a modellab.record/2" in out
    assert "asr/tiny:cpu:talk: WER ▁▃█▃ (4 records)" in out


def test_parts_are_no_points_of_the_line(reports: Path, capsys: Output) -> None:
    put(reports, 6, limited_to=1, wer=0.9)
    put(reports, 7, shard=ShardOf(index=1, of=2, places=(0,), utterances=2))
    assert main(["history", "tiny:*"]) == 0
    out = capsys.readouterr().out
    assert "WER ▁▃█▃·· (6 records)" in out
    assert "first 1" in out
    assert "shard 1/2" in out


def test_the_json_holds_every_point(reports: Path, capsys: Output) -> None:
    assert main(["history", "tiny:*", "--format", "json"]) == 0
    (trend,) = json.loads(capsys.readouterr().out)["trends"]
    assert [point["figures"]["wer"] for point in trend["points"]] == [0.1, 0.2, 0.4, 0.2]


def test_other_cases_are_not_opened(reports: Path) -> None:
    put(reports, 1, model="third").write_text("{")
    damaged: list[str] = []
    assert len(history(reports, HistoryQuery(["tiny:cpu:talk"]), default_grades(), damaged)) == 1
    assert damaged == []


def test_where_nothing_was_run_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["history"]) == 2
    assert "run pytest first" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("values", "bars"),
    [([], ""), ([1.0], "▄"), ([1.0, 1.0], "▄▄"), ([0.0, None, 7.0], "▁·█"), ([None], "·"), ([3.0, 0.0], "█▁")],
)
def test_a_sparkline(values: list[float | None], bars: str) -> None:
    assert sparkline(values) == bars


def test_the_records_of_a_session_are_a_trend(sessions: LabSessions, capsys: Output) -> None:
    sessions.ready()
    sessions.session()
    sessions.model(wrong={0: "one fine night"})
    sessions.session()
    assert main(["history"]) == 0
    assert "asr/fake:cpu:clips: WER ▁█ (2 records)" in capsys.readouterr().out
