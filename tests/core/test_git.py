from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pytest_modellab.core import git


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for arguments in (["init", "-q", "-b", "main"], ["config", "user.name", "n"], ["config", "user.email", "n@e"]):
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True)
    (tmp_path / "a.txt").write_text("one\n")
    subprocess.run(["git", "-C", str(tmp_path), "add", "a.txt"], check=True)
    subprocess.run(["git", "-C", str(tmp_path), "commit", "-q", "-m", "first"], check=True)
    return tmp_path


def test_output_is_as_git_wrote_it_but_for_the_last_line_end(repository: Path) -> None:
    (repository / "a.txt").write_text("two\n")
    (repository / "b.txt").write_text("")
    assert git.output(repository, "status", "--porcelain") == " M a.txt\n?? b.txt"
    assert git.output(repository, "rev-parse", "--abbrev-ref", "HEAD") == "main"
    assert git.output(repository, "ls-files", "-z") == "a.txt\0"
    assert git.told(repository, "log", "--format=%s") == "first"


def test_outside_a_repository_git_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(git.GitError, match="not a git repository"):
        git.output(tmp_path, "status")
    assert git.told(tmp_path, "status") is None


def test_a_failure_without_words_is_told_by_its_exit_code(repository: Path) -> None:
    with pytest.raises(git.GitError, match="git rev-parse ended with 1"):
        git.output(repository, "rev-parse", "--verify", "--quiet", "nowhere^{commit}")


def test_git_that_is_not_installed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(git.GitError, match="git can't be run: No such file"):
        git.output(tmp_path, "status")
    assert git.told(tmp_path, "status") is None


def test_git_that_is_too_slow_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "git"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(git.GitError, match=r"git status took more than 0\.2 s"):
        git.output(tmp_path, "status", timeout_s=0.2)


def test_a_git_that_called_us_does_not_lead_ours_elsewhere(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_WORK_TREE", str(elsewhere))
    monkeypatch.setenv("GIT_INDEX_FILE", str(elsewhere / "index"))
    (repository / "sub").mkdir()
    assert git.output(repository / "sub", "status", "--porcelain") == ""
    assert git.output(repository / "sub", "rev-parse", "--show-toplevel") == str(repository)
