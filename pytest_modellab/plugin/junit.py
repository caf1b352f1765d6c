"""Properties of tests and of the suite in a JUnit report (`--junitxml`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pytest

from pytest_modellab.core.console import printable
from pytest_modellab.core.redaction import without_secrets

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_modellab.reports.scorecard.card import Scorecard
    from pytest_modellab.results.verdicts import Verdict

PREFIX = "modellab."
CASE = f"{PREFIX}case"
NO_CASE = "none"
"""What stands for the case of a test that asked for one and got none."""


def of_verdicts(verdicts: Sequence[Verdict]) -> list[tuple[str, str]]:
    """Figures that a test asserted, each with its bound and verdict; of several bounds on one figure, the worst."""
    from pytest_modellab.results.verdicts import SEVERITY, worst

    by_metric: dict[str, Verdict] = {}
    for verdict in verdicts:
        held = by_metric.get(verdict.metric)
        if held is None or SEVERITY[verdict.status] > SEVERITY[held.status]:
            by_metric[verdict.metric] = verdict
    found = [(f"{PREFIX}verdict", str(worst([verdict.status for verdict in verdicts])))]
    for name, verdict in by_metric.items():
        metric = PREFIX + name
        found.append((metric, "n/a" if verdict.value is None else repr(verdict.value)))
        if verdict.bound is not None:
            found.append((f"{metric}.limit", f"{verdict.comparison} {verdict.bound!r}"))
            found.append((f"{metric}.limit.source", printable(verdict.source)))
        found.append((f"{metric}.verdict", str(verdict.status)))
        if verdict.reason:
            found.append((f"{metric}.reason", printable(without_secrets(verdict.reason))))
    return found


def put(properties: list[tuple[str, object]], found: Sequence[tuple[str, str]]) -> None:
    """Into a test's properties, in place of those of an earlier run of the same test."""
    properties[:] = [(name, value) for name, value in properties if not name.startswith(PREFIX) or name == CASE]
    properties.extend(found)


def tell_suite(config: pytest.Config, properties: Mapping[str, str]) -> None:
    """Set properties of the whole suite, where a report is written."""
    # The fixture `record_testsuite_property` does the same, and is out of reach once all tests are over.
    from _pytest.junitxml import xml_key

    report = config.stash.get(xml_key, None)
    if report is None:
        return
    for name, value in properties.items():
        report.add_global_property(PREFIX + name, value)
    # It was written when the last test was over; what came of the session is known only now.
    report.pytest_sessionfinish()


def of_session(scorecard: Scorecard, base: Path, shown: str, page: str | None) -> dict[str, str]:
    """What a report says of the session as a whole.

    `base` is the folder of the repository, `shown` and `page` are the scorecard's files as a person is told them.
    """
    from pytest_modellab.results.provenance import git_state

    commit, dirty = git_state(base)
    found = {"session": scorecard.session, "verdict": "passed" if scorecard.passed else "not passed"}
    if commit is not None:
        found |= {"commit": commit, "changed": "yes" if dirty else "no"}
    found["scorecard"] = shown
    if page is not None:
        found["page"] = page
    return found
