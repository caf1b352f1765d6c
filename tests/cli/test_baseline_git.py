"""`modellab baseline save` in a repository of git: what is to be done so that other checkouts have the answers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from commands import Told
from fakeruns import FakeRuns
from releases import committed, git

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


@pytest.mark.parametrize(
    ("pattern", "in_place"),
    [
        ("reports", "`/reports/*`"),
        ("/reports/", "`/reports/*`"),
        ("reports/*", ""),
        ("reports/baselines", ""),
        ("*.jsonl", ""),
    ],
)
def test_what_is_advised_where_git_ignores_them_helps(
    releasing: FakeRuns, told: Told, pattern: str, in_place: str
) -> None:
    file = releasing.path / ".gitignore"
    file.write_text(f"{pattern}\n", encoding="utf-8")
    releasing.run()
    others = git(releasing.path, "status", "--short", "reports/runs")
    said = told(*SAVE).splitlines()[-1]
    assert said.startswith(f"git ignores reports/baselines, by .gitignore:1 `{pattern}`: write ")
    assert (f"write {in_place} in its place, and " if in_place else "write `!/") in said
    first, *more = re.findall("`([^`]*)`", said)[1:]
    lines = [first, *more] if in_place else [pattern, first, *more]
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    assert told(*SAVE).splitlines()[-1].startswith("next: git add reports/baselines")
    assert git(releasing.path, "status", "--short", "reports/runs") == others


def test_outside_of_a_repository_nothing_is_said(
    runs: FakeRuns, told: Told, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    runs.texts = ("one fine day", "two fine days", "three fine days", "four", "five")
    runs.ready()
    runs.commanded(monkeypatch)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    runs.run()
    assert "git" not in told(*SAVE)
