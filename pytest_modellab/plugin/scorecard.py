"""The scorecard of a session, made at its end of outcomes and of the tests' verdicts; and the session's exit code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_modellab.core.console import counted
from pytest_modellab.core.variables import STEP_SUMMARY

from . import remote
from .session import LabSession, Tests

if TYPE_CHECKING:
    from pytest_modellab.catalog.cases import Case
    from pytest_modellab.reports.scorecard import page
    from pytest_modellab.reports.scorecard.card import Scorecard
    from pytest_modellab.reports.scorecard.row import CaseReport, Row
    from pytest_modellab.results.record import Record
    from pytest_modellab.runner.outcome import Outcome


def finish(lab: LabSession, status: int, why: str = "") -> int:
    """Build and store the scorecard; the exit code of a session that ended with `status`.

    One that passed and must not count as passed fails.
    """
    interrupted = lab.broken_off or status in {pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR}
    try:
        _write_scorecard(lab, "" if not _failed(status) else why or _unexplained(status), interrupted=interrupted)
    finally:  # after any error in the scorecard, the next session resumes from the answers
        lab.session.end(whole=not interrupted)
    if (unsent := remote.send(lab.config)) and lab.scorecard is not None:
        lab.scorecard = lab.scorecard.model_copy(update={"problems": (*lab.scorecard.problems, unsent)})
    found = lab.scorecard is not None and (lab.scorecard.problems or lab.broken_off)
    return pytest.ExitCode.TESTS_FAILED if found and not _failed(status) else status


def _failed(status: int) -> bool:
    return status not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}


def amend(lab: LabSession, status: int, why: str) -> None:
    """Write the scorecard anew where it says that a session passed which has ended with `status`, for another reason.

    JUnit's file is written before, and isn't changed.
    """
    from pytest_modellab.reports.scorecard.files import write

    card = lab.scorecard
    if card is not None and card.passed and _failed(status):
        card = _with_problem(card, why or _unexplained(status))
        lab.left = write(card, lab.config.reports, with_page=lab.config.page, recordings=_recordings(lab))
        lab.scorecard = lab.left.card


def _unexplained(status: int) -> str:
    return f"pytest ended with exit code {int(status)}, and no test that failed is the reason"


def _with_problem(card: Scorecard, problem: str) -> Scorecard:
    return card.model_copy(update={"problems": (*card.problems, problem)})


def _write_scorecard(lab: LabSession, why: str, *, interrupted: bool) -> None:
    """`why` is why the session failed, should nothing on the scorecard tell; "" where it did not."""
    from pytest_modellab.reports.scorecard.build import build
    from pytest_modellab.reports.scorecard.files import write

    planned = lab.session.plan()
    touched = {**dict.fromkeys(planned), **dict.fromkeys(lab.tests)}
    if touched or (lab.config.asked and not interrupted):
        reports = [_report(lab, case) for key in touched if (case := lab.case(key)) is not None]
        rows = _rows(lab, reports)
        partial = "interrupted" if interrupted else None
        idle = [key for key in planned if key not in lab.tests]
        if idle:
            partial = f"{partial or 'stopped early'}: {len(idle)} of {len(planned)} cases did not run"
        card = build(
            lab.session_id,
            rows,
            partial=partial,
            required=lab.config.required,
            strict=lab.config.strict,
            tasks_of={model.id: model.tasks for model in lab.catalog.models.values()},
            profiles=lab.catalog.profiles,
            records={case.key: report.record for case, report in reports if report.record is not None},
        )
        card = card.model_copy(update={"arguments": lab.config.arguments})
        if not touched:
            told = f"no test of the catalog's cases was collected, though {lab.config.asked} asked for them"
            card = card.model_copy(update={"problems": (told, *card.problems)})
        if lab.failed_beside:
            card = _with_problem(card, f"failed, of no case: {', '.join(dict.fromkeys(lab.failed_beside))}")
        if lab.uncollected:
            card = _with_problem(card, f"could not be collected: {', '.join(dict.fromkeys(lab.uncollected))}")
        if why and card.passed:
            card = _with_problem(card, why)
        lab.left = write(card, lab.config.reports, with_page=lab.config.page, recordings=_recordings(lab))
        lab.scorecard = lab.left.card
        summary = STEP_SUMMARY.get() if lab.config.step_summary else None
        if summary:
            from pytest_modellab.reports.scorecard import markdown
            from pytest_modellab.reports.step_summary import append

            lab.summary_error = append(markdown.render(lab.scorecard), Path(summary))


def _recordings(lab: LabSession) -> page.Recordings | None:
    """What the page may let one listen to; nothing where there is no page."""
    if not (lab.config.page and lab.config.page_recordings):
        return None
    from pytest_modellab.reports.scorecard.recordings import Recordings

    return Recordings(lab.catalog)


def _rows(lab: LabSession, reports: Sequence[tuple[Case, CaseReport]]) -> list[Row]:
    """The rows of these cases."""
    from pytest_modellab.reports.scorecard.build import build_row
    from pytest_modellab.results.verdicts import corrected

    gates = [lab.limits(case).judge(report.record) if report.record else [] for case, report in reports]
    held = iter(corrected([verdict for gate in gates for verdict in gate]))
    return [
        build_row(report, [next(held) for _ in gate], lab.catalog.grades, lab.shown)
        for (_, report), gate in zip(reports, gates, strict=True)
    ]


def _report(lab: LabSession, case: Case) -> tuple[Case, CaseReport]:
    from pytest_modellab.catalog.case_ref import CaseRef
    from pytest_modellab.reports.scorecard.row import CaseReport
    from pytest_modellab.results.record_files import RecordError
    from pytest_modellab.results.verdicts import Status, Verdict
    from pytest_modellab.runner.outcome import Outcome, from_note

    tests = lab.tests.get(case.key, Tests())
    noted = lab.session.outcome(case.key)
    try:
        outcome = from_note(noted) if noted is not None else lab.runner.known(case.key) if lab.measured_here else None
    except RecordError as error:  # removed or changed while the session went on
        outcome = Outcome(broken=str(error))
    kept = lab.session.answered(case.key) if outcome is None else 0
    broken_off = (
        f"broken off after {counted(kept, 'utterance')}; what was answered is kept, the same command goes on"
        if kept
        else None
    )
    return case, CaseReport(
        case=CaseRef(task=case.task, model=case.model.id, device=case.device.id, dataset=case.dataset.id),
        title=case.model.title or case.model.id,
        research=case.model.research,
        record=outcome.record if outcome else None,
        path=outcome.path if outcome else None,
        before=_before(outcome),
        unavailable=outcome.unavailable if outcome else broken_off,
        broken=outcome.broken if outcome else None,
        unchanged_since=outcome.unchanged_since if outcome else None,
        verdicts=tuple(Verdict(**{**each, "status": Status(each["status"])}) for each in tests.verdicts),
        failed_tests=tuple(dict.fromkeys(tests.failed)),
        tests_left_out=lab.needless.get(case.key, 0),
    )


def _before(outcome: Outcome | None) -> Record | None:
    """The last run of a case that this session measured."""
    from pytest_modellab.results.previous import previous

    if outcome is None or outcome.record is None or outcome.path is None or outcome.unchanged_since is not None:
        return None
    return previous(outcome.path, outcome.record)
