"""Options, folders and catalogs of a session."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakelab import FakeLab

BOTH = pytest.mark.parametrize("workers", ["-n0", "-n2"])


def test_reports_go_where_they_are_told(lab: FakeLab) -> None:
    lab.ready()
    assert lab.run("--lab-report", "elsewhere").ret == 0
    assert (lab.path / "elsewhere" / "scorecard.json").exists()
    assert not (lab.path / "reports").exists()


def test_an_existing_folder_elsewhere_must_be_joined_to_its_option(lab: FakeLab, tmp_path: Path) -> None:
    lab.ready()
    result = lab.run("--lab-report", str(tmp_path))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*write --lab-report={tmp_path}: *"])
    assert lab.run(f"--lab-report={tmp_path}").ret == 0
    assert (tmp_path / "scorecard.json").exists()


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
    lab.roles_of_any_size()
    lab.run().stdout.fnmatch_lines(["fake *A+ (wer) ?*pass", "primary ASR*: fake on cpu, the only one*"])
