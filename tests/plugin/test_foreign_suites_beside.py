"""Suites with a catalog beside tests that are not ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakelab import FakeLab

from pytest_modellab.plugin.scheduler import ModelDeviceScheduling
from pytest_modellab.plugin.short_names import names


class TestBeside:
    """Tests of the lab in a repository whose fixtures have our names."""

    def test_short_and_full_names_beside_own_fixtures(self, lab: FakeLab) -> None:
        lab.ready()
        lab.pytester.makeconftest("""
            import pytest

            @pytest.fixture
            def case():
                return "their own"

            @pytest.fixture
            def limits(limits):
                return limits
        """)
        lab.pytester.makepyfile(
            test_suite="""
            import pytest

            @pytest.mark.parametrize("half", [1, 2])
            def test_short(run, limits, case, half):
                assert case == "their own"
                assert run.wer <= limits.wer

            def test_full(modellab_run, modellab_limits, modellab_case, modellab_device, case):
                assert case == "their own"
                assert modellab_run.wer <= modellab_limits.wer
                assert modellab_case.id == "fake:cpu:clips"
                assert modellab_device.kind == "cpu"

            def test_no_worse(no_worse):
                assert no_worse()
            """
        )
        result = lab.run("-v")
        result.assert_outcomes(passed=3, skipped=1)
        result.stdout.fnmatch_lines(["*::test_short?1-fake:cpu:clips? *", "*::test_full?fake:cpu:clips? *"])
        assert lab.scorecard()["rows"][0]["status"] == "pass"

    def test_of_our_tests_those_of_another_tier_are_left_out_with_a_case_or_without(self, lab: FakeLab) -> None:
        lab.ready()
        lab.pytester.makepyfile(
            test_suite="""
            import pytest

            pytestmark = pytest.mark.real_e2e

            @pytest.mark.tts
            def test_of_a_task_without_a_case(modellab_run):
                pass

            def test_of_theirs():
                pass
            """
        )
        result = lab.run()
        result.assert_outcomes(passed=1, deselected=1)
        lab.run("-m", "real_e2e").assert_outcomes(passed=1, skipped=1)

    def test_a_test_of_theirs_that_bears_the_name_of_a_case_says_nothing_of_it(self, lab: FakeLab) -> None:
        lab.ready()
        lab.pytester.makepyfile(
            test_theirs="""
            import pytest

            @pytest.mark.parametrize("case", ["fake:cpu:clips"])
            def test_name(case):
                assert case.isalpha()
            """
        )
        assert lab.run().ret == 1
        (row,) = lab.scorecard()["rows"]
        assert row["status"] == "pass"
        assert lab.scorecard()["problems"] == ["failed, of no case: test_theirs.py::test_name[fake:cpu:clips]"]

    @pytest.mark.parametrize("own", [True, False])
    def test_their_own_scheduler_goes_before(self, own: bool, lab: FakeLab) -> None:
        lab.ready()
        if own:
            lab.pytester.makeconftest("def pytest_xdist_make_scheduler(config, log):\n    return 'their own'\n")
        config = lab.pytester.parseconfigure("-n0")
        config.option.dist, config.option.tx = "load", ["popen"]
        found = config.hook.pytest_xdist_make_scheduler(config=config, log=None)
        assert found == "their own" if own else isinstance(found, ModelDeviceScheduling)

    def test_what_cannot_be_parametrized_is_told(self, lab: FakeLab) -> None:
        lab.ready()
        lab.pytester.makepyfile(test_suite="def test_dynamic(request):\n    request.getfixturevalue('run')\n")
        result = lab.run()
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["*test_suite.py::test_dynamic has no case: pytest parametrizes functions*"])

    def test_every_fixture_has_a_short_name(self) -> None:
        from pytest_modellab.plugin import fixtures

        full = {name for name, value in vars(fixtures).items() if type(value).__name__ == "FixtureFunctionDefinition"}
        assert {name for _, name in names()} == full
        assert all(name.startswith("modellab_") for name in full)


def fixtures_of_the_page() -> Iterator[str]:
    page = (Path(__file__).parents[2] / "docs" / "reference.md").read_text(encoding="utf-8")
    table = page.partition("| fixture ")[2].partition("\n\n")[0]
    for line in table.splitlines()[2:]:
        yield from re.findall(r"`(\w+)`", line.split("|")[1] + line.split("|")[2])


def test_the_reference_lists_every_fixture_by_both_names() -> None:
    assert sorted(fixtures_of_the_page()) == sorted(name for pair in names() for name in pair)
