"""A release, made in a repository with real git: of sessions of pytest where these matter, else of stand-ins."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from fakelab import FakeLab
from fakeruns import FakeRuns
from labsessions import stand_in
from releases import committed, git, keys, lines_of, plan, release

from pytest_modellab.cli import main
from pytest_modellab.reports.release import bundle
from pytest_modellab.reports.release.checks import Verified
from pytest_modellab.reports.release.conduct import Release, conduct, environment
from pytest_modellab.reports.release.note import ReleaseError
from pytest_modellab.reports.release.plan import control_command, required, session_command

KEY = "asr/fake:cpu:clips"
ASKED = {"schema": "modellab.release/1", "required": ["fake:cpu:*"]}


class TestSessions:
    def test_what_is_required_ends_in_a_bundle_that_verifies(
        self, repository: FakeLab, capfd: pytest.CaptureFixture[str]
    ) -> None:
        key, allowed = keys(repository.path.parent / f"{repository.path.name}-keys")
        assert main(["release", "1.0", "-n", "2", "--sign", str(key)]) == 0
        made = repository.path / "reports" / "release-1.0.zip"
        said = capfd.readouterr().out
        assert "1 required cases, commit" in said
        assert said.rstrip().endswith(f"modellab release: passed: {made}")
        assert main(["verify", str(made), "--require", "lab", "--signed-by", str(allowed)]) == 0
        said = capfd.readouterr().out
        assert not lines_of(said)
        assert "signed by releases@example.org\n" in said
        assert len(lines_of(said, "ok ")) == 17
        assert {"release.json", "scorecard.json", "control-scorecard.json", "environment.json"} < names(made)
        assert sum(name.startswith("records/fake/asr/") for name in names(made)) == 1

    def test_a_catalog_that_the_ini_file_does_not_name(
        self, repository: FakeLab, capfd: pytest.CaptureFixture[str]
    ) -> None:
        repository.catalog.rename(repository.path / "other")
        repository.pytester.makeini("[pytest]\nmodellab_page = false\n")
        committed(repository)
        assert main(["--catalog", "other", "release", "1.0", "-n", "1"]) == 0
        made = repository.path / "reports" / "release-1.0.zip"
        assert "records/fake" in "".join(names(made))
        capfd.readouterr()
        assert main(["verify", str(made), "--require", "other"]) == 0
        said = capfd.readouterr().out
        assert not lines_of(said)
        assert "unsigned: it does not show who made it" in said
        assert len(lines_of(said, "ok ")) == 16

    def test_a_baseline_that_cannot_tell_stops_a_strict_session_only_where_that_is_asked(
        self, repository: FakeLab, capfd: pytest.CaptureFixture[str]
    ) -> None:
        suite = "def test_wer(run, limits):\n    assert run.wer <= limits.wer\n\n\n"
        # The control fails it as well, which the bundle's own limits do not tell.
        suite += "def test_baseline(no_worse):\n    assert no_worse()\n"
        assert repository.run().ret == 0
        assert main(["baseline", "save"]) == 0
        repository.pytester.makepyfile(test_suite=suite)
        repository.model(wrong={0: "one fine way"})
        committed(repository, "a word wrong, of fifteen")
        assert main(["release", "1.0", "-n", "1"]) == 0
        assert f"not decided: {KEY}: inconclusive: WER 0.0 % -> 6.7 %" in capfd.readouterr().out


class TestMaking:
    def test_the_bundle_holds_what_it_is_checked_by(self, releasing: FakeRuns) -> None:
        made = release(releasing)
        assert made.passed
        assert made.bundle == releasing.path / "reports" / "release-1.0.zip"
        assert {"release.json", "scorecard.json", "control-scorecard.json", "environment.json"} < names(made.bundle)
        assert {"catalog/limits.yaml", "catalog/grades.yaml", "catalog/profiles.yaml"} < names(made.bundle)
        assert sum(name.startswith("records/fake/asr/") for name in names(made.bundle)) == 1
        assert sum(name.startswith("control-records/fake/asr/") for name in names(made.bundle)) == 1

    @pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH is not installed")
    def test_it_is_signed_where_it_is_good(self, releasing: FakeRuns, tmp_path: Path) -> None:
        key, _ = keys(tmp_path / "keys")
        assert "checksums.sha256.sig" in names(release(releasing, key=key).bundle)
        with pytest.raises(ReleaseError, match=r"none: no such key; `ssh-keygen -t ed25519"):
            release(releasing, key=tmp_path / "none")

    def test_the_same_files_are_the_same_bundle(self, released: Path, tmp_path: Path) -> None:
        for name in ("a.zip", "b.zip"):
            bundle.pack(released, tmp_path / name)
        assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()

    def test_the_checksums_are_as_others_read_them(self, released: Path) -> None:
        command = ["sha256sum", "-c", "--quiet", "checksums.sha256"]
        assert subprocess.run(command, cwd=released, check=False).returncode == 0

    def test_nothing_is_taken_from_an_earlier_session(self, releasing: FakeRuns) -> None:
        assert release(releasing).passed
        heard = len(releasing.clips_heard())
        assert release(releasing, version="1.1").passed
        assert len(releasing.clips_heard()) == 2 * heard

    def test_a_model_that_fails_ends_in_a_bundle_that_says_so(
        self, releasing: FakeRuns, capsys: pytest.CaptureFixture[str]
    ) -> None:
        releasing.model(wrong={0: "nothing of the kind"})
        committed(releasing)
        made = release(releasing)
        assert wrong(made.verified) == ["every required case passed its gates", "nothing was wrong when it was made"]
        assert made.bundle.name == "release-1.0-failed.zip"
        assert main(["verify", str(made.bundle)]) == 1
        assert "the session ended with 1: tests or gates failed" in capsys.readouterr().out

    def test_a_gate_that_cannot_fail_is_found(self, releasing: FakeRuns) -> None:
        releasing.limits({"metric": "success_rate", "min": 1.0})
        committed(releasing)
        made = release(releasing, asserted=("success_rate",))
        name = "a model that is wrong on purpose is stopped in every required case"
        assert wrong(made.verified) == [name]
        (problem,) = problems(made, name)
        assert problem.startswith(f"{KEY}: a model that is wrong on purpose came out as pass: give it a limit")

    def test_what_is_not_required_may_be_left_out_and_is_named(self, releasing: FakeRuns) -> None:
        releasing.model("other")
        committed(releasing)
        made = release(releasing, required_only=True)
        assert made.passed
        assert [(each.case, each.why) for each in made.not_run] == [
            ("asr/other:cpu:clips", "left out by --required-only")
        ]
        assert not release(releasing, version="1.1").not_run

    def test_one_that_a_baseline_cannot_tell_from_worse_is_named_and_stopped_only_where_that_is_asked(
        self, releasing: FakeRuns
    ) -> None:
        assert release(releasing).passed
        assert main(["baseline", "save"]) == 0
        releasing.model(wrong={0: "one fine way"})
        committed(releasing, "a word wrong, of fifteen")
        told = f"{KEY}: inconclusive: WER 0.0 % -> 6.7 %"
        made = release(releasing)
        assert made.passed
        assert told in str(made.verified.undecided)
        with zipfile.ZipFile(made.bundle) as packed:
            assert told in str(json.loads(packed.read("release.json"))["undecided"])
        releasing.spec("release.yaml", {**ASKED, "baselines": "required"})
        committed(releasing, "baselines have to tell")
        made = release(releasing, version="1.1")
        assert wrong(made.verified) == ["no case is worse than its baseline"]
        assert problems(made, "no case is worse than its baseline")[0].startswith(told)

    def test_a_baseline_that_is_required_has_to_be_there_and_committed(self, releasing: FakeRuns) -> None:
        releasing.spec("release.yaml", {**ASKED, "baselines": "required"})
        committed(releasing)
        made = release(releasing)
        assert problems(made, "no case is worse than its baseline") == (
            f"{KEY}: has no baseline; `modellab baseline save fake:cpu:clips` keeps one, to be committed",
        )
        assert main(["baseline", "save"]) == 0
        with pytest.raises(ReleaseError, match=r"\?\? reports/baselines/asr/fake-cpu-clips\.jsonl"):
            release(releasing, version="1.1")
        committed(releasing, "a baseline")
        made = release(releasing, version="1.1")
        assert made.passed
        assert "baselines/asr/fake-cpu-clips.jsonl" in names(made.bundle)

    @pytest.mark.parametrize("name", ["lab/limits.yaml", "commit"])
    def test_what_changes_while_a_session_runs_is_told(self, releasing: FakeRuns, name: str) -> None:
        def changing(command: Sequence[str], folder: Path, silent: bool) -> int:
            ended = stand_in(command, folder, silent)
            if silent and name == "commit":
                git(folder, "commit", "-q", "--allow-empty", "-m", "another")
            elif silent:
                with (folder / name).open("a") as file:
                    file.write("# a comment\n")
            return ended

        made = conduct(plan(releasing), lambda text: None, changing)
        (told,) = problems(made, "nothing was wrong when it was made")
        changed = "the commit changed while the session ran: " if name == "commit" else f"the session ran:  M {name}"
        assert changed in told

    def test_data_that_change_while_a_session_runs_are_told_for_each_case(self, releasing: FakeRuns) -> None:
        def changing(command: Sequence[str], folder: Path, silent: bool) -> int:
            ended = stand_in(command, folder, silent)
            if silent:
                path = folder / "lab/datasets/clips.jsonl"
                path.write_text(path.read_text().replace("one fine day", "one fine way"))
            return ended

        made = conduct(plan(releasing), lambda text: None, changing)
        told = "\n".join(problems(made, "nothing was wrong when it was made"))
        assert "changed while the session ran:  M lab/datasets/clips.jsonl" in told
        assert "fake:cpu:clips: changed since it was run: " in told

    @pytest.mark.parametrize("code", [2, 3, 5])
    def test_a_session_that_was_broken_off_makes_no_release(self, releasing: FakeRuns, code: int) -> None:
        with pytest.raises(ReleaseError, match=f"no release was made: the session ended with {code}"):
            conduct(plan(releasing), lambda text: None, lambda command, folder, silent: code)

    def test_a_session_without_a_scorecard_makes_no_release(self, releasing: FakeRuns) -> None:
        reports = releasing.path / "reports"
        reports.mkdir()
        (reports / "scorecard.json").write_text("{}")
        with pytest.raises(ReleaseError, match=r"the session left no scorecard .*scorecard\.json: "):
            conduct(plan(releasing), lambda text: None, lambda command, folder, silent: 0)
        assert not (reports / "scorecard.json").exists()


class TestRefusals:
    """What is told before anything runs."""

    @pytest.mark.parametrize("name", ["lab/models/new.yaml", "lab/limits.yaml"])
    def test_a_tree_that_is_not_committed(
        self, releasing: FakeRuns, name: str, capfd: pytest.CaptureFixture[str]
    ) -> None:
        with (releasing.path / name).open("a") as file:
            file.write("\n# a comment\n")
        if name.endswith("new.yaml"):
            text = (releasing.path / "lab/models/fake.yaml").read_text()
            (releasing.path / name).write_text(text.replace("id: fake", "id: new"))
        assert main(["release"]) == 1
        said = capfd.readouterr()
        assert f"the working tree is not what is committed:\n  {'??' if 'new' in name else ' M'} {name}" in said.err
        assert not releasing.clips_heard()

    @pytest.mark.parametrize(
        ("hide", "told"),
        [
            (("update-index", "--skip-worktree", "lab/limits.yaml"), "taken as unchanged: lab/limits.yaml"),
            (("update-index", "--assume-unchanged", "lab/limits.yaml"), "taken as unchanged: lab/limits.yaml"),
            (("rm", "-q", "--cached", "lab/limits.yaml"), "ignored: limits.yaml"),
        ],
    )
    def test_a_change_that_git_was_told_to_overlook(
        self, releasing: FakeRuns, hide: tuple[str, ...], told: str, capfd: pytest.CaptureFixture[str]
    ) -> None:
        if hide[0] == "rm":
            with (releasing.path / ".gitignore").open("a") as file:
                file.write("limits.yaml\n")
        git(releasing.path, *hide)
        if hide[0] == "rm":
            git(releasing.path, "add", ".gitignore")
            git(releasing.path, "commit", "-qm", "without limits")
        releasing.limits({"metric": "wer", "max": 0.95})
        assert main(["release"]) == 1
        assert f"the working tree is not what is committed:\n  {told}\n" in capfd.readouterr().err
        assert not releasing.clips_heard()

    def test_no_repository(self, releasing: FakeRuns) -> None:
        shutil.rmtree(releasing.path / ".git")
        with pytest.raises(ReleaseError, match="is in no git repository: a release is of a commit"):
            release(releasing)

    def test_a_required_case_that_cannot_run(
        self, releasing: FakeRuns, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
        releasing.model("other", devices={"cpu": {}, "cuda": {}})
        releasing.spec("release.yaml", {**ASKED, "required": ["other:cuda:*"]})
        committed(releasing)
        assert main(["release"]) == 1
        said = capfd.readouterr().err
        assert "required cases can't be run here:\n  other:cuda:clips: cuda: CUDA_VISIBLE_DEVICES='' hides" in said
        assert not releasing.clips_heard()

    def test_a_required_case_whose_data_are_not_there(self, releasing: FakeRuns) -> None:
        (releasing.path / "lab/datasets/clips.jsonl").unlink()
        committed(releasing)
        with pytest.raises(
            ReleaseError, match=r"required cases can't be run here:\n  fake:cpu:clips: data set clips: no manifest "
        ):
            release(releasing)

    def test_a_required_case_that_there_is_not(self, releasing: FakeRuns, capfd: pytest.CaptureFixture[str]) -> None:
        releasing.spec("release.yaml", {**ASKED, "required": ["fake:gpu:*"]})
        committed(releasing)
        assert main(["release"]) == 1
        said = capfd.readouterr().err
        assert "lab/release.yaml:1: `required`: no case of the tier real_e2e matches `fake:gpu:*`" in said

    def test_no_list_of_what_is_required(self, releasing: FakeRuns, capfd: pytest.CaptureFixture[str]) -> None:
        (releasing.catalog / "release.yaml").unlink()
        assert main(["release"]) == 2
        assert "lab/release.yaml is missing" in capfd.readouterr().err


class TestCommands:
    """The command lines of the two sessions."""

    def test_all_cases_of_the_tier_are_run_afresh_and_strictly(self, releasing: FakeRuns) -> None:
        todo = plan(releasing)
        cases = required(todo.catalog, todo.spec)
        places = ["-o", f"modellab_catalog={releasing.catalog}", f"--lab-report={todo.reports}"]
        strictly = ["-m", "real_e2e", "--lab-fresh", "--lab-strict", "--lab-baselines=optional"]
        assert session_command(todo, cases) == [*strictly, *places, "--lab-require", "fake:cpu:clips"]

    def test_workers_and_what_is_required_only(self, releasing: FakeRuns) -> None:
        todo = plan(releasing, workers=3, required_only=True)
        command = session_command(todo, required(todo.catalog, todo.spec))
        chosen = "--lab-model fake --lab-device cpu --lab-dataset clips"
        assert f"-n 3 {chosen} --lab-require fake:cpu:clips" in " ".join(command)

    def test_the_control_runs_the_required_cases_alone(self, releasing: FakeRuns) -> None:
        todo = plan(releasing)
        command = " ".join(control_command(todo, required(todo.catalog, todo.spec)))
        assert command.startswith("-m real_e2e --lab-control -o ")
        assert command.endswith("--lab-model fake --lab-device cpu --lab-dataset clips -q --tb=no")


def test_the_environment_names_what_is_installed() -> None:
    found = environment()
    assert "pytest" in str(found["installed"])
    assert str(os.cpu_count()) in str(found["hardware"])


def names(made: Path) -> set[str]:
    return set(zipfile.ZipFile(made).namelist())


def wrong(verified: Verified) -> list[str]:
    return [check.name for check in verified.checks if not check.ok]


def problems(made: Release, name: str) -> tuple[str, ...]:
    (found,) = (check.problems for check in made.verified.checks if check.name == name)
    return found
