"""Recomputation of a bundle's scorecard from its records, limits and grades, and the differences from the stated one.

Values are computed from the utterances; verdicts, grades and statuses by the same code as in a session.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from pytest_modellab.catalog import Catalog
from pytest_modellab.catalog.specs import Task, TaskGrades
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.results.record import Record
from pytest_modellab.results.recount import alike, apart
from pytest_modellab.results.verdicts import (
    SEVERITY,
    Limit,
    Limits,
    Status,
    Strictness,
    Verdict,
    case_key,
    corrected,
    decide,
)

from ..scorecard.build import build, build_row
from ..scorecard.card import Scorecard
from ..scorecard.part import RESEARCH
from ..scorecard.row import CaseReport, Judgement, Row

_PACKAGE = Path(__file__).parents[2]
_WORDING = {
    *("reason", "intervals", "standing_out", "turns", "speakers", "graded_apart", "by_value_alone", "hardware"),
    "unanswered",
}
"""Of a row: what other code may word or estimate otherwise, or not state at all."""
_APART = {"record", "verdicts", "grade", "unchanged_since", "failed_tests", *_WORDING}
"""Of a row: what isn't compared field by field."""


@cache
def code() -> str:
    """SHA-256 of the code that counts and judges: two with the same come to the same intervals and words."""
    digest = hashlib.sha256()
    files = {path.relative_to(_PACKAGE).as_posix(): path for path in _PACKAGE.rglob("*")}
    for name, path in sorted(files.items()):
        if path.suffix in {".py", ".yaml"}:
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


@dataclass(frozen=True)
class Rejudged:
    """The recomputed scorecard, and the differences."""

    rows: Mapping[str, Row]
    """The measured cases, made anew."""
    problems: tuple[str, ...]
    unchecked: tuple[str, ...]
    """Verdicts that rest on what the bundle doesn't hold."""


@dataclass(frozen=True)
class Rules:
    """The limits and grades of a scorecard."""

    catalog: Catalog | None
    """None for a bundle that has none: then bounds and bands are taken from the scorecard itself."""
    shown: str
    """The catalog's folder, as the scorecard names it."""
    strict: Strictness
    same_code: bool
    whole: bool = True
    """Whether what it recommends and complains of is looked at, too."""

    def origin(self, origin: str) -> str:
        """The place of a limit, as the scorecard names it."""
        return origin.replace(str(self.catalog.folder), self.shown, 1) if self.catalog is not None else origin


def rejudged(card: Scorecard, records: Mapping[str, Record], rules: Rules) -> Rejudged:
    """The scorecard's rows made anew of `records`, by their case, and what it says otherwise."""
    problems: list[str] = []
    rows: dict[str, Row] = {}
    carried: list[str] = []
    gates = _gates(card, records, rules)
    for row in card.rows:
        key = case_key(row.case)
        record = records.get(key)
        if not row.measured:
            continue
        if key in rows:
            problems.append(f"{key}: has more than one row")
            continue
        if record is None:
            problems.append(f"{key}: has a row with values, but no record")
            continue
        if Path(row.record or "").name.rpartition("-")[2] != f"{record.id}.json":
            problems.append(f"{key}: its row is of another record than the bundle's, {record.id}")
        made = _row(row, record, gates[key], rules, carried)
        rows[key] = made
        problems += [f"{key}: {told}" for told in _of_no_limit(row, rules, record)]
        problems += [f"{key}: {told}" for told in _differences(row, made, rules)]
    known = {case_key(row.case) for row in card.rows if row.measured}
    problems += [f"{key}: there is a record of it, and no row" for key in records if key not in known]
    if rules.catalog is not None and rules.whole:
        problems += _card_apart(card, rows, records, rules)
    return Rejudged(rows, tuple(problems), tuple(carried))


