"""The last look at a session, without a session of pytest: what it makes of a scorecard that passed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from configs import parsed
from labsessions import LabSessions, lab_session, measured
from quietness import quiet

from pytest_modellab.plugin import options
from pytest_modellab.plugin.last_word import LastWord
from pytest_modellab.plugin.scorecard import finish
from pytest_modellab.plugin.session import LabSession
from pytest_modellab.reports.scorecard import kept


@pytest.fixture
def lab(sessions: LabSessions, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A session whose one case passed, before anybody has ended it."""
    quiet(monkeypatch)
    sessions.ready()
    with parsed(sessions.path, "--lab-inprocess", ini=None) as config:
        made = lab_session(options.read(config))
        measured(made)
        yield made
        made.runner.close()


def ended(lab: LabSession, status: int, error: Exception | None = None) -> int:
    """The exit code of a session that others end with this one, or with an error."""
    session: Any = SimpleNamespace(exitstatus=status)
    looking = LastWord(lab).pytest_sessionfinish(session)
    next(looking)
    if error is None:
        with pytest.raises(StopIteration):
            next(looking)
    else:
        with pytest.raises(type(error)):
            looking.throw(error)  # type: ignore[attr-defined]  # a wrapper is a generator
    return int(session.exitstatus)


def problems(lab: LabSession) -> tuple[str, ...]:
    (stored,) = kept.scorecards(lab.config.reports, [])
    assert lab.scorecard == stored
    return stored.problems


def test_one_that_passed_is_left_as_it_is(lab: LabSession) -> None:
    assert finish(lab, 0) == 0
    assert ended(lab, 0) == 0
    assert problems(lab) == ()


def test_an_exit_code_that_others_set_after_the_scorecard_is_told_on_it(lab: LabSession) -> None:
    finish(lab, 0)
    assert ended(lab, 1) == 1
    assert problems(lab) == ("pytest ended with exit code 1, and no test that failed is the reason",)


@pytest.mark.parametrize("written", [True, False])
def test_what_another_plugin_raises_is_told_on_it_whether_it_was_written_before(lab: LabSession, written: bool) -> None:
    if written:
        finish(lab, 0)
    assert ended(lab, 0, RuntimeError("late")) == 1
    assert problems(lab) == ("another plugin failed at its end: RuntimeError: late",)


def test_without_a_case_there_is_nothing_to_tell(sessions: LabSessions) -> None:
    sessions.ready()
    with parsed(sessions.path, ini=None) as config:
        made = lab_session(options.read(config))
        assert ended(made, 1) == 1
        assert made.scorecard is None
