"""Sessions that fail for another reason than a test of a case: the scorecard says so, whatever shows it."""

from __future__ import annotations

import json

import pytest
from fakelab import FakeLab

PASSES = "def test_wer(run, limits): assert run.wer <= limits.wer\n"


@pytest.fixture
def passing(lab: FakeLab) -> FakeLab:
    """A session of one case that passes, run in a process of its own: what others' hooks do must not outlive it."""
    lab.texts = [f"the number {i} of a day" for i in range(6)]
    lab.ready()
    lab.pytester.makepyfile(test_suite=PASSES)
    lab.subprocess = True
    return lab


def not_passed(lab: FakeLab, reason: str, *arguments: str, code: int = 1) -> None:
    result = lab.run(*arguments)
    assert result.ret == code
    card = lab.scorecard()
    assert [each for each in card["problems"] if reason in each], card["problems"]
    assert not [row for row in card["rows"] if row["status"] == "fail"]
    assert "NOT PASSED" in result.stdout.str()


@pytest.mark.parametrize("arguments", [(), ("-n2",), ("--lab-card=none",), ("-q",)])
def test_a_module_that_can_not_be_collected(passing: FakeLab, arguments: tuple[str, ...]) -> None:
    passing.pytester.makepyfile(test_bad="import nosuch")
    not_passed(passing, "could not be collected: test_bad.py", "--continue-on-collection-errors", *arguments)


@pytest.mark.parametrize("arguments", [(), ("-n2",)])
def test_a_plugin_that_fails_the_session_as_measures_of_coverage_do(
    passing: FakeLab, arguments: tuple[str, ...]
) -> None:
    passing.pytester.makeconftest(
        "import pytest\n"
        "@pytest.hookimpl(wrapper=True)\n"
        "def pytest_runtestloop(session):\n"
        "    found = yield\n"
        "    session.testsfailed += 1\n"
        "    return found\n"
    )
    not_passed(passing, "pytest ended with exit code 1", *arguments)


def test_a_plugin_that_sets_the_exit_code_at_the_very_end(passing: FakeLab) -> None:
    passing.pytester.makeconftest(
        "import pytest\n"
        "@pytest.hookimpl(trylast=True)\n"
        "def pytest_sessionfinish(session):\n"
        "    session.exitstatus = 1\n"
    )
    not_passed(passing, "pytest ended with exit code 1")


def test_a_plugin_that_raises_at_the_end(passing: FakeLab) -> None:
    passing.pytester.makeconftest("def pytest_sessionfinish(session): raise RuntimeError('at the end')\n")
    passing.run()
    assert "another plugin failed at its end: RuntimeError: at the end" in passing.scorecard()["problems"]


@pytest.mark.parametrize("code", [0, 1])
def test_a_session_that_a_test_ends(passing: FakeLab, code: int) -> None:
    passing.pytester.makepyfile(
        test_suite=f"{PASSES}import pytest\ndef test_then(run): pytest.exit('enough', {code})\n"
        "def test_never(run): assert False\n"
    )
    result = passing.run()
    assert result.ret == 1
    assert passing.scorecard()["partial"].startswith("interrupted")
    assert "PARTIAL: interrupted" in result.stdout.str()


def test_setups_alone_measure_nothing(passing: FakeLab) -> None:
    passing.run("--setup-only")
    assert not (passing.path / "reports" / "scorecard.json").exists()


def test_one_that_passes_says_nothing_of_it(passing: FakeLab) -> None:
    assert passing.run().ret == 0
    card = json.loads((passing.path / "reports" / "scorecard.json").read_text())
    assert (card["problems"], card["partial"]) == ([], None)
