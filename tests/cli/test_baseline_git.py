"""`modellab baseline save` in a repository of git: what is to be done so that other checkouts have the answers."""

from __future__ import annotations

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
    ("file", "pattern"),
    [
        (".gitignore", "reports"),
        (".gitignore", "/reports/"),
        (".gitignore", "reports/*"),
        (".gitignore", "*.jsonl"),
        (".gitignore", "*"),
        ("reports/.gitignore", "*"),
    ],
)
def test_what_is_advised_where_git_ignores_them_helps(releasing: FakeRuns, told: Told, file: str, pattern: str) -> None:
    releasing.run()
    (releasing.path / file).write_text(f"{pattern}\n", encoding="utf-8")
    advice = "git add -f reports/baselines"
    assert told(*SAVE).splitlines()[-1] == (
        f"git ignores reports/baselines, by {file}:1 `{pattern}`: `{advice}` commits them all the same"
    )
    git(releasing.path, *advice.split()[1:])
    assert "git ignores" not in told(*SAVE)
    # One more beside those that git has.
    (releasing.reports / "baselines" / "asr" / "other.jsonl").write_text("{}\n", encoding="utf-8")
    assert f"`{advice}` commits them" in told(*SAVE)


def test_outside_of_a_repository_nothing_is_said(
    runs: FakeRuns, told: Told, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    runs.texts = ("one fine day", "two fine days", "three fine days", "four", "five")
    runs.ready()
    runs.commanded(monkeypatch)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    runs.run()
    assert "git" not in told(*SAVE)
