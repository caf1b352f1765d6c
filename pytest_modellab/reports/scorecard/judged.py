"""Judgement of existing records as a session would judge them: gates, grades, recommendation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pytest_modellab.catalog.catalog import Catalog
from pytest_modellab.results.record import Record
from pytest_modellab.results.verdicts import Limits, Strictness, case_key, corrected

from .build import build, build_row
from .card import Scorecard
from .row import CaseReport


def judged(
    session: str,
    catalog: Catalog,
    found: Sequence[tuple[Record, Path]],
    *,
    required: Sequence[str] = (),
    strict: Strictness = "failures",
    shown: Callable[[str], str] | None = None,
) -> Scorecard:
    """The scorecard of these records, without what tests would have said.

    `shown` is how the place of a limit is told (default: file and line).
    """
    limits = [Limits(record.case, catalog.limits, shown or catalog.shown) for record, _ in found]
    gates = max(1, sum(each.by_interval for each in limits))
    verdicts = [
        Limits(each.case, each.entries, each.shown, gates, strict).judge(record)
        for each, (record, _) in zip(limits, found, strict=True)
    ]
    held = iter(corrected([verdict for own in verdicts for verdict in own]))
    rows = [
        build_row(
            CaseReport(
                case=record.case,
                title=record.title,
                research=model.research if (model := catalog.models.get(record.case.model)) else None,
                record=record,
                path=path,
            ),
            [next(held) for _ in own],
            catalog.grades,
            str,
        )
        for (record, path), own in zip(found, verdicts, strict=True)
    ]
    return build(
        session,
        rows,
        partial=None,
        required=required,
        strict=strict,
        tasks_of={model.id: model.tasks for model in catalog.models.values()},
        profiles=catalog.profiles,
        records={case_key(record.case): record for record, _ in found},
    )
