"""`modellab export`."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import Told
from records import record, utterance

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.cli import _parser
from pytest_modellab.cli.exits import Exit
from pytest_modellab.cli.export import FORMATS, OF_SOME
from pytest_modellab.cli.reference import commands_of
from pytest_modellab.results import record_files
from pytest_modellab.results.values import valued
from pytest_modellab.tasks.diarize.record import DiarizationSummary


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    for model in ("tiny", "base"):
        case = CaseRef(task="asr", model=model, device="cpu", dataset="talk")
        record_files.write(valued(record(utterances=[utterance("one")], case=case)), tmp_path)
    return tmp_path


def test_figures_on_the_screen_and_in_a_file(reports: Path, told: Told, tmp_path: Path) -> None:
    said = told("export", "csv", "tiny:*", "--reports", str(reports))
    assert said.startswith("task,model,device,dataset,metric,value,low,high,unit,")
    assert "asr,tiny,cpu,talk,wer,0.0," in said
    assert "base" not in said
    told("export", "csv", "--utterances", "-o", str(tmp_path / "u.csv"), "--reports", str(reports))
    assert (tmp_path / "u.csv").read_text().count("\n") == 3


def test_a_model_card(reports: Path, told: Told) -> None:
    said = told("export", "model-index", "tiny:*", "--metric", "wer", "--reports", str(reports))
    assert said.startswith("model-index:\n- name: tiny\n")


def test_a_benchmark(reports: Path, told: Told) -> None:
    said = told("export", "hf-eval-results", "tiny:*", "--benchmark", "org/set:test", "--reports", str(reports))
    assert said.startswith("- dataset:\n    id: org/set\n    task_id: test\n  value: 0.0\n")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["csv", "nobody:*"], Exit.USAGE, "no record of nobody:* in "),
        (["parquet"], Exit.USAGE, "name it by -o FILE"),
        (["hf-eval-results", "tiny:*"], Exit.USAGE, "--benchmark DATASET:TASK"),
        (["model-index"], Exit.WRONG, "a model card is of one model"),
        (["model-index", "--metric", "were"], Exit.USAGE, "no metric `were`; did you mean `wer`"),
    ],
)
def test_what_cannot_be_exported(reports: Path, told: Told, arguments: list[str], code: int, message: str) -> None:
    told("export", *arguments, "--reports", str(reports), code=code)
    assert message in told.errors


GIVEN = {
    "output": ["-o", "x"],
    "utterances": ["--utterances"],
    "references": ["--references"],
    "metric": ["--metric", "wer"],
    "benchmark": ["--benchmark", "a:b"],
    "revision": ["--revision", "abc"],
    "project": ["--project", "p"],
    "to": ["--to", "x"],
}


@pytest.mark.parametrize(
    ("option", "format"), [(option, each) for option in GIVEN for each in FORMATS if each not in OF_SOME[option]]
)
def test_an_option_of_another_format_is_not_ignored(reports: Path, told: Told, option: str, format: str) -> None:
    told("export", format, "tiny:*", *GIVEN[option], "--reports", str(reports), code=Exit.USAGE)
    assert told.errors == f"modellab: --{option} is for {', '.join(OF_SOME[option])}, not for {format}\n"


def test_every_option_is_of_some_formats_or_of_all() -> None:
    found = {action.dest for action in commands_of(_parser())["export"]._actions if action.option_strings} - {"help"}
    assert found == {*OF_SOME, "reports"} == {*GIVEN, "reports"}


def test_recordings_that_have_no_line_are_told(told: Told, tmp_path: Path) -> None:
    case = CaseRef(task="diarize", model="tiny", device="cpu", dataset="talks")
    rows = [utterance("a", "0.000 4.000 ann so", "0.000 3.900 x so"), utterance("b", "0.000 4.000 ann so", "")]
    made = record(utterances=rows, case=case, parts={"diarize": DiarizationSummary.model_construct()})
    record_files.write(valued(made), tmp_path)
    said = told("export", "rttm", "--reports", str(tmp_path))
    assert said.startswith("SPEAKER a 1 0.000 3.900 ")
    assert told.errors == "modellab: 1 recording without a segment, of which rttm has no line: b\n"
    told("export", "rttm", "--references", "--reports", str(tmp_path))
    assert told.errors == ""