def _gates(card: Scorecard, records: Mapping[str, Record], rules: Rules) -> dict[str, list[Verdict]]:
    """What the gate says of each record, all of them under one correction."""
    if rules.catalog is None:
        return {key: [] for key in records}
    every = [Limits(row.case, rules.catalog.limits, rules.origin) for row in card.rows]
    count = max(1, sum(each.by_interval for each in every))
    own = {
        key: Limits(record.case, rules.catalog.limits, rules.origin, count, rules.strict).judge(record)
        for key, record in records.items()
    }
    # In the order of the rows, as the session had them.
    order = [case_key(row.case) for row in card.rows if case_key(row.case) in own]
    order += [key for key in own if key not in order]
    gates = iter(corrected([verdict for key in order for verdict in own[key]]))
    return {key: [next(gates) for _ in own[key]] for key in order}


def _row(row: Row, record: Record, gate: Sequence[Verdict], rules: Rules, carried: list[str]) -> Row:
    """One row made anew; verdicts of tests that can't be reached again are taken over, and told in `carried`."""
    held = {(each.metric, each.comparison, each.source) for each in gate}
    extra = []
    for stated in row.verdicts:
        if (stated.metric, stated.comparison, stated.source) in held:
            continue
        verdict = _again(stated, record, rules)
        if verdict is not None:
            extra.append(verdict)
            continue
        carried.append(f"{case_key(row.case)}: {stated.metric} against {stated.source}: {stated.status}")
        # It makes a case no better, and no control stopped.
        if rules.whole and SEVERITY[stated.status] > SEVERITY[Status.PASS]:
            extra.append(_as_stated(stated, record))
    model = rules.catalog.models.get(record.case.model) if rules.catalog is not None else None
    report = CaseReport(
        case=record.case,
        title=record.title,
        research=model.research if model is not None else None,
        record=record,
        path=Path(row.record or ""),
        verdicts=tuple(extra),
        failed_tests=row.failed_tests,
        unchanged_since=row.unchanged_since,
    )
    grades = rules.catalog.grades if rules.catalog is not None else _bands(row)
    # The run before it isn't in the bundle, and nothing is judged by it.
    return build_row(report, gate, grades, str).model_copy(update={"since_last": row.since_last})


def _again(stated: Judgement, record: Record, rules: Rules) -> Verdict | None:
    """The verdict on a figure compared with a number; None where it was compared with something else."""
    if stated.by:
        return None  # the gate reaches all that there are, of a bundle with its limits
    if stated.source == "test" or (rules.catalog is None and stated.bound is not None):
        return decide(
            record, METRICS[stated.metric], stated.comparison, Limit(stated.metric, stated.bound, stated.source)
        )
    if rules.catalog is None:
        return None
    limit = Limits(record.case, rules.catalog.limits, rules.origin, strict=rules.strict).of(stated.metric)
    return decide(record, METRICS[stated.metric], stated.comparison, limit) if limit.origin == stated.source else None


def _of_no_limit(row: Row, rules: Rules, record: Record) -> Iterator[str]:
    """Verdicts that are said to be of limits.yaml, and of no limit that it has for the case."""
    if rules.catalog is None:
        return
    limits = Limits(record.case, rules.catalog.limits, rules.origin)
    for stated in row.verdicts:
        ours = stated.source.startswith(f"{rules.shown}/limits.yaml:")
        if ours and limits.of(stated.metric, stated.by).origin != stated.source:
            yield f"its verdict on {stated.metric} is of {stated.source}, where there is no such limit"


def _as_stated(stated: Judgement, record: Record) -> Verdict:
    return Verdict(
        case=case_key(record.case),
        metric=stated.metric,
        comparison=stated.comparison,
        value=stated.value,
        bound=stated.bound,
        status=stated.status,
        source=stated.source,
        reason=stated.reason,
        by=stated.by,
    )


def _bands(row: Row) -> Mapping[Task, TaskGrades]:
    """The bands that a row tells, of a bundle without its grades.yaml."""
    if row.grade is None or not row.grade.criteria:
        return {}
    try:
        bands = TaskGrades.model_validate({"criteria": {each.metric: each.bands for each in row.grade.criteria}})
        return {row.case.task: bands}
    except ValidationError:
        return {}


