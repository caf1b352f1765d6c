"""`modellab release` and `verify` before anything is measured: what is said, asked for, and refused."""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from commands import Told
from fakeruns import FakeRuns

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.catalog.cases import Case
from pytest_modellab.cli import main
from pytest_modellab.cli.exits import Exit
from pytest_modellab.reports.scorecard import kept
from pytest_modellab.reports.scorecard.card import Scorecard


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class TestDryRun:
    def test_it_says_what_will_be_run_and_runs_nothing(self, releasing: FakeRuns, told: Told) -> None:
        said = told("release", "1.2.0", "--dry-run")
        assert "modellab release: 1.2.0: 1 required case" in said
        assert "all measured anew" in said
        assert "how long: not known; no session in " in said
        assert not (releasing.reports / "runs").exists()

    def test_how_long_it_took_last_time(self, releasing: FakeRuns, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(kept, "took_s", lambda card: 1230.0)
        rows = [SimpleNamespace(case=case, measured=True) for case in map(ref, releasing.cases())]
        card = SimpleNamespace(session="s", rows=rows)
        monkeypatch.setattr(kept, "scorecards", lambda reports, damaged: [card])
        assert "the last session with all of them, s, took 20 min" in told("release", "1.2.0", "--dry-run")

    def test_a_version_is_asked_for_at_a_terminal(
        self, releasing: FakeRuns, told: Told, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stdin", Terminal("3.0\n"))
        assert "modellab release: 3.0: " in told("release", "--dry-run")

    def test_gits_description_where_nobody_answers(self, releasing: FakeRuns, told: Told) -> None:
        assert "modellab release: " in told("release", "--dry-run")


def ref(case: Case) -> CaseRef:
    return CaseRef(task=case.task, model=case.model.id, device=case.device.id, dataset=case.dataset.id)


class TestTook:
    def card(self, session: str, created: str) -> Scorecard:
        return Scorecard(session=session, created=created, partial=None, rows=(), recommendations=(), problems=())

    def test_from_the_beginning_of_the_session(self) -> None:
        begun = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
        session = f"{begun.astimezone():%Y%m%d-%H%M%S}-abcdef"
        assert kept.took_s(self.card(session, (begun + timedelta(seconds=90)).isoformat())) == 90.0

    @pytest.mark.parametrize("session", ["s", "merge-20261101-101010-abc"])
    def test_an_id_that_tells_no_time(self, session: str) -> None:
        assert kept.took_s(self.card(session, datetime.now(UTC).isoformat())) is None


class TestVerify:
    def test_a_bundle_that_is_not_there(self, told: Told) -> None:
        told("verify", "nope.zip", code=Exit.USAGE)
        assert "no such bundle: nope.zip; `modellab release` makes one" in told.errors


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("calibrate", "a", "b", "--runs", "1"), "a whole number from 2 to 100 is needed, not '1'"),
        (("release", "-n", "0"), "a whole number from 1 to 64 is needed, not '0'"),
    ],
)
def test_numbers_out_of_range_are_told_by_the_range(
    command: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command) == Exit.USAGE
    assert why in capsys.readouterr().err
