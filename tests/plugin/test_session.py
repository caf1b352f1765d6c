"""Whole sessions of the plugin over fake models: what a person asks for, sees, and gets as an exit code."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakelab import FakeLab

BOTH = pytest.mark.parametrize("workers", ["-n0", "-n2"])
LOADS = {"-n0": 1, "-n2": 2}
"""How often a model is loaded: under xdist once more, to be timed with the machine to itself."""


@BOTH
def test_a_good_model_passes_and_is_graded_on_one_screen(lab: FakeLab, workers: str) -> None:
    lab.ready()
    lab.spec(
        "grades.yaml",
        {
            "schema": "modellab.grades/1",
            "tasks": {"asr": {"criteria": {"wer": {"A+": 0.01, "A": 0.1, "B": 0.2, "C": 0.3}}}},
        },
    )
    result = lab.run(workers)
    assert result.ret == 0
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "*modellab scorecard*",
            "fake *cpu *clips *0.0 %*A+ (wer)*pass",
            "primary ASR*: fake on cpu, the only one*",
        ]
    )
    (row,) = lab.scorecard()["rows"]
    assert row["status"] == "pass"
    bands = {"A+": 0.01, "A": 0.1, "B": 0.2, "C": 0.3}
    criterion = {"metric": "wer", "value": 0.0, "letter": "A+", "bound": 0.01, "bands": bands}
    assert row["grade"]["criteria"][0] == criterion
    assert lab.record().value("wer") == 0.0


@BOTH
def test_a_failing_limit_explains_itself(lab: FakeLab, workers: str) -> None:
    lab.ready(wrong={1: "to fine"})
    result = lab.run(workers)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "*assert WER 22.2 % <= limit 10.0 % (lab/limits.yaml:*)",
            "*fail: WER 22.2 %, limit <= 10.0 % (lab/limits.yaml:*), over by 12.2 points",
            "*worst of 3 utterances:",
            "*clip-1: 2 errors in 3 words (S 1, D 1, I 0)",
            "*REF: 2  fine days",
            "*rerun: pytest 'test_suite.py::test_wer?fake:cpu:clips?'",
            "fake *22.2 %*fail",
        ]
    )


def test_the_rerun_command_runs_just_that_case(lab: FakeLab) -> None:
    lab.ready(wrong={1: "to fine"}, tiers=["real_e2e"])
    result = lab.run("-m", "real_e2e")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*rerun: pytest 'test_suite.py::test_wer?fake:cpu:clips?' -m real_e2e"])
    again = lab.run("test_suite.py::test_wer[fake:cpu:clips]", "-m", "real_e2e")
    again.assert_outcomes(failed=1)


def test_release_tests_are_deselected_unless_named(lab: FakeLab) -> None:
    lab.ready(tiers=["real_e2e"])
    assert lab.run().ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert lab.run("-m", "asr").ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert lab.run("-m", "asr and real_e2e").ret == 0


def test_the_quick_runs_of_every_engine_are_asked_for_by_name(lab: FakeLab) -> None:
    lab.ready()
    lab.model("extra", tiers=["smoke_all"])
    lab.pytester.makepyfile(
        test_smoke="""
import pytest

pytestmark = pytest.mark.smoke


def test_answers(run):
    assert run.success_rate >= 1.0
