"""The pre-push hook, with real git and real pushes to a repository beside."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from fakelab import FakeLab
from labsessions import LabSessions

from pytest_modellab.cli import main, pre_push
from pytest_modellab.cli.pre_push import HookError

ROOT = Path(__file__).parents[2]
GIT = ("git", "-c", "user.name=x", "-c", "user.email=x@example.org")


def git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*GIT, *arguments], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def repository(lab: FakeLab) -> FakeLab:
    """A lab that is a git repository with a place to push to, everything committed."""
    lab.ready(tiers=["smoke"])
    git(lab.path, "init", "-q", "-b", "main")
    git(lab.path, "init", "-q", "--bare", "remote.git")
    git(lab.path, "remote", "add", "origin", "remote.git")
    (lab.path / ".gitignore").write_text("remote.git\nreports\nengine.log\n")
    git(lab.path, "add", ".")
    git(lab.path, "commit", "-qm", "all")
    return lab


def pushed(lab: FakeLab) -> bool:
    return bool(git(lab.path / "remote.git", "branch").stdout)


def test_a_good_push_goes_out_and_shows_a_screen(repository: FakeLab) -> None:
    assert main(["hook", "install"]) == 0
    done = git(repository.path, "push", "origin", "main")
    assert done.returncode == 0, done.stderr
    assert pushed(repository)
    shown = done.stdout + done.stderr
    assert "modellab scorecard" in shown
    assert "2 passed" in shown
    assert len(shown.splitlines()) < pre_push.SCREEN + 10


def test_a_model_that_got_worse_is_stopped_and_the_dirty_tree_named(repository: FakeLab) -> None:
    main(["hook", "install"])
    repository.model(wrong={0: "nothing of the kind"}, tiers=["smoke"])
    done = git(repository.path, "push", "origin", "main")
    shown = done.stdout + done.stderr
    assert done.returncode != 0
    assert not pushed(repository)
    assert "modellab: push stopped: tests or gates failed." in shown
    assert "tested with 1 uncommitted changes, which are not pushed: lab/models/fake.yaml" in shown


def test_a_test_that_cannot_be_collected_blocks(repository: FakeLab) -> None:
    main(["hook", "install"])
    repository.pytester.makepyfile(test_suite="import nothing_of_that_name")
    done = git(repository.path, "push", "origin", "main")
    assert done.returncode != 0
    assert "could not be collected" in done.stdout + done.stderr
    assert not pushed(repository)


def test_what_cannot_be_decided_stops_a_push_where_that_is_the_policy(repository: FakeLab) -> None:
    repository.limits({"metric": "wer", "max": 0.1, "judge": "bound"})
    assert main(["hook", "install", "--inconclusive", "fail"]) == 0
    assert main(["hook", "status"]) == 0
    done = git(repository.path, "push", "origin", "main")
    assert "limit <= 10.0 % (lab/limits.yaml:3): too few utterances for an interval" in done.stdout + done.stderr
    assert not pushed(repository)


def test_the_policy_of_the_ini_file_holds_for_every_session(sessions: LabSessions) -> None:
    sessions.ready()
    sessions.limits({"metric": "wer", "max": 0.1, "judge": "bound"})
    assert sessions.session() == 0
    sessions.ini("modellab_page = false", "modellab_inconclusive = fail")
    assert sessions.session() == pytest.ExitCode.TESTS_FAILED
    assert sessions.session("--lab-inconclusive=allow") == 0


def test_a_hook_that_was_there_runs_first_with_gits_own_input(repository: FakeLab) -> None:
    path = repository.path / ".git" / "hooks" / "pre-push"
    path.write_text("#!/bin/sh\ncat >seen.txt\necho $1 >>seen.txt\n")
    path.chmod(0o755)
    for _ in range(2):  # installing again keeps it
        assert main(["hook", "install"]) == 0
    assert git(repository.path, "push", "origin", "main").returncode == 0
    assert "refs/heads/main" in (repository.path / "seen.txt").read_text()
    assert "origin" in (repository.path / "seen.txt").read_text()


def test_a_hook_that_was_there_can_still_refuse(repository: FakeLab) -> None:
    path = repository.path / ".git" / "hooks" / "pre-push"
    path.write_text("#!/bin/sh\nexit 3\n")
    path.chmod(0o755)
    main(["hook", "install"])
    assert git(repository.path, "push", "origin", "main").returncode != 0
    assert repository.engine_log() == []


def test_another_hooks_folder_is_respected(repository: FakeLab, capsys: pytest.CaptureFixture[str]) -> None:
    git(repository.path, "config", "core.hooksPath", "ours")
    assert main(["hook", "install"]) == 0
    assert (repository.path / "ours" / "pre-push").exists()
    assert not (repository.path / ".git" / "hooks" / "pre-push").exists()
    assert "ours/pre-push: it runs `pytest -m smoke`" in capsys.readouterr().out


def test_a_hooks_folder_that_other_repositories_share_is_refused(
    repository: FakeLab, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = tmp_path_factory.mktemp("shared")
    git(repository.path, "config", "core.hooksPath", str(shared))
    assert main(["hook", "install"]) == 1
    assert f"core.hooksPath names {shared}, outside this repository" in capsys.readouterr().err
    assert not list(shared.iterdir())


def test_the_tests_run_where_the_ini_file_lies(repository: FakeLab, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = repository.path / "speech lab"
    inside.mkdir()
    for name in ("lab", "tox.ini", "test_suite.py"):
        git(repository.path, "mv", name, f"speech lab/{name}")
    git(repository.path, "commit", "-qam", "moved")
    monkeypatch.chdir(inside)
    assert main(["hook", "install"]) == 0
    assert main(["hook", "status"]) == 0
    done = git(repository.path, "push", "origin", "main")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout + done.stderr
    assert (inside / "reports").is_dir()


def test_two_strangers_are_not_overwritten(repository: FakeLab) -> None:
    hooks = repository.path / ".git" / "hooks"
    (hooks / "pre-push").write_text("#!/bin/sh\n")
    (hooks / pre_push.KEPT).write_text("#!/bin/sh\n")
    with pytest.raises(HookError, match=r"is not ours and .* exists already"):
        pre_push.install(repository.path)


def test_outside_a_repository_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(HookError, match="is in no git repository"):
        pre_push.install(tmp_path)


def test_pre_commit_is_given_the_same() -> None:
    (entry,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert entry["entry"] == "modellab hook run"
    assert entry["stages"] == ["pre-push"]
    assert entry["always_run"] is True
    assert entry["pass_filenames"] is False


class TestStatusAndUninstall:
    def test_nothing_is_installed(self, repository: FakeLab, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["hook", "status"]) == 1
        assert main(["hook", "uninstall"]) == 0
        out = capsys.readouterr().out
        assert "not installed; `modellab hook install` does it" in out
        assert "there is no hook of ours here" in out

    def test_it_goes_and_what_stood_there_comes_back(
        self, repository: FakeLab, capsys: pytest.CaptureFixture[str]
    ) -> None:
        theirs = pre_push.hooks_folder(repository.path) / "pre-push"
        theirs.parent.mkdir(parents=True, exist_ok=True)
        theirs.write_text("#!/bin/sh\necho theirs\n")
        theirs.chmod(0o755)
        main(["hook", "install"])
        assert main(["hook", "status"]) == 0
        assert main(["hook", "uninstall"]) == 0
        assert theirs.read_text() == "#!/bin/sh\necho theirs\n"
        assert "the hook that stood there before is back" in capsys.readouterr().out
        assert git(repository.path, "push", "origin", "main").returncode == 0
        assert not (repository.path / "reports").exists()

    def test_a_hook_of_theirs_is_left_alone(self, repository: FakeLab) -> None:
        theirs = pre_push.hooks_folder(repository.path) / "pre-push"
        theirs.parent.mkdir(parents=True, exist_ok=True)
        theirs.write_text("#!/bin/sh\n")
        assert main(["hook", "uninstall"]) == 0
        assert theirs.exists()

    @pytest.mark.parametrize("fault", ["gone", "edited", "mode"])
    def test_one_that_would_not_work_is_told(
        self, repository: FakeLab, capsys: pytest.CaptureFixture[str], fault: str
    ) -> None:
        path = pre_push.install(repository.path, python="/no/such/python" if fault == "gone" else sys.executable).path
        if fault == "edited":
            path.write_text(path.read_text().replace("exec ", "echo "))
        if fault == "mode":
            path.chmod(0o644)
        assert main(["hook", "status"]) == 1
        told = {"gone": "its Python /no/such/python is gone", "edited": "changed by hand", "mode": "not executable"}
        assert told[fault] in capsys.readouterr().out
