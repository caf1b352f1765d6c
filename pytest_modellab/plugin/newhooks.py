"""Hooks that a conftest.py or plugin may implement: docs/compatibility.md says in which process each is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_modellab import Case, Record, Scorecard, Verdict


@pytest.hookspec()
def pytest_modellab_cases(config: pytest.Config, cases: list[Case]) -> None:
    """Called before collection, in every process, with the session's cases; may remove and reorder them in place."""


@pytest.hookspec()
def pytest_modellab_record(config: pytest.Config, case: Case, record: Record) -> None:
    """Called in the process that runs a case's tests, once, when its record is there, measured or reused."""


@pytest.hookspec()
def pytest_modellab_verdict(config: pytest.Config, item: pytest.Item, record: Record, verdict: Verdict) -> None:
    """Called in the process that ran a test, after its call, for each verdict that the test has reached."""


@pytest.hookspec()
def pytest_modellab_scorecard(config: pytest.Config, scorecard: Scorecard) -> None:
    """Called once a session, in the controlling process, when the scorecard is graded and written."""
