"""A session's state in one process: the catalog it opens, what it tells of cases, commands that run one again."""

from __future__ import annotations

import math
import shutil
from typing import Any

import pytest
from configs import collected, parsed
from labsessions import LabSessions, lab_session, measured

from pytest_modellab.plugin import options
from pytest_modellab.plugin.left_out import idle_messages, messages
from pytest_modellab.plugin.scorecard import finish
from pytest_modellab.plugin.session import LabSession, open_catalog, rerun_command

SUITE = "def test_wer(run, limits):\n    assert run.wer <= limits.wer\n"


@pytest.fixture
def labs(sessions: LabSessions) -> LabSessions:
    sessions.ready()
    (sessions.path / "test_suite.py").write_text(SUITE)
    return sessions


def opened(lab: LabSessions, *arguments: str, **more: Any) -> LabSession:
    with parsed(lab.path, "--lab-inprocess", *arguments, ini=None) as config:
        return lab_session(options.read(config), **more)


class TestOpen:
    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (["--lab-model=fakke"], "--lab-model fakke matches nothing; did you mean `fake`? allowed: fake"),
            (["--lab-device=gpu"], "--lab-device gpu matches nothing; did you mean `cpu`?"),
            (["--lab-dataset=none"], "--lab-dataset none matches nothing"),
            (["--lab-dataset=clps"], "--lab-dataset clps matches nothing; did you mean `clips`? allowed: clips"),
            (["--lab-device=cuda"], "leave no case: the models and data sets they match share no device (1) (with"),
            (["--lab-require=fak:*"], "--lab-require fak:* matches no case; allowed: fake:cpu:clips"),
        ],
    )
    def test_what_matches_nothing_is_a_usage_error(self, labs: LabSessions, arguments: list[str], told: str) -> None:
        with parsed(labs.path, *arguments, ini=None) as config, pytest.raises(pytest.UsageError) as found:
            open_catalog(options.read(config))
        assert told in str(found.value)

    def test_a_folder_that_is_not_there(self, labs: LabSessions) -> None:
        shutil.rmtree(labs.catalog)
        with parsed(labs.path, ini=None) as config, pytest.raises(pytest.UsageError) as found:
            open_catalog(options.read(config))
        assert str(found.value) == (
            f"modellab_catalog is set, and there is no such folder: {labs.catalog}; `modellab init FOLDER` makes it, of"
            " recordings; or correct the path in the ini file"
        )

    def test_a_limit_that_applies_to_no_case_is_told_and_refused_by_a_strict_session(self, labs: LabSessions) -> None:
        labs.limits({"metric": "wer", "max": 0.1, "model": "fake", "device": "mps"})
        (told,) = idle_messages(opened(labs).catalog)
        assert told.startswith("lab/limits.yaml:3: a limit that applies to no case: ")
        with pytest.raises(pytest.UsageError, match="; --lab-strict refuses it"):
            opened(labs, "--lab-strict")


def test_models_and_data_without_a_language_in_common_are_named(labs: LabSessions) -> None:
    path = labs.model("japanese")
    path.write_text(path.read_text() + "languages: [ja]\n")
    labs.dataset("german", language="de")
    path = labs.model()
    path.write_text(path.read_text() + "languages: [en]\n")
    lab = opened(labs)
    told = list(messages(lab.catalog, lab.config.selection, lab.cases))
    assert told[0].startswith("no case for want of a common ")
    where = "see `languages:`, lab/models/japanese.yaml:1"
    assert f"japanese has no case: it doesn't speak the language of clips (en), german (de); {where}" in told
    assert "german has no case: its language is de, which fake, japanese doesn't speak" in told