"""
    )
    for arguments in ((), ("-m", "smoke"), ("-m", "real_e2e")):
        lab.run(*arguments)
        assert {record.case.model for record in lab.records()} == {"fake"}
    result = lab.run("-m", "smoke_all")
    result.assert_outcomes(passed=6)
    assert {record.case.model for record in lab.records()} == {"fake", "extra"}
    result = lab.run("-m", "smoke", "test_smoke.py")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["modellab: tests left out: smoke_all 1; -m with a tier's name runs them"])


def test_the_rerun_command_names_a_model_that_runs_only_so(lab: FakeLab) -> None:
    lab.ready(wrong={1: "to fine"}, tiers=[])
    result = lab.run("--lab-model", "fake")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*rerun: pytest 'test_suite.py::test_wer?fake:cpu:clips?' --lab-model fake"])
    lab.run("test_suite.py::test_wer[fake:cpu:clips]", "--lab-model", "fake").assert_outcomes(failed=1)


def test_a_model_without_tiers_runs_if_it_is_named(lab: FakeLab) -> None:
    lab.ready(tiers=[])
    lab.run("-m", "smoke", "--lab-model", "fake").assert_outcomes(passed=2)
    result = lab.run("--lab-model", "fak*")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*with `tiers: ??` a model runs only if named without a wildcard*"])


def test_a_case_of_both_tiers_runs_without_a_marker_expression(lab: FakeLab) -> None:
    lab.ready()
    lab.run().assert_outcomes(passed=2)
    lab.run("-m", "smoke").assert_outcomes(passed=2)
    lab.run("-m", "real_e2e").assert_outcomes(passed=2)


@BOTH
def test_a_case_is_measured_once_however_many_tests_ask(lab: FakeLab, workers: str) -> None:
    lab.ready()
    lab.pytester.makepyfile(test_more="def test_again(run): assert run.utterances")
    assert lab.run(workers).ret == 0
    assert lab.engine_log().count("load") == LOADS[workers]
    assert len(lab.records()) == 1


@BOTH
def test_two_data_sets_share_one_loaded_model(lab: FakeLab, workers: str) -> None:
    lab.ready()
    lab.dataset("other")
    assert lab.run(workers).ret == 0
    assert lab.engine_log().count("load") == LOADS[workers]
    assert len(lab.records()) == 2


def test_two_models_are_loaded_by_one_worker_each(lab: FakeLab) -> None:
    lab.ready()
    lab.model("other")
    result = lab.run("-n2")
    assert result.ret == 0
    assert lab.engine_log().count("load") == 2 * LOADS["-n2"]
    timed = [record.value("rtf") for record in lab.records()]
    assert len(timed) == 2
    assert None not in timed


def test_timing_passes_overlap_nothing_and_accuracy_passes_do(lab: FakeLab) -> None:
    lab.ready(delay_s=0.2)
    lab.model("other", delay_s=0.2)
    assert lab.run("-n2").ret == 0
    # The timing pass loads again, and answers every clip again after a first call of its own.
    assert len(lab.clips_heard()) == 2 * (1 + 3 + 1 + 3)
    held = {(each.kind, record.case.model): each for record in lab.records() for each in record.timing.passes}
    assert len(held) == 4
    for model in ("fake", "other"):
        timing = held["timing", model]
        assert timing.start < timing.end
        for (kind, whose), other in held.items():
            if (kind, whose) != ("timing", model):
                assert other.end <= timing.start or other.start >= timing.end, (kind, whose)
    one, two = held["accuracy", "fake"], held["accuracy", "other"]
    assert one.start < two.end
    assert two.start < one.end


@BOTH
def test_unknown_keys_end_the_session_before_it_starts(lab: FakeLab, workers: str) -> None:
    path = lab.ready().model()
    path.write_text(path.read_text() + "colour: blue\n")
    result = lab.run(workers)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*lab/models/fake.yaml:*: unknown key `colour`; allowed: devices, engine, *"])
    assert "Traceback" not in result.stderr.str() + result.stdout.str()


@BOTH
@pytest.mark.parametrize("device", ["cuda"])
def test_a_session_without_the_device_is_no_pass(
    lab: FakeLab, workers: str, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    lab.ready(devices={device: {}})
    lab.spec("devices.yaml", {"schema": "modellab.devices/1", "devices": [{"id": device, "kind": device}]})
    result = lab.run(workers)
    result.assert_outcomes(skipped=2)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "not-available: fake:cuda:clips: cuda: CUDA_VISIBLE_DEVICES='' hides every CUDA device",
            "NOT PASSED: nothing*",
        ]
    )


@BOTH
def test_a_session_in_which_everything_is_skipped_is_no_pass(lab: FakeLab, workers: str) -> None:
    lab.ready()
    lab.pytester.makeconftest("def pytest_runtest_setup(item):\n    __import__('pytest').skip('somebody said so')\n")
    result = lab.run(workers)
    result.assert_outcomes(skipped=2)
    assert result.ret == 1


@BOTH
def test_tests_without_a_case_to_run_are_no_pass(lab: FakeLab, workers: str) -> None:
    lab.model(tiers=[])
    lab.dataset()
    result = lab.run(workers)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["NOT PASSED: nothing was measured: no test had a case to run; *"])


@BOTH
def test_a_required_case_that_was_not_measured_is_no_pass(lab: FakeLab, workers: str) -> None:
    lab.ready()
    lab.model("other", devices={"cuda": {}})
    assert lab.run(workers, "--lab-require", "fake:cpu:*").ret == 0
    result = lab.run(workers, "--lab-require", "other:cuda:*")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["NOT PASSED: required case `other:cuda:?` was not measured"])


@BOTH
def test_a_limit_that_no_test_asserts_still_fails_the_session(lab: FakeLab, workers: str) -> None:
    lab.ready()
    lab.limits({"metric": "wer", "max": 0.1}, {"metric": "peak_rss_mb", "max": 1e-9})
    result = lab.run(workers)
    result.assert_outcomes(passed=2)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["NOT PASSED: asr/fake:cpu:clips fails its gate though no test failed: Peak memory *"])


def test_a_number_in_a_test_is_a_verdict_in_the_scorecard(lab: FakeLab) -> None:
    lab.ready(wrong={0: ""})
    lab.pytester.makepyfile(test_suite="def test_literal(run): assert run.wer < 0.01")
    assert lab.run().ret == 1
    (row,) = lab.scorecard()["rows"]
    literal = next(verdict for verdict in row["verdicts"] if verdict["source"] == "test")
    assert (literal["metric"], literal["status"], literal["bound"]) == ("wer", "fail", 0.01)


def test_a_failing_test_without_a_verdict_fails_the_row(lab: FakeLab) -> None:
    lab.ready()
    lab.pytester.makepyfile(test_suite="def test_own(run): assert len(run.utterances) == 99")
    assert lab.run().ret == 1
    assert lab.scorecard()["rows"][0]["status"] == "fail"


def test_stopping_at_the_first_failure_is_said_to_be_partial(lab: FakeLab) -> None:
    lab.ready(wrong={0: "", 1: ""})
    lab.model("other")
    result = lab.run("-x")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["PARTIAL: stopped early: 1 of 2 cases did not run"])


def test_fewer_utterances_on_request_are_never_graded(lab: FakeLab) -> None:
    lab.ready()
    lab.spec(
        "grades.yaml",
        {
            "schema": "modellab.grades/1",
            "tasks": {"asr": {"criteria": {"wer": {"A+": 0.01, "A": 0.1, "B": 0.2, "C": 0.3}}}},
        },
    )
    result = lab.run("--lab-max-utterances", "2")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["no grade for fake:cpu:clips: only 2 utterances were asked for"])
    assert lab.record().limited_to == 2


def test_globs_choose_models_and_data_sets(lab: FakeLab) -> None:
    lab.ready()
    lab.model("other")
    lab.dataset("second")
    lab.run("--lab-model", "oth*", "--lab-dataset", "second").assert_outcomes(passed=2)
    assert [record.case.id for record in lab.records()] == ["other:cpu:second"]


@BOTH
def test_a_glob_that_matches_nothing_is_a_usage_error(lab: FakeLab, workers: str) -> None:
    lab.ready()
    result = lab.run(workers, "--lab-model", "fakke")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--lab-model fakke matches nothing; did you mean `fake`? allowed: fake"])


def test_reports_go_where_they_are_told(lab: FakeLab) -> None:
    lab.ready()
    assert lab.run("--lab-report", "elsewhere").ret == 0
    assert (lab.path / "elsewhere" / "scorecard.json").exists()
    assert not (lab.path / "reports").exists()


@BOTH
def test_an_existing_folder_elsewhere_must_be_joined_to_its_option(lab: FakeLab, workers: str, tmp_path: Path) -> None:
    lab.ready()
    result = lab.run(workers, "--lab-report", str(tmp_path))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*write --lab-report={tmp_path}: *"])
    assert lab.run(workers, f"--lab-report={tmp_path}").ret == 0
    assert (tmp_path / "scorecard.json").exists()


@BOTH
def test_an_unwritable_report_folder_is_a_usage_error(lab: FakeLab, workers: str) -> None:
    lab.ready()
    (lab.path / "blocked").write_text("a file")
    result = lab.run(workers, "--lab-report", "blocked/reports")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*reports can't be written to *blocked* is not a folder; set --lab-report*"])


def test_the_engine_can_run_inside_pytest_for_a_debugger(lab: FakeLab) -> None:
    lab.ready()
    assert lab.run("--lab-inprocess").ret == 0
    assert lab.record().memory.peak_rss is None


def test_a_live_model_answers_clips_of_the_data_set(lab: FakeLab) -> None:
    lab.ready()
    lab.pytester.makepyfile(
        test_suite="""
        def test_live(model, dataset, device):
            heard = [model.transcribe(utterance).text for utterance in dataset.utterances]
            assert heard == [utterance.text for utterance in dataset.utterances]
            assert model.transcribe(dataset.utterances[0].recording.path).text == heard[0]
            assert device.kind == "cpu"
        """
    )
    lab.run("--lab-require", "fake:*").assert_outcomes(passed=1)


def test_collecting_lists_cases_and_loads_nothing(lab: FakeLab) -> None:
    lab.ready()
    result = lab.run("--collect-only", "-q")
    result.stdout.fnmatch_lines(["test_suite.py::test_wer?fake:cpu:clips?"])
    assert lab.engine_log() == []
    assert not (lab.path / "reports").exists()


def test_items_come_smoke_first_then_by_task_and_case(lab: FakeLab) -> None:
    lab.ready()
    lab.model("other")
    lab.pytester.makepyfile(
        test_z_smoke="import pytest\npytestmark = pytest.mark.smoke\ndef test_first(run): pass",
        test_plain="def test_unrelated(): pass",
    )
    result = lab.run("--collect-only", "-q")
    names = [line for line in result.outlines if "::" in line]
    assert names == [
        "test_plain.py::test_unrelated",
        "test_z_smoke.py::test_first[fake:cpu:clips]",
        "test_z_smoke.py::test_first[other:cpu:clips]",
        "test_suite.py::test_wer[fake:cpu:clips]",
        "test_suite.py::test_success[fake:cpu:clips]",
        "test_suite.py::test_wer[other:cpu:clips]",
        "test_suite.py::test_success[other:cpu:clips]",
    ]


@BOTH
def test_a_repository_without_a_catalog_is_not_disturbed(pytester: pytest.Pytester, workers: str) -> None:
    pytester.mkdir("fixtures").joinpath("models.yaml").write_text("- {id: 1, nonsense: [}")
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def run(): return 42

        @pytest.fixture(params=["a", "b"])
        def case(request): return request.param

        def test_own(run, case): assert run == 42
        """
    )
    result = pytester.runpytest_subprocess(workers)
    assert result.ret == 0
    result.assert_outcomes(passed=2)
    assert "modellab:" not in result.stdout.str()
    assert "modellab scorecard" not in result.stdout.str()
    assert not (pytester.path / "reports").exists()


