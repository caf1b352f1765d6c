"""The plugin's hooks on a suite that is collected in this process: what is told, selected, reported and graded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from configs import collected, parsed, reported, valued
from labsessions import LabSessions

from pytest_modellab.plugin import hooks
from pytest_modellab.plugin.hooks import ControllerPlugin, LabPlugin
from pytest_modellab.plugin.session import LAB

Output = pytest.CaptureFixture[str]

SUITE = """
import pytest

pytestmark = pytest.mark.asr


def test_wer(run, limits):
    assert run.wer <= limits.wer


def test_unsure(run):
    assert run.success_rate >= 0.999


@pytest.mark.bounded("cer")
def test_cer(run, limits):
    assert run.cer <= limits.cer


def test_plain():
    pass
"""


@pytest.fixture
def suite(sessions: LabSessions) -> LabSessions:
    sessions.texts = [*LabSessions.texts, "four fine days", "five fine days"]
    sessions.ready()
    (sessions.path / "test_suite.py").write_text(SUITE)
    return sessions


def controller(config: pytest.Config) -> ControllerPlugin:
    found = config.pluginmanager.get_plugin("modellab-controller")
    assert isinstance(found, ControllerPlugin)
    return found


def names(session: pytest.Session) -> list[str]:
    return [item.name for item in session.items]


class TestConfigure:
    def test_options_that_ask_for_something_need_a_catalog(self, tmp_path: Path) -> None:
        told = "--lab-expect given, and no catalog is known here"
        with (
            parsed(tmp_path, "--lab-expect", ini="[pytest]\n") as config,
            pytest.raises(pytest.UsageError, match=told),
        ):
            hooks.pytest_configure(config)
        with parsed(tmp_path, ini="[pytest]\n") as config:
            hooks.pytest_configure(config)
            assert LAB not in config.stash

    def test_a_catalog_with_mistakes_is_a_usage_error(self, suite: LabSessions) -> None:
        suite.spec("limits.yaml", {"colour": "red"})
        with parsed(suite.path, ini=None) as config, pytest.raises(pytest.UsageError, match="unknown key `colour`"):
            hooks.pytest_configure(config)

    def test_reports_that_cannot_be_written_are_a_usage_error(self, suite: LabSessions) -> None:
        (suite.path / "file").touch()
        told = "reports can't be written to .*file is not a folder; set --lab-report"
        with (
            parsed(suite.path, "--lab-report=file/below", ini=None) as config,
            pytest.raises(pytest.UsageError, match=told),
        ):
            hooks.pytest_configure(config)

    @pytest.mark.parametrize("place", ["drive/below", "drive", "/proc/self/below"])
    def test_nor_where_the_system_refuses_what_it_says_is_allowed(self, suite: LabSessions, place: str) -> None:
        (suite.path / "drive").symlink_to(suite.path / "not mounted")
        if place.startswith("/") and not Path(place).parent.exists():
            pytest.skip("no such file system here")
        with (
            parsed(suite.path, f"--lab-report={place}", ini=None) as config,
            pytest.raises(pytest.UsageError, match=r"reports can't be written to .* is not (a folder|writable); set"),
        ):
            hooks.pytest_configure(config)

    def test_an_xdist_worker_is_of_the_controllers_session(self, suite: LabSessions) -> None:
        with parsed(suite.path, ini=None) as config:
            config.workerinput = {"modellab_session": "of-the-controller"}  # type: ignore[attr-defined]  # as xdist does
            hooks.pytest_configure(config)
            lab = config.stash[LAB]
            assert (lab.session_id, lab.own, lab.parallel) == ("of-the-controller", False, True)
            assert config.pluginmanager.get_plugin("modellab-controller") is None


class TestHeader:
    def said(self, lab: LabSessions, *arguments: str) -> str:
        with parsed(lab.path, *arguments, ini=None) as config:
            hooks.pytest_configure(config)
            return controller(config).pytest_report_header()

    def test_what_the_catalog_holds(self, suite: LabSessions) -> None:
        said = self.said(suite)
        assert said.startswith("modellab: lab: models 1, data sets 1, cases 1; reports: reports")
        assert "shard 1/2 of each" in self.said(suite, "--lab-shard=1/2")

    def test_a_control_says_what_stands_in(self, suite: LabSessions) -> None:
        said = self.said(suite, "--lab-control")
        assert said.startswith("modellab: control: every model is replaced by an engine that is wrong on purpose")
        assert "reports: reports/control" in said

    def test_limits_that_apply_to_no_case_and_a_newer_pytest(
        self, suite: LabSessions, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        suite.limits({"metric": "wer", "max": 0.1, "model": "fake", "device": "mps"})
        monkeypatch.setattr(hooks, "NEWEST_TESTED", (1, 0))
        said = self.said(suite)
        assert "a limit that applies to no case: " in said
        assert "is newer than any this version was tested with (1.0)" in said

    def test_code_that_came_with_weights(self, suite: LabSessions) -> None:
        suite.model(trust_remote_code=True)
        assert "run code that came with their weights (trust_remote_code): fake" in self.said(suite)


class TestCollection:
    def test_a_bounded_test_without_a_limit_is_left_out(self, suite: LabSessions) -> None:
        with collected(suite.path) as session:
            assert names(session) == ["test_wer[fake:cpu:clips]", "test_unsure[fake:cpu:clips]", "test_plain"]
        suite.limits({"metric": "wer", "max": 0.1}, {"metric": "cer", "max": 0.1})
        with collected(suite.path) as session:
            assert "test_cer[fake:cpu:clips]" in names(session)

    @pytest.mark.parametrize(
        ("argument", "told"),
        [("'cre'", "bounded names no metric: `cre`; did you mean `cer`?"), ("1, 2", "takes the name of one metric")],
    )
    def test_a_bounded_test_of_no_metric_is_an_error(
        self, suite: LabSessions, argument: str, told: str, capsys: Output
    ) -> None:
        (suite.path / "test_suite.py").write_text(SUITE.replace('"cer"', argument))
        with collected(suite.path) as session:
            assert session.testsfailed == 1
            reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
            assert told in str(reporter.stats["error"][0].longrepr)

    def test_a_tier_that_is_not_named_is_left_out_and_counted(self, suite: LabSessions, capsys: Output) -> None:
        suite.model(tiers=["real_e2e"])
        with collected(suite.path) as session:
            assert names(session) == ["test_plain"]
            assert session.config.stash[LAB].left_out == {"real_e2e": 2}
        with collected(suite.path, "-m", "asr") as session:
            assert names(session) == ["test_plain"]
        with collected(suite.path, "-m", "asr and real_e2e") as session:
            assert len(names(session)) == 2
        assert "modellab: tests left out: real_e2e 2; -m with a tier's name runs them" in capsys.readouterr().out
        with collected(suite.path, "-m", "real_e2e") as session:
            assert names(session) == ["test_wer[fake:cpu:clips]", "test_unsure[fake:cpu:clips]"]

    def test_the_plan_of_the_session_is_what_was_selected(self, suite: LabSessions) -> None:
        suite.model("other")
        with collected(suite.path, "-k", "other") as session:
            assert session.config.stash[LAB].session.plan() == ["asr/other:cpu:clips"]

    def test_a_look_at_what_would_be_collected_plans_nothing(self, suite: LabSessions) -> None:
        with collected(suite.path, "--collect-only"):
            pass
        assert not suite.reports.exists()

    def test_smoke_modules_come_first_then_tasks_then_cases(self, suite: LabSessions) -> None:
        suite.model("other")
        (suite.path / "test_z_smoke.py").write_text(
            "import pytest\npytestmark = [pytest.mark.smoke, pytest.mark.asr]\n\n\ndef test_first(run): pass\n"
        )
        with collected(suite.path, "-k", "wer or first or unsure") as session:
            assert names(session) == [
                *("test_first[fake:cpu:clips]", "test_first[other:cpu:clips]"),
                *("test_wer[fake:cpu:clips]", "test_unsure[fake:cpu:clips]"),
                *("test_wer[other:cpu:clips]", "test_unsure[other:cpu:clips]"),
            ]

    def test_a_case_of_both_tiers_runs_without_a_marker_expression_and_with_either(self, suite: LabSessions) -> None:
        for arguments in ((), ("-m", "smoke"), ("-m", "real_e2e")):
            with collected(suite.path, *arguments, "-k", "wer or unsure") as session:
                assert names(session) == ["test_wer[fake:cpu:clips]", "test_unsure[fake:cpu:clips]"]

    def test_the_quick_runs_of_every_engine_are_asked_for_by_name(self, suite: LabSessions, capsys: Output) -> None:
        suite.model("extra", tiers=["smoke_all"])
        (suite.path / "test_smoke.py").write_text(
            "import pytest\n\npytestmark = pytest.mark.smoke\n\n\ndef test_answers(run): pass\n"
        )

        def models(*arguments: str) -> set[str]:
            with collected(suite.path, *arguments) as session:
                return {name.partition("[")[2].partition(":")[0] for name in names(session) if "[" in name}

        for arguments in ((), ("-m", "smoke"), ("-m", "real_e2e")):
            assert models(*arguments) == {"fake"}
        assert models("-m", "smoke_all") == {"fake", "extra"}
        capsys.readouterr()
        assert models("-m", "smoke", "test_smoke.py") == {"fake"}
        assert "modellab: tests left out: smoke_all 1; -m with a tier's name runs them" in capsys.readouterr().out

    def test_a_model_without_tiers_runs_if_it_is_named(self, suite: LabSessions) -> None:
        suite.model(tiers=[])
        with collected(suite.path, "-m", "smoke", "--lab-model=fake") as session:
            assert names(session) == ["test_wer[fake:cpu:clips]", "test_unsure[fake:cpu:clips]"]
        told = r"with `tiers: \[\]` a model runs only if named without a wildcard"
        with (
            parsed(suite.path, "--lab-model=fak*", ini=None) as config,
            pytest.raises(pytest.UsageError, match=told),
        ):
            hooks.pytest_configure(config)

    def test_globs_choose_models_and_data_sets(self, suite: LabSessions) -> None:
        suite.model("other")
        suite.dataset("second")
        with collected(suite.path, "--lab-model=oth*", "--lab-dataset=second", "-k", "wer or unsure") as session:
            assert names(session) == ["test_wer[other:cpu:second]", "test_unsure[other:cpu:second]"]

    def test_tests_without_a_case_keep_their_places(self, suite: LabSessions) -> None:
        (suite.path / "test_a_plain.py").write_text("def test_unrelated(): pass\n")
        with collected(suite.path) as session:
            assert names(session)[0] == "test_unrelated"

    def test_once_for_each_model_where_that_is_asked(self, suite: LabSessions) -> None:
        suite.dataset("more")
        (suite.path / "test_suite.py").write_text(
            "import pytest\n\n\n@pytest.mark.per_model\ndef test_one(model): pass\n"
            "@pytest.mark.spoken\ndef test_spoken(run): pass\n"
        )
        with collected(suite.path) as session:
            assert len([name for name in names(session) if name.startswith("test_one")]) == 1
            assert len([name for name in names(session) if name.startswith("test_spoken")]) == 2


class TestReports:
    def test_a_pass_carries_its_verdicts(self, suite: LabSessions) -> None:
        with collected(suite.path, "--lab-inprocess") as session:
            report: Any = reported(session.items[0])
            assert report.passed
            assert report.modellab_status == "pass"
            assert ("modellab.wer.limit", "<= 0.1") in report.user_properties
            (tests,) = session.config.stash[LAB].tests.values()
            assert [each["metric"] for each in tests.verdicts] == ["wer"]

    def test_a_failure_explains_itself(self, suite: LabSessions) -> None:
        suite.model(wrong=dict.fromkeys(range(5), "nothing of the kind"))
        with collected(suite.path, "--lab-inprocess") as session:
            report = reported(session.items[0])
            assert report.failed
            (told,) = [text for name, text in report.sections if name == "modellab"]
            assert "worst of 5 utterances:" in told
            assert told.endswith("rerun: pytest 'test_suite.py::test_wer[fake:cpu:clips]'")
            (tests,) = session.config.stash[LAB].tests.values()
            assert tests.failed == ["test_suite.py::test_wer[fake:cpu:clips]"]

    def test_a_comparison_in_an_assert_is_told_by_its_verdict(self, suite: LabSessions) -> None:
        suite.model(wrong=dict.fromkeys(range(5), "nothing of the kind"))
        with collected(suite.path, "--lab-inprocess") as session:
            run = valued(session.items[0], "run")
            assert not (run.wer <= 0.1)
            plugin = session.config.pluginmanager.get_plugin("modellab-lab")
            assert isinstance(plugin, LabPlugin)
            first, second = plugin.pytest_assertrepr_compare("<=", run.wer, 0.1) or []
            assert first.endswith(" <= 0.1")
            assert second.startswith("fail: WER ")
            assert plugin.pytest_assertrepr_compare("<=", 1, 0.1) is None

    @pytest.mark.parametrize(
        ("status", "shown"),
        [("inconclusive", ("inconclusive", "?")), ("warn", ("warned", "w")), ("pass", None), (None, None)],
    )
    def test_an_undecided_pass_has_an_outcome_of_its_own(
        self, suite: LabSessions, status: str | None, shown: tuple[str, str] | None
    ) -> None:
        report: Any = pytest.TestReport("x", ("x", 1, "x"), {}, "passed", None, "call")
        report.modellab_status = status
        with parsed(suite.path, ini=None) as config:
            hooks.pytest_configure(config)
            found = controller(config).pytest_report_teststatus(report)
            assert (None if found is None else found[:2]) == shown
            report.when = "setup"
            assert controller(config).pytest_report_teststatus(report) is None

    def test_a_test_that_died_with_its_worker_is_of_the_case_in_its_name(self, suite: LabSessions) -> None:
        with parsed(suite.path, ini=None) as config:
            hooks.pytest_configure(config)
            for name in ("test_suite.py::test_wer[fake:cpu:clips]", "test_suite.py::test_plain"):
                report = pytest.TestReport(name, ("x", 1, "x"), {}, "failed", "died", "call")
                report.when = "???"  # type: ignore[assignment]  # as xdist reports it
                controller(config).pytest_runtest_logreport(report)
            lab = config.stash[LAB]
            assert lab.tests["asr/fake:cpu:clips"].failed == ["test_suite.py::test_wer[fake:cpu:clips]"]
            assert lab.failed_beside == ["test_suite.py::test_plain"]


class TestEnd:
    def ended(self, lab: LabSessions, *arguments: str) -> pytest.Session:
        """A session all of whose tests were run, and which has ended."""
        with collected(lab.path, "--lab-inprocess", *arguments) as session:
            for item in session.items:
                reported(item)
            if session.testsfailed:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return session

    def test_the_scorecard_is_stored_and_shown(self, suite: LabSessions, capsys: Output) -> None:
        session = self.ended(suite)
        assert session.exitstatus == 0
        (row,) = suite.scorecard()["rows"]
        assert (row["status"], row["figures"]["wer"]) == ("pass", 0.0)
        reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
        capsys.readouterr()
        controller(session.config).pytest_terminal_summary(reporter)
        said = capsys.readouterr().out
        assert " modellab scorecard " in said
        assert "details: reports/scorecard.json" in said

    def test_a_problem_fails_a_session_that_passed(self, suite: LabSessions) -> None:
        suite.model(wrong=dict.fromkeys(range(5), "nothing of the kind"))
        session = self.ended(suite, "-k", "unsure")
        assert session.exitstatus == pytest.ExitCode.TESTS_FAILED
        assert "fails its gate though no test failed" in str(suite.scorecard()["problems"])

    def test_a_session_of_no_case_leaves_nothing(self, suite: LabSessions) -> None:
        assert self.ended(suite, "-k", "plain").exitstatus == 0
        assert not (suite.reports / "scorecard.json").exists()

    def test_one_that_was_to_measure_and_did_not_is_no_pass(self, suite: LabSessions) -> None:
        assert self.ended(suite, "-k", "plain", "--lab-expect").exitstatus == pytest.ExitCode.TESTS_FAILED
        (problem, *_) = suite.scorecard()["problems"]
        assert problem == "no test of the catalog's cases was collected, though --lab-expect asked for them"

    def test_cases_that_were_not_run_make_it_partial(self, suite: LabSessions) -> None:
        suite.model("other")
        with collected(suite.path, "--lab-inprocess") as session:
            reported(session.items[0])
        assert suite.scorecard()["partial"] == "stopped early: 1 of 2 cases did not run"

    def test_the_summary_of_a_ci_step_gets_it(
        self, suite: LabSessions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Output
    ) -> None:
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
        self.ended(suite)
        assert "fake" in (tmp_path / "summary.md").read_text()
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "no" / "summary.md"))
        session = self.ended(suite)
        reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
        capsys.readouterr()
        controller(session.config).pytest_terminal_summary(reporter)
        assert "summary.md" in capsys.readouterr().out

    def test_a_junit_report_tells_of_the_session(self, suite: LabSessions) -> None:
        session = self.ended(suite, "--junitxml=junit.xml")
        text = (suite.path / "junit.xml").read_text()
        assert f'name="modellab.session" value="{session.config.stash[LAB].session_id}"' in text
        assert 'name="modellab.verdict" value="passed"' in text
        assert 'name="modellab.case" value="asr/fake:cpu:clips"' in text

    def test_ctrl_c_stops_the_other_processes_of_the_session(self, suite: LabSessions) -> None:
        with collected(suite.path, "--lab-inprocess") as session:
            lab = session.config.stash[LAB]
            controller(session.config).pytest_keyboard_interrupt()
            assert lab.session.stopping()
