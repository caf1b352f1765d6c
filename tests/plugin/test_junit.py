"""What a JUnit report has of a benchmark: the case, figures with bounds and verdicts, what came of the session."""

from __future__ import annotations

import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from fakelab import FakeLab

from pytest_modellab.plugin.junit import of_verdicts, put
from pytest_modellab.results.verdicts import Status, Verdict

BOTH = pytest.mark.parametrize("workers", ["-n0", "-n2"])


def verdict(status: Status, bound: float | None = 0.1, value: float | None = 0.05, reason: str = "") -> Verdict:
    return Verdict("a:cpu:b", "wer", "<=", value, bound, status, "limits.yaml:3", reason)


def properties(lab: FakeLab) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Of the suite, and of each test by name."""
    (suite,) = ElementTree.parse(lab.path / "x.xml").getroot()
    tests = {str(test.get("name")): _own(test) for test in suite.iter("testcase")}
    return _own(suite), tests


def _own(element: ElementTree.Element) -> dict[str, str]:
    found = [(str(each.get("name")), str(each.get("value"))) for each in element.findall("properties/property")]
    assert len(dict(found)) == len(found)
    return dict(found)


@BOTH
def test_a_session_that_fails(lab: FakeLab, workers: str) -> None:
    lab.ready(wrong={1: "to fine"})
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x"],
                   check=True)  # fmt: skip
    assert lab.run(workers, "--junitxml=x.xml").ret == pytest.ExitCode.TESTS_FAILED
    suite, tests = properties(lab)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    assert suite == {
        "modellab.session": lab.scorecard()["session"],
        "modellab.verdict": "not passed",
        "modellab.commit": commit,
        "modellab.changed": "no",
        "modellab.scorecard": "reports/scorecard.json",
    }
    held = tests["test_wer[fake:cpu:clips]"]
    reason = held.pop("modellab.wer.reason", "")
    assert held == {
        "modellab.case": "asr/fake:cpu:clips",
        "modellab.verdict": "fail",
        "modellab.wer": "0.2222222222222222",
        "modellab.wer.limit": "<= 0.1",
        "modellab.wer.limit.source": "lab/limits.yaml:3",
        "modellab.wer.verdict": "fail",
    }
    assert "{" not in reason
    assert tests["test_success[fake:cpu:clips]"]["modellab.success_rate.limit"] == ">= 1.0"
    # What tests said arrives whichever way.
    (row,) = lab.scorecard()["rows"]
    assert [each["metric"] for each in row["verdicts"] if each["asserted"]] == ["wer", "success_rate"]


def test_a_session_that_passes_beside_tests_of_nothing(lab: FakeLab) -> None:
    lab.ready()
    lab.pytester.makepyfile(test_plain="def test_plain(record_property): record_property('mine', 1)")
    assert lab.run("--junitxml=x.xml", "-o", "modellab_page=true").ret == 0
    suite, tests = properties(lab)
    assert suite["modellab.verdict"] == "passed"
    assert suite["modellab.page"] == "reports/scorecard.html"
    assert tests["test_plain"] == {"mine": "1"}
    assert tests["test_wer[fake:cpu:clips]"]["modellab.verdict"] == "pass"


def test_a_session_without_a_benchmark_says_nothing(lab: FakeLab) -> None:
    lab.ready()
    lab.pytester.makepyfile(test_suite="def test_plain(): pass")
    assert lab.run("--junitxml=x.xml").ret == 0
    assert properties(lab) == ({}, {"test_plain": {}})


def test_where_no_report_is_written_nothing_is_said(lab: FakeLab) -> None:
    assert lab.ready().run().ret == 0
    assert not Path("x.xml").exists()


class TestVerdicts:
    def test_of_several_bounds_on_one_figure_the_worst(self) -> None:
        found = dict(of_verdicts([verdict(Status.PASS), verdict(Status.WARN, 0.04), verdict(Status.PASS, 0.2)]))
        assert found["modellab.wer.limit"] == "<= 0.04"
        assert found["modellab.verdict"] == found["modellab.wer.verdict"] == "warn"

    def test_a_figure_that_is_missing(self) -> None:
        assert of_verdicts([verdict(Status.NOT_AVAILABLE, None, None, "shared")]) == [
            ("modellab.verdict", "not-available"),
            ("modellab.wer", "n/a"),
            ("modellab.wer.verdict", "not-available"),
            ("modellab.wer.reason", "shared"),
        ]

    def test_a_second_run_of_a_test_takes_the_place_of_the_first(self) -> None:
        held: list[tuple[str, object]] = [("modellab.case", "a"), ("mine", 1), ("modellab.wer", "0.5")]
        put(held, [("modellab.wer", "0.25")])
        assert held == [("modellab.case", "a"), ("mine", 1), ("modellab.wer", "0.25")]
