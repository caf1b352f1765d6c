"""Where a record comes from, and what two records' inputs differ in."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pytest_modellab.results import provenance
from pytest_modellab.results.input_changes import changes


class TestInputChanges:
    def test_a_line_for_each_that_differs(self) -> None:
        old = {"options": {"beam_size": 5, "vad": True}, "weights": "a", "dataset": "x", "seed": 0}
        new = {"options": {"beam_size": 1, "vad": True}, "weights": "b", "dataset": "y", "seed": 0}
        assert list(changes(old, new)) == [
            "dataset: other recordings or references",
            "options.beam_size: 5 -> 1",
            "weights: other weights",
        ]
        assert list(changes(old, old)) == []

    def test_of_code_a_few_modules_are_named(self) -> None:
        old = {"code": {f"m{i}": "a" for i in range(10)}}
        new = {"code": {f"m{i}": "b" for i in range(10)}}
        assert list(changes(old, new)) == [
            "code: other code between samples and answers: m0, m1, m2, m3, m4, m5, m6, m7 and 2 more"
        ]
        assert list(changes({"code": {"a": "1"}}, {"code": {"a": "1", "b": "2"}})) == [
            "code: other code between samples and answers: b"
        ]
        assert list(changes(old, old)) == []

    def test_code_that_is_one_digest(self) -> None:
        assert list(changes({"code": "a"}, {"code": "b"})) == ["code: other code between samples and answers"]


class TestProvenance:
    @pytest.fixture
    def repository(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        for name, value in (("NAME", "a"), ("EMAIL", "a@example.org")):
            monkeypatch.setenv(f"GIT_AUTHOR_{name}", value)
            monkeypatch.setenv(f"GIT_COMMITTER_{name}", value)
        (tmp_path / "a.txt").write_text("a")
        for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
            subprocess.run(["git", *command], cwd=tmp_path, check=True)
        return tmp_path

    def test_a_commit_and_whether_files_differ(self, repository: Path) -> None:
        commit, dirty = provenance.git_state(repository)
        assert commit is not None
        assert len(commit) == 40
        assert dirty is False
        (repository / "new.txt").touch()
        assert provenance.git_state(repository) == (commit, False)
        (repository / "a.txt").write_text("b")
        assert provenance.git_state(repository) == (commit, True)
        assert provenance.uncommitted(repository, [repository, repository / "a.txt"]) == ["a.txt"]
        assert provenance.uncommitted(repository, [repository / "none"]) == []

    def test_outside_git(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
        assert provenance.git_state(tmp_path) == (None, None)
        assert provenance.uncommitted(tmp_path, [tmp_path]) == []

    def test_versions_of_what_is_installed(self) -> None:
        found = provenance.versions(["pytest", "no-such-distribution"])
        assert found == {"pytest": pytest.__version__, "no-such-distribution": None}
        assert provenance.python_tag().startswith("cpython-3.")

    def test_a_key_does_not_depend_on_the_order(self) -> None:
        assert provenance.input_key({"a": 1, "b": 2}) == provenance.input_key({"b": 2, "a": 1})
        assert provenance.input_key({"a": 1}) != provenance.input_key({"a": 2})