def test_a_catalog_is_recognised_by_its_schema_without_an_ini_setting(lab: FakeLab) -> None:
    lab.ready()
    lab.catalog.rename(lab.path / "fixtures")
    lab.pytester.makeini("[pytest]\n")
    lab.run().assert_outcomes(passed=2)


def test_all_options_stand_in_help(lab: FakeLab) -> None:
    result = lab.run("--help")
    for option in ("model", "device", "dataset", "require", "max-utterances", "fresh", "inprocess", "report"):
        assert f"--lab-{option}" in result.stdout.str()


@pytest.mark.parametrize("option", ["--fixtures", "--fixtures-per-test", "--setup-plan", "--collect-only"])
def test_options_that_only_show_leave_the_last_scorecard_alone(lab: FakeLab, option: str) -> None:
    lab.ready()
    assert lab.run().ret == 0
    before = lab.scorecard()
    result = lab.run(option)
    assert result.ret == 0
    assert "modellab scorecard" not in result.stdout.str()
    assert lab.scorecard() == before


def test_without_a_limit_the_test_is_skipped_and_the_row_stands_by_what_was_judged(lab: FakeLab) -> None:
    lab.model()
    lab.dataset()
    result = lab.run("-rs")
    result.assert_outcomes(passed=1, skipped=1)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*no entry in limits.yaml gives wer a limit for this case*"])
    assert lab.scorecard()["rows"][0]["status"] == "pass"


