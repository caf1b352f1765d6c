"""Commands that look at what a session left: why, scorecard, merge, release, verify, calibrate, baseline, sessions of
which don't start pytest.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from commands import Told
from fakeruns import FakeRuns
from labsessions import LabSessions, stand_in
from quietness import quiet
from records import edits, record, utterance
from releases import committed, git, release
from shelf import Shelf

from pytest_modellab.cli.exits import Exit
from pytest_modellab.cli.release import tell_made
from pytest_modellab.reports.release.conduct import conduct
from pytest_modellab.results.record_files import json_schema, write

CASE = "fake:cpu:clips"


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


@pytest.fixture(name="quiet")
def without_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    """No limit on a time is in doubt."""
    quiet(monkeypatch)


@pytest.fixture
def isolated(sessions: LabSessions) -> LabSessions:
    """A catalog after a session in which its case passed, the engine in a process of its own: as `why` asks for."""
    sessions.texts = [*LabSessions.texts, "four fine days", "five fine days"]  # as many as an interval takes
    assert sessions.ready().session("--lab-executor=local") == 0
    return sessions


class TestWhy:
    def test_a_record_that_stands(self, isolated: LabSessions, told: Told) -> None:
        said = told("why", CASE)
        assert said.startswith(f"{CASE}: unchanged since ")
        assert "; answered from " in said

    def test_what_changed_is_named_and_the_last_record_with_it(self, isolated: LabSessions, told: Told) -> None:
        isolated.model(wrong={0: "one fine way"})
        said = told("why", CASE, code=Exit.WRONG).splitlines()
        assert said[0].startswith(f"{CASE}: run, for ")
        assert said[0].endswith(" is not of this:")
        assert said[1] == "  options.answers.4000: one fine day -> one fine way"

    def test_a_device_that_is_not_here(
        self, isolated: LabSessions, told: Told, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
        isolated.model(devices={"cuda": {}})
        said = told("why", "fake:cuda:clips", code=Exit.WRONG)
        assert said.startswith("fake:cuda:clips: can't be run here: cuda: CUDA_VISIBLE_DEVICES='' hides")

    def test_an_environment_that_was_not_built(self, isolated: LabSessions, told: Told) -> None:
        path = isolated.model()
        path.write_text(path.read_text() + "environment: {requirements: [numpy]}\n")
        assert f"{CASE}: can't be told: its environment is " in told("why", CASE, code=Exit.WRONG)

    def test_other_prices_are_scored_again(self, isolated: LabSessions, told: Told) -> None:
        devices = [{"id": "cpu", "kind": "cpu", "price": {"currency": "EUR", "per_hour": 1.5}}]
        isolated.spec("devices.yaml", {"schema": "modellab.devices/1", "devices": devices})
        said = told("why", CASE).splitlines()
        assert said[0].endswith(" are scored again, the model isn't run")
        assert said[1] == "  scoring: other code, terms, rules or prices"


class TestScorecard:
    def test_in_each_format(self, sessions: LabSessions, told: Told) -> None:
        assert sessions.ready().session() == 0
        assert told("scorecard").endswith("details: reports/scorecard.json\n")
        assert told("scorecard", "--markdown") == told("scorecard", "--format", "markdown")
        assert told("scorecard", "--format", "json", "-o", "card.json") == "card.json\n"
        assert json.loads(Path("card.json").read_text())["session"] == sessions.scorecard()["session"]
        assert told("scorecard", "--html", "card.html") == "card.html\n"

    def test_what_is_no_format(self, sessions: LabSessions, told: Told) -> None:
        sessions.ready().session()
        told("scorecard", "--format", "jsno", code=Exit.USAGE)
        assert "unknown format `jsno`; did you mean `json`?" in told.errors
        told("scorecard", "--html", "card.html", "-o", "other.html", code=Exit.USAGE)
        assert "--html names its file itself" in told.errors

    def test_where_there_is_none_or_one_of_another_version(self, sessions: LabSessions, told: Told) -> None:
        told("scorecard", code=Exit.USAGE)
        assert "scorecard.json: can't be read: No such file or directory; run pytest first" in told.errors
        sessions.reports.mkdir()
        (sessions.reports / "scorecard.json").write_text("{}")
        told("scorecard", code=Exit.USAGE)
        assert "scorecard.json: is no scorecard of this version of pytest-modellab; it is damaged, " in told.errors

    def test_a_file_that_cannot_be_written(self, sessions: LabSessions, told: Told) -> None:
        sessions.ready().session()
        Path("file").touch()
        told("scorecard", "-o", "file/card.txt", code=Exit.USAGE)
        assert "file/card.txt: can't be written: " in told.errors


class TestMerge:
    def shards(self, lab: LabSessions, *which: int) -> None:
        lab.ready()
        for i in which:
            lab.session(f"--lab-shard={i}/2", f"--lab-report=shards/{i}")

    def test_all_shards_of_a_case_are_joined_and_judged(self, sessions: LabSessions, told: Told) -> None:
        self.shards(sessions, 1, 2)
        said = told("merge", "shards", "--output", "whole", "--require", "fake:*")
        assert said.startswith(f"{CASE}: 2 shards, 3 utterances: ")
        (row,) = json.loads(Path("whole/scorecard.json").read_text())["rows"]
        assert (row["status"], row["utterances"]) == ("pass", 3)

    def test_one_that_is_missing_is_refused(self, sessions: LabSessions, told: Told) -> None:
        self.shards(sessions, 2)
        said = told("merge", "shards/2", "--output", "whole", code=Exit.WRONG)
        refusal, *_ = said.splitlines()
        assert refusal.startswith("refused: ")
        assert "case" not in said  # no table of what could not be joined
        assert any(
            each.startswith("refused: ") for each in json.loads(Path("whole/scorecard.json").read_text())["problems"]
        )

    def test_a_required_case_that_is_not_there(self, sessions: LabSessions, told: Told) -> None:
        self.shards(sessions, 1, 2)
        said = told("merge", "shards", "--output", "whole", "--require", "other:*", code=Exit.WRONG)
        assert "required case `other:*` was not measured" in said

    def test_a_folder_that_is_not_there(self, sessions: LabSessions, told: Told) -> None:
        sessions.ready()
        told("merge", "nowhere", code=Exit.USAGE)
        assert "no such folder: nowhere" in told.errors


class TestRelease:
    def test_the_required_cases_are_listed(self, releasing: FakeRuns, told: Told) -> None:
        assert told("release", "--list") == "asr/fake:cpu:clips\n"

    def test_a_version_becomes_part_of_a_file_name(self, releasing: FakeRuns, told: Told) -> None:
        told("release", "a/b", code=Exit.USAGE)
        assert "version `a/b`: it becomes part of a file's name, and can't have slashes" in told.errors

    def test_without_git_a_version_has_to_be_given(self, releasing: FakeRuns, told: Told) -> None:
        shutil.rmtree(releasing.path / ".git")
        told("release", code=Exit.USAGE)
        assert "give a version: git has none here" in told.errors

    def test_it_is_made_and_told_step_by_step(
        self, releasing: FakeRuns, told: Told, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pytest_modellab.cli.release.conduct", partial(conduct, start=stand_in))
        said = told("release", "1.0", "-n", "1").splitlines()
        commit = git(releasing.path, "rev-parse", "HEAD")[:12]
        assert said[:2] == [
            "modellab release: 1.0: 1 required case, all measured anew, 1 at a time",
            "modellab release: then the same gates with every model replaced by one that is wrong on purpose",
        ]
        assert said[2].startswith("modellab release: how long: not known")
        assert said[3:6] == [
            f"modellab release: 1 required cases, commit {commit}",
            "modellab release: control: the same gates, every model replaced by one that is wrong on purpose",
            "modellab release: checking",
        ]
        assert said[-1] == f"modellab release: passed: {releasing.path / 'reports' / 'release-1.0.zip'}"

    def test_what_was_made_is_told(self, releasing: FakeRuns, told: Told, capsys: pytest.CaptureFixture[str]) -> None:
        for id in ("a", "b", "c", "d"):
            releasing.model(id)
        committed(releasing)
        made = release(releasing, required_only=True)
        assert tell_made(made, signed=False) == Exit.OK
        said = capsys.readouterr().out.splitlines()
        assert said.count("ok   checksums") == 1
        assert (
            "not run: asr/a:cpu:clips, asr/b:cpu:clips, asr/c:cpu:clips and 1 more: left out by --required-only" in said
        )
        assert said[-2:] == [
            "unsigned: it does not show who made it; --sign KEY signs it",
            f"modellab release: passed: {made.bundle}",
        ]

    def test_one_that_failed_is_told_and_is_wrong(
        self, releasing: FakeRuns, capsys: pytest.CaptureFixture[str]
    ) -> None:
        releasing.model(wrong={0: "nothing of the kind"})
        committed(releasing)
        made = release(releasing)
        assert tell_made(made, signed=False) == Exit.WRONG
        said = capsys.readouterr().out
        assert "FAIL every required case passed its gates\n       asr/fake:cpu:clips: fail: WER " in said
        assert said.endswith(f"modellab release: FAILED: {made.bundle}\n")


class TestVerify:
    def test_a_good_bundle(self, released: Path, told: Told) -> None:
        said = told("verify", str(released))
        assert said.startswith("release 1.0, commit ")
        assert said.endswith(f"modellab verify: good: {released}\n")

    def test_one_that_was_changed(self, released: Path, told: Told) -> None:
        for i in range(25):
            (released / f"{i}.txt").write_text("more")
        said = told("verify", str(released), code=Exit.WRONG)
        assert "FAIL checksums\n" in said
        assert "       ... and 5 more\n" in said
        assert said.endswith(f"modellab verify: FAILED: {released}\n")

    def test_a_catalog_that_is_asked_for(self, released: Path, tmp_path: Path, told: Told) -> None:
        own = Path(shutil.copytree(released / "catalog", tmp_path / "own"))
        assert "ok   its catalog is the one that is asked for" in told("verify", str(released), "--require", str(own))
        (tmp_path / "reports" / "baselines").mkdir(parents=True)
        assert "ok   its baselines are those beside that catalog" in told(
            "-c", str(ini(tmp_path)), "verify", str(released), "--require", str(own)
        )


def ini(folder: Path) -> Path:
    path = folder / "pytest.ini"
    path.write_text("[pytest]\nmodellab_catalog = own\n")
    return path


class TestCalibrate:
    def test_limits_to_start_from(self, sessions: LabSessions, told: Told, quiet: None) -> None:
        sessions.texts = [*LabSessions.texts, "four fine days", "five fine days"]
        sessions.ready()
        said = told("calibrate", "fake", "clips", "--runs", "2")
        assert "metric: wer" in said
        assert f"{CASE}: run 2 of 2" in told.errors
        assert len(sessions.records()) == 2
        assert told("calibrate", "fake", "clips", "--runs", "2", "-o", "limits.yaml") == "limits.yaml\n"
        assert "metric: wer" in Path("limits.yaml").read_text()

    def test_a_model_that_fails(self, sessions: LabSessions, told: Told) -> None:
        sessions.ready(faults={str(sessions.size(0)): "raise"})
        told("calibrate", "fake", "clips", "--runs", "2", code=Exit.WRONG)
        assert told.errors.splitlines()[-1].startswith("modellab: ")


class TestBaseline:
    def test_the_speed_is_saved_shown_and_compared(self, isolated: LabSessions, told: Told, quiet: None) -> None:
        isolated.session("--lab-executor=local", "--lab-fresh")
        assert len(told("baseline", "save").splitlines()) == 2
        shown = told("baseline", "show")
        assert "WER 0.00%" in shown
        assert "RTF " in shown
        assert "  speed: " in told("baseline", "compare")

    def test_a_speed_of_other_hardware_is_not_compared(self, isolated: LabSessions, told: Told, quiet: None) -> None:
        isolated.session("--lab-executor=local", "--lab-fresh")
        told("baseline", "save")
        (path,) = (isolated.path / "reports" / "baselines" / "asr").glob("*.speed.jsonl")
        cores = re.search(r'"cores": ([0-9.]+)', saved := path.read_text())
        assert cores is not None
        path.write_text(saved.replace(cores[0], '"cores": 4096'))
        other = f"  speed: no baseline of this hardware; {path.name} is of 4096 cores, here {float(cores[1]):g}"
        assert other in told("baseline", "compare").splitlines()
        path.write_text(saved.replace(f"{cores[0]}, ", ""))
        why = "the speed baseline may be of other hardware: not stated: cores in one of the two"
        assert why in told("baseline", "compare")
        assert why in " ".join(told("compare", "baseline", "newest").split())

    def test_answers_without_times_are_one_all_the_same(self, sessions: LabSessions, told: Told) -> None:
        sessions.ready().session()
        assert "  without speed: " in told("baseline", "save")
        assert "  speed: no baseline of this hardware" in told("baseline", "compare")

    def test_one_that_ran_elsewhere_is_left_out(self, tmp_path: Path, told: Told) -> None:
        shelf = Shelf(tmp_path)
        shelf.put("s1", {"tiny": 0}, ran_on={"device": "cpu", "why": "no cuda"})
        said = told("baseline", "compare", "--reports", str(shelf.reports))
        assert "tiny:cpu:talk: left out: it ran on cpu (no cuda); a baseline is of the device" in said

    def test_other_data_are_refused(self, sessions: LabSessions, told: Told) -> None:
        sessions.ready().session()
        told("baseline", "save")
        sessions.texts = ("one fine day", "two fine days", "four fine days")
        sessions.ready().session()
        assert told("baseline", "compare", code=Exit.WRONG).startswith(f"refused: {CASE}: the data changed since")

    def test_a_case_with_an_utterance_without_an_answer_is_not_saved(self, sessions: LabSessions, told: Told) -> None:
        sessions.ready(faults={sessions.size(0): "raise"})
        sessions.session()
        assert told("baseline", "save", code=Exit.WRONG).startswith("not saved: ")

    def test_a_case_without_an_error_rate_is_left_out(self, tmp_path: Path, told: Told) -> None:
        shelf = Shelf(tmp_path)
        silent = record(utterances=[utterance(reference="", hypothesis="", words=edits())])
        write(silent, shelf.reports)
        for action in ("save", "compare"):
            said = told("baseline", action, "--reports", str(shelf.reports))
            assert said.startswith("tiny:cpu:talk: left out: ")
            assert said.endswith(", and baselines are compared by it\n")


def test_the_module_is_the_command() -> None:
    command = [sys.executable, "-m", "pytest_modellab.cli", "schema"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == json_schema()