class TestRerun:
    def rerun(self, lab: LabSessions, *arguments: str) -> str:
        with collected(lab.path, *arguments) as session:
            (item,) = session.items
            case = item.callspec.params["modellab_case"]  # type: ignore[attr-defined]
            return rerun_command(item, case)

    def test_of_a_smoke_test(self, labs: LabSessions) -> None:
        assert self.rerun(labs) == "pytest 'test_suite.py::test_wer[fake:cpu:clips]'"

    def test_of_another_tier(self, labs: LabSessions) -> None:
        labs.model(tiers=["real_e2e"])
        assert self.rerun(labs, "-m", "real_e2e").endswith(" -m real_e2e")

    def test_of_a_model_that_runs_only_if_it_is_named(self, labs: LabSessions) -> None:
        labs.model(tiers=[])
        assert self.rerun(labs, "--lab-model=fake").endswith(" --lab-model fake")

    def test_as_one_types_it_from_here(self, labs: LabSessions, monkeypatch: pytest.MonkeyPatch) -> None:
        (labs.path / "below").mkdir()
        monkeypatch.chdir(labs.path / "below")
        assert self.rerun(labs, str(labs.path)) == "pytest '../test_suite.py::test_wer[fake:cpu:clips]'"


class TestLikelySeconds:
    def test_a_group_that_was_never_measured_may_take_any_time(self, labs: LabSessions) -> None:
        labs.model("other")
        labs.session("--lab-model=fake")
        lab = opened(labs)
        lab.session.note_plan([case.key for case in lab.cases])
        seconds = {case.model.id: lab.likely_seconds(case.group) for case in lab.cases}
        assert 0 < seconds["fake"] < 60
        assert seconds["other"] == math.inf
        lab.session.end(whole=True)


class TestOtherModel:
    def test_the_case_of_another_on_the_same_data(self, labs: LabSessions) -> None:
        labs.model("other")
        lab = opened(labs)
        case = lab.case("asr/fake:cpu:clips")
        assert case is not None
        assert lab.other_model(case, "other").key == "asr/other:cpu:clips"
        with pytest.raises(LookupError, match="no model `othr` in the catalog; did you mean `other`"):
            lab.other_model(case, "othr")

    def test_one_that_does_not_do_it(self, labs: LabSessions) -> None:
        labs.model("far", devices={"cuda": {}})
        lab = opened(labs)
        case = lab.case("asr/fake:cpu:clips")
        assert case is not None
        with pytest.raises(LookupError, match="far does not do asr on cpu: nothing to compare with"):
            lab.other_model(case, "far")


class TestFinish:
    def test_interrupted_is_partial_and_keeps_its_exit_code(self, labs: LabSessions) -> None:
        lab = opened(labs)
        measured(lab)
        assert finish(lab, pytest.ExitCode.INTERRUPTED) == pytest.ExitCode.INTERRUPTED
        assert labs.scorecard()["partial"] == "interrupted"

    def test_a_test_of_no_case_that_failed_is_a_problem(self, labs: LabSessions) -> None:
        lab = opened(labs)
        measured(lab)
        lab.failed_beside += ["test_other.py::test_it", "test_other.py::test_it"]
        assert finish(lab, pytest.ExitCode.TESTS_FAILED) == pytest.ExitCode.TESTS_FAILED
        assert labs.scorecard()["problems"] == ["failed, of no case: test_other.py::test_it"]

    def test_a_record_that_is_removed_meanwhile_is_a_failure(self, labs: LabSessions) -> None:
        lab = opened(labs)
        measured(lab)
        (path,) = labs.reports.glob("runs/*/*/*.json")
        path.unlink()
        finish(lab, pytest.ExitCode.OK)
        (row,) = labs.scorecard()["rows"]
        assert row["status"] == "fail"
        assert path.name in row["reason"]
        assert row["reason"].endswith("can't be read: No such file or directory")

    def test_a_required_case_that_was_not_measured_is_no_pass(self, labs: LabSessions) -> None:
        labs.model("other")
        lab = opened(labs, "--lab-require=other:*")
        measured(lab, [case for case in lab.cases if case.model.id == "fake"])
        assert finish(lab, pytest.ExitCode.OK) == pytest.ExitCode.TESTS_FAILED
        assert labs.scorecard()["problems"] == ["required case `other:*` was not measured"]
