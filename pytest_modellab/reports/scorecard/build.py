"""Builds the scorecard of a session from the reports of its cases."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

from pytest_modellab.catalog.load import default_profiles
from pytest_modellab.catalog.profile_spec import ProfilesFile
from pytest_modellab.catalog.specs import Task, TaskGrades
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.stored import field, fields
from pytest_modellab.core.schema_base import DATA, LEFT_OUT
from pytest_modellab.results.record import Record
from pytest_modellab.results.verdicts import REFUSED, Status, Strictness, Verdict, case_key, worst
from pytest_modellab.tasks.asr.record import transcripts_of
from pytest_modellab.tasks.chat.record import dialogues_of

from .card import Scorecard
from .contest import Contest
from .grade import grade
from .hidden_errors import standing_out
from .models import by_model
from .recommendation import recommend_all
from .remarks import by_value_alone, graded_apart
from .row import NOT_RUN, CaseReport, Judgement, Row
from .since_last import since_last
from .tradeoffs import fronts, speed_ups
from .unanswered import unanswered


def build_row(
    report: CaseReport, gate: Sequence[Verdict], grades: Mapping[Task, TaskGrades], shown: Callable[[Path], str]
) -> Row:
    """One case's row. `gate` has a verdict on every limit, whatever the tests asserted: the two can't disagree."""
    record = report.record
    tests = Status.FAIL if report.failed_tests else None
    if record is None or report.path is None:
        status = Status.FAIL if report.broken or tests else Status.NOT_AVAILABLE
        reason = report.broken or report.unavailable or _failed(report.failed_tests) or NOT_RUN
        return Row(
            case=report.case,
            title=report.title,
            status=status,
            reason=reason,
            failed_tests=report.failed_tests,
            tests_left_out=report.tests_left_out,
        )
    asserted = dict.fromkeys(report.verdicts)
    every = [*gate, *(v for v in asserted if v not in gate)]
    verdicts = [
        *(_stored(v, v in asserted) for v in gate),
        *(_stored(v, True) for v in asserted if v not in gate),
    ]
    # Where there is no limit, or no such figure, nothing was asked; a refusal has no bound, and counts.
    statuses = [verdict.status for verdict in verdicts if _counts(verdict) and record.applies(verdict.metric)]
    if tests is not None:
        statuses.append(tests)
    if record.failure is not None or record.summary.answered == 0:
        statuses.append(Status.FAIL)
    inputs = record.provenance.inputs
    status = worst(statuses) or Status.NOT_AVAILABLE
    graded = grade(record, grades.get(record.case.task), report.research)
    return Row(
        case=report.case,
        title=report.title,
        status=status,
        reason=_reason(record, verdicts, statuses, report.failed_tests),
        figures={name: record.value(name) for name in METRICS},
        intervals={name: found for name in METRICS if (found := record.interval(name)) is not None},
        grade=graded,
        verdicts=tuple(sorted(verdicts, key=lambda v: (list(METRICS).index(v.metric), v.source))),
        failed_tests=report.failed_tests,
        error_metric=record.error_metric,
        utterances=record.summary.utterances,
        unanswered=unanswered(record),
        limited_to=record.limited_to,
        words=record.reference_units,
        turns=None if (dialogues := dialogues_of(record)) is None else dialogues.judged.of,
        speakers=len({each for each in field(record.utterances, "speaker") if each is not None}),
        graded_apart=graded_apart(graded, status, every),
        by_value_alone=by_value_alone(record, every),
        empty_references=_empty_references(record),
        standing_out=standing_out(record),
        odd_recordings=len({each.utterance for each in record.findings if each.kind not in {LEFT_OUT, DATA}}),
        left_out=tuple(each.utterance for each in record.findings if each.kind == LEFT_OUT),
        data_notes=tuple(each.message for each in record.findings if each.kind == DATA),
        device_kind=str(inputs.get("device", {}).get("kind", "")),
        data=_data(record),
        machine=", ".join(str(record.provenance.hardware.get(name)) for name in ("cpu", "cores", "gpus")),
        hardware=record.provenance.hardware,
        currency=record.price.currency if record.price else None,
        ran_on=record.ran_on,
        noisy=record.timing.noisy if record.timing.no_speed is None else None,
        noisy_loading=record.timing.noisy_loading,
        unchanged_since=report.unchanged_since,
        since_last=since_last(record, report.before if report.unchanged_since is None else record),
        record=shown(report.path),
    )


def _empty_references(record: Record) -> int:
    """References that hold something, of which normalisation left nothing."""
    transcripts = transcripts_of(record)
    blank = record.summary.utterances - record.summary.spoken
    return 0 if transcripts is None else max(0, transcripts.empty_references - blank)


def _counts(verdict: Judgement) -> bool:
    """Whether something was judged: a bound held, or what a test asked for refused or left undecided."""
    return verdict.bound is not None or verdict.status is not Status.NOT_AVAILABLE


def _data(record: Record) -> str:
    """What two records must have in common for their figures to be compared."""
    data = str(record.provenance.inputs.get("dataset"))
    if dialogues_of(record) is not None:
        # Models with speech input and models with text input get the same questions.
        told = "\n".join(f"{id} {reference}" for id, reference in fields(record.utterances, "id", "reference"))
        data = hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()
    return f"{data} {record.normalizer.name} {record.normalizer.version}"


def _stored(verdict: Verdict, asserted: bool) -> Judgement:
    return Judgement(
        metric=verdict.metric,
        comparison=verdict.comparison,
        value=verdict.value,
        bound=verdict.bound,
        status=verdict.status,
        source=verdict.source,
        reason=verdict.reason,
        asserted=asserted,
        by=verdict.by,
    )


def _reason(
    record: Record, verdicts: Sequence[Judgement], statuses: Sequence[Status], failed_tests: Sequence[str]
) -> str:
    if record.failure is not None:
        return record.failure.message
    overall = worst(statuses)
    said = _grouped_by_reason([verdict for verdict in verdicts if verdict.status is overall])
    if overall is Status.PASS or overall is None:
        return "" if overall else "nothing was judged: no limit applies and no test compared a value"
    if said:
        return "; ".join(said)
    # A test also fails of what couldn't be decided, where that is refused.
    doubtful = _grouped_by_reason(
        [v for v in verdicts if v.status in {Status.WARN, Status.INCONCLUSIVE} and v.asserted]
    )
    return "; ".join(filter(None, [_failed(failed_tests), *doubtful])) or "no utterance was answered"


def _failed(tests: Sequence[str]) -> str:
    return f"failed: {', '.join(tests)}" if tests else ""


def _grouped_by_reason(verdicts: Sequence[Judgement]) -> list[str]:
    """Each verdict, those with one reason together."""
    by_reason: dict[str, list[str]] = {}
    for each in verdicts:
        by_reason.setdefault(each.reason, []).append(_judgement_text(each))
    return ["; ".join(texts) + (f": {reason}" if reason else "") for reason, texts in by_reason.items()]


def _judgement_text(verdict: Judgement) -> str:
    metric = METRICS[verdict.metric]
    if verdict.status is Status.NOT_AVAILABLE:
        return metric.titled(verdict.by)
    value, bound = metric.beside(verdict.value, verdict.bound, verdict.by)
    return f"{metric.titled(verdict.by)} {value}, limit {verdict.comparison} {bound} ({verdict.source})"


def build(
    session: str,
    rows: Sequence[Row],
    *,
    partial: str | None,
    required: Sequence[str] = (),
    strict: Strictness = "failures",
    tasks_of: Mapping[str, Sequence[str]] | None = None,
    profiles: ProfilesFile | None = None,
    records: Mapping[str, Record] | None = None,
) -> Scorecard:
    """The scorecard of `rows`. `required` are globs over case ids that must have been measured.

    `strict` is what else than a failure keeps the session from passing. `tasks_of` are the tasks that each model does,
    where that is known. `profiles` are what models are recommended for; None: the default roles of this package.
    `records` are those of the rows, by the keys of their cases: models are compared by their answers.
    """
    contest = Contest(records or {})
    return Scorecard(
        session=session,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        partial=partial,
        rows=tuple(rows),
        models=tuple(by_model(rows, tasks_of or {}, contest)),
        recommendations=tuple(
            recommend_all(profiles or default_profiles(), rows, records, partial=partial is not None)
        ),
        fronts=tuple(fronts(rows, contest)),
        speed_ups=tuple(speed_ups(rows)),
        problems=tuple(problems(rows, required, strict=strict)),
    )


def problems(rows: Sequence[Row], required: Sequence[str], *, strict: Strictness = "failures") -> list[str]:
    """Why a session whose tests all passed or were skipped must not count as passed."""
    found = []
    measured = [row for row in rows if row.measured]
    if not rows:
        found.append(
            "nothing was measured: no test had a case to run; a model or data set with `tiers: []` has none, unless"
            " --lab-model names the model"
        )
    elif not measured:
        shared = {row.brief_reason for row in rows}
        why = f": {shared.pop()}" if len(shared) == 1 and shared != {""} else ""
        found.append(f"nothing was measured: every case is not available, skipped or broken{why}")
    for glob in required:
        matched = [row for row in measured if fnmatchcase(row.case.id, glob)]
        if not any(row.ran_on is None and row.limited_to is None for row in matched):
            why = next((f": it {row.ran_on}" for row in matched if row.ran_on), "")
            part = next((f" whole, only {row.limited_to} of its utterances" for row in matched if row.limited_to), "")
            found.append(f"required case `{glob}` was not measured{part or why}")
    if strict != "failures":
        # A strict session also refuses rows to which no limit was applied.
        refused = REFUSED[strict] | ({Status.NOT_AVAILABLE} if strict == "warnings" else set())
        option = "--lab-strict is on" if strict == "warnings" else "inconclusive verdicts fail"
        doubtful = [row for row in measured if row.status in refused and row.status is not Status.FAIL]
        found += [f"{case_key(row.case)} is {row.status}, and {option}: {row.reason}" for row in doubtful]
    if strict == "warnings":
        found += [f"{no_limit(metrics, keys)}, and --lab-strict is on" for metrics, keys in unlimited(rows).items()]
    for row in rows:
        if row.status is Status.FAIL and not row.failed_tests:
            found.append(f"{case_key(row.case)} fails its gate though no test failed: {row.reason}")
    return found


def unlimited(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Metrics that tests compared with a limit missing from limits.yaml: titles of metrics -> ids of cases."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if row.unlimited:
            titles = ", ".join(METRICS[metric].title for metric in row.unlimited)
            found.setdefault(titles, []).append(row.case.id)
    return found


def no_limit(titles: str, ids: Sequence[str]) -> str:
    """The message about tests that were skipped because their limit is missing."""
    return f"no limit on {titles} in limits.yaml, so the tests of it were skipped: {', '.join(ids)}"