def _differences(row: Row, made: Row, rules: Rules) -> Iterator[str]:
    """Differences between a row and the recomputed one."""
    worse = SEVERITY[made.status] > SEVERITY[row.status]
    if row.status is not made.status and (rules.catalog is not None or worse):
        yield f"the scorecard says {row.status}, its values and limits give {made.status}: {made.reason}"
    stated, found = (each.model_dump(mode="json", exclude={"status", *_APART}) for each in (row, made))
    for told in apart(stated, found):
        yield f"the scorecard's row: {told}"
    yield from _verdicts_apart(row, made, rules)
    yield from _grades_apart(row, made, rules)
    if row.unchanged_since is not None:
        yield f"was not measured in this session: unchanged since {row.unchanged_since}"
    if rules.same_code:
        # A verdict that is not reached again, as of a control against its baseline, has words in the stated reason.
        again = {(each.metric, each.comparison, each.source) for each in made.verdicts}
        whole = all((each.metric, each.comparison, each.source) in again for each in row.verdicts)
        wording = _WORDING if whole else _WORDING - {"reason"}
        stated, found = (each.model_dump(mode="json", include=wording) for each in (row, made))
        yield from (f"the scorecard's row: {told}" for told in apart(stated, found))


def _verdicts_apart(row: Row, made: Row, rules: Rules) -> Iterator[str]:
    found = {(each.metric, each.comparison, each.source): each for each in made.verdicts}
    for stated in row.verdicts:
        other = found.pop((stated.metric, stated.comparison, stated.source), None)
        what = f"its verdict on {stated.metric} ({stated.source})"
        if other is None:
            continue  # two of one test on one figure
        if not alike(stated.value, other.value):
            yield f"{what} is of {stated.value}, the record has {other.value}"
        if not alike(stated.bound, other.bound):
            yield f"{what} has the bound {stated.bound}, its limit is {other.bound}"
        better = SEVERITY[other.status] > SEVERITY[stated.status]
        if stated.status is not other.status and (rules.catalog is not None or better):
            yield f"{what} says {stated.status}, its value and bound give {other.status}"
    for left in found.values():
        yield f"it lacks the verdict on {left.metric} ({left.source}), which is {left.status}"


def _grades_apart(row: Row, made: Row, rules: Rules) -> Iterator[str]:
    if row.grade is None or made.grade is None:
        if rules.catalog is not None and row.grade is not made.grade:
            yield "the scorecard has no grade for it, though it can be graded"
        return
    if rules.catalog is None and not row.grade.criteria:
        return
    letter = made.grade.letter
    if rules.catalog is None and row.grade.letter == RESEARCH and letter != "F":
        letter = RESEARCH  # the catalog says why it isn't for production
    if row.grade.letter != letter:
        yield f"the scorecard grades it {row.grade.letter}, its values and bands give {letter}"
    parts = {"weakest", "criteria", *({"provisional", "why"} if rules.same_code and rules.catalog else ())}
    stated, found = (each.model_dump(mode="json", include=parts) for each in (row.grade, made.grade))
    yield from (f"the scorecard's grade: {told}" for told in apart(stated, found))


def _card_apart(card: Scorecard, rows: Mapping[str, Row], records: Mapping[str, Record], rules: Rules) -> Iterator[str]:
    """What the scorecard concludes from its rows otherwise than they allow."""
    assert rules.catalog is not None
    made = build(
        card.session,
        [rows.get(case_key(row.case), row) for row in card.rows],
        partial=card.partial,
        strict=rules.strict,
        tasks_of={model.id: model.tasks for model in rules.catalog.models.values()},
        profiles=rules.catalog.profiles,
        records=records,
    )
    yield from (f"missing in the scorecard: {problem}" for problem in made.problems if problem not in card.problems)
    if rules.same_code:
        parts = {"models", "recommendations", "fronts", "speed_ups"}
        stated, found = (each.model_dump(mode="json", include=parts) for each in (card, made))
        yield from (f"the scorecard: {told}" for told in apart(stated, found))
