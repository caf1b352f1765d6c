"""`modellab baseline save` in a repository of git: what is to be done so that other checkouts have the answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import Told
from fakeruns import FakeRuns
from releases import committed

SAVE = ("baseline", "save")


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


def test_they_are_to_be_committed(releasing: FakeRuns, told: Told) -> None:
    releasing.run()
    said = told(*SAVE)
    assert said.splitlines()[-1] == (
        "next: git add reports/baselines && git commit; only what is committed holds elsewhere, in CI too"
    )
    committed(releasing)
    assert "git add" not in told(*SAVE)


def test_those_that_git_ignores(releasing: FakeRuns, told: Told) -> None:
    (releasing.path / ".gitignore").write_text("reports\n", encoding="utf-8")
    releasing.run()
    assert "git ignores reports/baselines: write `!/reports/baselines/` into .gitignore" in told(*SAVE)


def test_outside_of_a_repository_nothing_is_said(
    runs: FakeRuns, told: Told, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    runs.texts = ("one fine day", "two fine days", "three fine days", "four", "five")
    runs.ready()
    runs.commanded(monkeypatch)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    runs.run()
    assert "git" not in told(*SAVE)
