"""The hooks of the lab, as a conftest.py of somebody else implements them."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest
from fakelab import FakeLab

from pytest_modellab.plugin import newhooks

BOTH = pytest.mark.parametrize("workers", ["-n0", "-n2"])

CONFTEST = """
import json
from pathlib import Path

import pytest

from pytest_modellab import Case, Record, Scorecard, Status, Verdict

FOLDER = Path(__file__).parent


def note(hook: str, config: pytest.Config, **what: object) -> None:
    worker = getattr(config, "workerinput", {"workerid": "controller"})["workerid"]
    with (FOLDER / "calls.jsonl").open("a") as file:
        file.write(json.dumps({"hook": hook, "by": worker, **what}) + "\\n")


def pytest_modellab_cases(config: pytest.Config, cases: list[Case]) -> None:
    note("cases", config, ids=[case.id for case in cases])
    cases[:] = [case for case in cases if case.model.id != "unwanted"]


def pytest_modellab_record(config: pytest.Config, case: Case, record: Record) -> None:
    note("record", config, id=case.id, wer=record.value("wer"), utterances=len(record.utterances))


def pytest_modellab_verdict(config: pytest.Config, item: pytest.Item, record: Record, verdict: Verdict) -> None:
    assert isinstance(verdict.status, Status)
    note("verdict", config, test=item.name, id=record.case.id, metric=verdict.metric, status=verdict.status)


def pytest_modellab_scorecard(config: pytest.Config, scorecard: Scorecard) -> None:
    written = FOLDER / "reports" / "scorecard.json"
    note("scorecard", config, rows=len(scorecard.rows), problems=scorecard.problems, written=written.exists())
"""


@pytest.fixture
def watched(lab: FakeLab) -> FakeLab:
    lab.ready(wrong={1: "to fine"})
    lab.model("unwanted")
    lab.pytester.makeconftest(CONFTEST)
    return lab


def calls(lab: FakeLab, hook: str) -> list[dict[str, Any]]:
    lines = (lab.path / "calls.jsonl").read_text().splitlines()
    return [call for line in lines if (call := json.loads(line))["hook"] == hook]


@BOTH
def test_each_is_called_where_it_says(watched: FakeLab, workers: str) -> None:
    watched.run(workers)

    cases = calls(watched, "cases")
    assert {tuple(call["ids"]) for call in cases} == {("fake:cpu:clips", "unwanted:cpu:clips")}
    assert sorted(call["by"] for call in cases) == (
        ["controller"] if workers == "-n0" else ["controller", "gw0", "gw1"]
    )

    (record,) = calls(watched, "record")
    assert (record["id"], record["utterances"]) == ("fake:cpu:clips", 3)
    assert record["wer"] > 0

    found = {(call["test"], call["metric"], call["status"]) for call in calls(watched, "verdict")}
    assert found == {
        ("test_wer[fake:cpu:clips]", "wer", "fail"),
        ("test_success[fake:cpu:clips]", "success_rate", "pass"),
    }
    assert len(calls(watched, "verdict")) == 2
    assert {call["by"].startswith("gw") for call in calls(watched, "verdict")} == {workers == "-n2"}

    (scorecard,) = calls(watched, "scorecard")
    assert (scorecard["by"], scorecard["rows"], scorecard["written"]) == ("controller", 1, True)


def test_a_case_that_is_removed_is_not_run(watched: FakeLab) -> None:
    result = watched.run("-v")
    result.stdout.fnmatch_lines(["modellab: *cases 1;*"])
    result.stdout.no_fnmatch_line("*unwanted:cpu*")
    assert {record.case.model for record in watched.records()} == {"fake"}


def test_a_required_case_that_is_removed_is_no_pass(watched: FakeLab) -> None:
    result = watched.run("--lab-require", "unwanted:cpu:clips", "-k", "success")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert any("unwanted:cpu:clips" in problem for problem in watched.scorecard()["problems"])


def test_a_reused_record_is_told_as_well(watched: FakeLab) -> None:
    watched.run()
    watched.run()
    assert len(watched.records()) == 1
    assert len(calls(watched, "record")) == 2


def test_nothing_is_told_of_a_session_that_only_shows(watched: FakeLab) -> None:
    watched.run("--collect-only", "-q")
    assert [calls(watched, hook) for hook in ("record", "verdict", "scorecard")] == [[], [], []]


def test_a_hook_of_an_unknown_name_is_refused(lab: FakeLab) -> None:
    lab.ready()
    lab.pytester.makeconftest("def pytest_modellab_records(record): pass\n")
    result = lab.pytester.runpytest_subprocess("--collect-only")
    assert result.ret != 0
    assert "unknown hook 'pytest_modellab_records'" in result.stdout.str() + result.stderr.str()


def test_they_are_known_where_there_is_no_catalog(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("def pytest_modellab_record(record): pass\n")
    pytester.makepyfile("def test_plain(): pass")
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


@pytest.mark.parametrize("name", [name for name in vars(newhooks) if name.startswith("pytest_modellab_")])
def test_each_is_typed_and_told_in_one_line(name: str) -> None:
    hook = getattr(newhooks, name)
    assert hook.__doc__ is not None
    assert "\n" not in hook.__doc__
    signature = inspect.signature(hook)
    assert signature.return_annotation == "None"
    assert all(parameter.annotation is not inspect.Parameter.empty for parameter in signature.parameters.values())