def test_a_catalog_without_grades_is_graded_by_the_bands_of_the_package(lab: FakeLab) -> None:
    lab.ready()
    lab.run().stdout.fnmatch_lines(["fake *A+ (wer) ?*pass", "primary ASR*: fake on cpu, the only one*"])


def test_left_out_release_tests_are_told(lab: FakeLab) -> None:
    lab.ready(tiers=["real_e2e"])
    result = lab.run()
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines(["modellab: tests left out: real_e2e 2; -m with a tier's name runs them"])


def test_the_rerun_command_is_as_one_types_it_from_here(lab: FakeLab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.ready(wrong={1: "to fine"})
    below = lab.path / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    result = lab.run("..")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*rerun: pytest '../test_suite.py::test_wer?fake:cpu:clips?'"])


def test_a_required_glob_that_no_case_matches_is_a_usage_error(lab: FakeLab) -> None:
    lab.ready()
    result = lab.run("--lab-require", "fak:*")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--lab-require fak:? matches no case; *allowed: fake:cpu:clips"])


def test_a_record_that_is_removed_meanwhile_is_a_failure_and_no_traceback(lab: FakeLab) -> None:
    lab.ready()
    lab.pytester.makepyfile(
        test_suite="""
        from pathlib import Path
        def test_wer(run, limits):
            assert run.wer <= limits.wer
            for path in Path("reports/runs").rglob("*.json"):
                path.unlink()
        """
    )
    assert lab.run().ret == pytest.ExitCode.TESTS_FAILED
    (row,) = lab.scorecard()["rows"]
    assert row["status"] == "fail"
    assert row["reason"].endswith("can't be read: No such file or directory")
