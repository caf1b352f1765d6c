"""Scorecards of past sessions: the files, their order, and how one is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_modellab.reports.scorecard import kept
from pytest_modellab.reports.scorecard.card import Scorecard


def card(session: str, created: str = "2026-01-02T03:04:05+00:00") -> Scorecard:
    return Scorecard(session=session, created=created, partial=None, rows=(), recommendations=(), problems=())


def stored(reports: Path, *sessions: tuple[str, str]) -> list[Path]:
    return [kept.keep(card(session, created), reports) for session, created in sessions]


def test_they_are_found_newest_first(tmp_path: Path) -> None:
    stored(
        tmp_path,
        ("20260102-101010-aaaaaa", "2026-01-02T10:10:10+00:00"),
        ("merge-20260101-101010-bbbbbb", "2026-01-01T10:10:10+00:00"),
        ("20260103-101010-cccccc", "2026-01-03T10:10:10+00:00"),
    )
    (tmp_path / kept.FOLDER / "notes.json").write_text("{}")
    found = [each.session for each in kept.scorecards(tmp_path, [])]
    assert [each[-6:] for each in found] == ["cccccc", "aaaaaa", "bbbbbb"]


def test_of_one_second_the_file_written_last_is_the_newest(tmp_path: Path) -> None:
    first, second = stored(tmp_path, ("bbbb", "2026-01-02T10:10:10+00:00"), ("aaaa", "2026-01-02T10:10:10+00:00"))
    os.utime(first, ns=(1, 1))
    assert [kept.session_of(path) for path in kept.files(tmp_path)] == ["aaaa", "bbbb"]
    os.utime(second, ns=(0, 0))
    assert [kept.session_of(path) for path in kept.files(tmp_path)] == ["bbbb", "aaaa"]


def test_a_session_stored_twice_is_kept_once(tmp_path: Path) -> None:
    again = card("aaaa").model_copy(update={"problems": ("the page could not be written",)})
    kept.keep(card("aaaa"), tmp_path)
    assert kept.read(kept.keep(again, tmp_path)) == again
    assert len(kept.files(tmp_path)) == 1


@pytest.mark.parametrize("name", ["20260102-101010-a1b2c3", "20260102-10", "a1b2c3", "b2c3"])
def test_one_is_named_by_its_id_or_the_beginning_or_end_of_it(tmp_path: Path, name: str) -> None:
    path, _ = stored(
        tmp_path,
        ("20260102-101010-a1b2c3", "2026-01-02T10:10:10+00:00"),
        ("20260103-101010-d4e5f6", "2026-01-03T10:10:10+00:00"),
    )
    assert kept.named(tmp_path, name) == path


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("2026", "may be any of 20260103-101010-d4e5f6, 20260102-101010-a1b2c3; write more of it"),
        ("c3", "no session `c3`; the newest are 20260103-101010-d4e5f6, 20260102-101010-a1b2c3"),
        ("../../x", "no session `../../x`"),
    ],
)
def test_what_names_none_or_several_is_told(tmp_path: Path, name: str, message: str) -> None:
    stored(
        tmp_path,
        ("20260102-101010-a1b2c3", "2026-01-02T10:10:10+00:00"),
        ("20260103-101010-d4e5f6", "2026-01-03T10:10:10+00:00"),
    )
    with pytest.raises(kept.KeptError, match=message.replace(".", r"\.")):
        kept.named(tmp_path, name)


def test_where_none_is_kept_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(kept.KeptError, match=r"no session is kept in .*; run pytest first"):
        kept.named(tmp_path, "aaaa")


def test_a_damaged_one_is_passed_over_and_told(tmp_path: Path) -> None:
    path, _ = stored(tmp_path, ("aaaa", "2026-01-02T10:10:10+00:00"), ("bbbb", "2026-01-03T10:10:10+00:00"))
    path.write_text("{}")
    damaged: list[str] = []
    assert [each.session for each in kept.scorecards(tmp_path, damaged)] == ["bbbb"]
    what = "is no scorecard of this version of pytest-modellab; it is damaged, or another version's"
    assert damaged == [f"{path}: {what}: session: Field required"]


@pytest.mark.parametrize("session", ["../../etc/x", "a b", "x\n", ".hidden", ""])
def test_no_id_leads_out_of_the_folder(tmp_path: Path, session: str) -> None:
    assert kept.keep(card(session), tmp_path).parent == tmp_path / kept.FOLDER
