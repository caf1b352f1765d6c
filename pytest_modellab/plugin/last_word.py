"""The last look at a session: its scorecard must not say passed where pytest, or another plugin, says otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .session import LabSession


class LastWord:
    """What other plugins make of a session after its scorecard was written: it must not say otherwise."""

    def __init__(self, lab: LabSession) -> None:
        self.lab = lab

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self._look(session, f"another plugin failed at its end: {type(error).__name__}: {error}")
            raise
        self._look(session, "")

    def _look(self, session: pytest.Session, why: str) -> None:
        if self.lab.nothing_to_tell:
            return
        from .scorecard import amend, finish

        if why and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if self.lab.scorecard is None:  # what failed did so before it
            session.exitstatus = finish(self.lab, session.exitstatus, why)
        amend(self.lab, session.exitstatus, why)
