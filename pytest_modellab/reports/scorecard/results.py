"""The latest results of all models: records kept in a repository, and the page made from them.

    results/<task>/<model>/<device>/<dataset>.json.gz

One complete record of each case, compressed, with its checksum: everything on the page can be checked against it.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.catalog.catalog import Catalog
from pytest_modellab.core.atomic import write_bytes
from pytest_modellab.core.escaping import code, plain
from pytest_modellab.core.hardware import Hardware
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import read, read_unchanged, text
from pytest_modellab.results.verdicts import Status, case_key
from pytest_modellab.tasks.registry import place_of, task_named

from . import remarks
from .card import Scorecard
from .doubts import doubts, in_one
from .grade import NOISY
from .judged import judged
from .page.origins import machine
from .row import Row
from .tables import by_task, columns, github, models_columns

MOST_BYTES = 3_000_000
"""Of all packed records: they are committed, and every clone has them all. One of 200 utterances is 15 kB."""


class ResultsError(Exception):
    """Records that can't be saved; the message says why."""


@dataclass(frozen=True)
class SavedResult:
    """The outcome of saving one record."""

    case: str
    told: str


def place(folder: Path, case: CaseRef) -> Path:
    """Where a case's record is kept."""
    return folder / case.task / case.model / case.device / f"{case.dataset}.json.gz"


def load(folder: Path) -> list[tuple[Record, Path]]:
    """The records that are kept. Raises RecordError for one that is damaged, or has no checksum to tell it by."""
    return [(read_unchanged(path), path) for path in sorted(folder.glob("*/*/*/*.json.gz"))]


def keep(records: Sequence[Record], folder: Path, *, most: int = MOST_BYTES) -> list[SavedResult]:
    """Keep the newer of what is kept and what is given, of each case.

    Raises ResultsError where all of it would be too large, RecordError for a kept one that is damaged, OSError; then
    nothing is changed.
    """
    told, packed = [], {}
    for record in records:
        path = place(folder, record.case)
        why = _unfit(record)
        if not why and path.exists() and _age(read(path)) >= _age(record):
            why = "what is kept is as new"
        if why:
            told.append(SavedResult(case_key(record.case), f"left out: {why}"))
            continue
        # Without a time in it, so that the same record is the same file.
        packed[path] = gzip.compress(text(record).encode("utf-8"), compresslevel=9, mtime=0)
        told.append(SavedResult(case_key(record.case), str(path)))
    sizes = {path: path.stat().st_size for path in folder.glob("*/*/*/*.json.gz")}
    sizes |= {path: len(data) for path, data in packed.items()}
    if sum(sizes.values()) > most:
        largest = sorted(sizes, key=lambda path: -sizes[path])[:3]
        shown = ", ".join(f"{path.relative_to(folder)} {sizes[path] / 1000:.0f} kB" for path in largest)
        raise ResultsError(
            f"{folder}: {sum(sizes.values()) / 1000:.0f} kB in all, more than the {most / 1000:.0f} kB that may be"
            f" committed; the largest: {shown}. Name the cases to keep, or remove some."
        )
    for path, data in packed.items():
        write_bytes(path, data)
    return told


def _age(record: Record) -> tuple[str, str]:
    """By which the newer of two records is told: when it was measured, and when it was last scored."""
    origin = record.provenance
    return origin.created, origin.rescored or origin.created


def _unfit(record: Record) -> str:
    if record.failure is not None:
        first = record.failure.message.partition("\n")[0]
        return f"the model failed: {first}"
    if record.seal is None:
        return "it has no checksum (`seal`): changes can't be detected"
    return "nothing was answered" if record.summary.answered == 0 else ""


def page(catalog: Catalog, found: Sequence[tuple[Record, Path]]) -> str:
    """The page in Markdown: the same for the same records and catalog, whenever and wherever it is made."""
    records = {case_key(record.case): record for record, _ in found}
    return "\n".join(_lines(scorecard(catalog, found), records)) + "\n"


def scorecard(catalog: Catalog, found: Sequence[tuple[Record, Path]]) -> Scorecard:
    """The kept results as one scorecard, by the present limits, bands and profiles."""
    # A limit's line is left out: a comment above it would change the page.
    return judged("results", catalog, found, shown=lambda origin: catalog.shown(origin).rpartition(":")[0])


def _lines(card: Scorecard, records: Mapping[str, Record]) -> Iterator[str]:
    yield "# Results"
    yield ""
    yield "The newest result of each model, device and data set, out of the records in `results/`, which are committed."
    yield "Made by `modellab results`, never by hand; `make results` measures what has changed, and makes it again. How"
    yield "it is measured: [method.md](method.md). `~` is a time from a noisy machine, `*` a grade that may not last."
    if not card.rows:
        yield "\nNothing was measured yet."
        return
    yield "\n## Recommended\n"
    yield "| for | model | why |"
    yield "|---|---|---|"
    for each in card.recommendations:
        model = f"{each.case.model} on {each.case.device}" if each.case else "none"
        why = each.text.partition(": ")[2]  # without what stands beside it
        yield f"| {plain(each.title)} | {plain(f'{model} *' if each.provisional else model)} | {plain(why)} |"
    yield "\n## Grades\n"
    yield github(models_columns(card.models))
    for task, rows in by_task(sorted(card.rows, key=_order)):
        yield f"\n## {task}\n"
        yield github(columns(task, rows))
        yield from _remarks(rows)
    yield "\n## Where they come from\n"
    yield "| cases | measured | commit | machine | versions |"
    yield "|---|---|---|---|---|"
    origins: dict[str, list[str]] = {}
    for row in sorted(card.rows, key=_order):
        case = case_key(row.case)
        origins.setdefault(_origin(records[case]), []).append(code(case))
    yield from (f"| {', '.join(cases)} | {origin} |" for origin, cases in origins.items())


def _order(row: Row) -> tuple[int, str, float, str, str]:
    """By task and data set; there the best first."""
    metric = task_named(row.case.task).quality_metric(row.error_metric)
    value = row.figures.get(metric)
    worth = float("inf") if value is None else -value if METRICS[metric].better == "higher" else value
    return place_of(row.case.task), row.case.dataset, worth, row.case.model, row.case.device


def _remarks(rows: Sequence[Row]) -> Iterator[str]:
    """What the marks in a table mean here, and why a verdict is no pass."""
    told = [
        f"**{row.status}** {code(row.case.id)}: {plain(row.reason)}" for row in rows if row.status is not Status.PASS
    ]
    told += [plain(line) for line in remarks.lines(rows)]
    few, noisy = doubts(row.grade for row in rows)
    if few or noisy:
        told.append(f"\\* provisional: {plain('; '.join([*few, *([NOISY] if noisy else [])]))}")
    noises = [(row.case.id, noise) for row in rows for noise in (row.noisy, row.noisy_loading) if noise]
    told += [f"~ {NOISY}: {code(id)}: {plain(noise)}" for id, noise in noises]
    told += _of_other_hardware(rows)
    for dataset in dict.fromkeys(row.case.dataset for row in rows):
        if len({row.data for row in rows if row.case.dataset == dataset}) > 1:
            changed = "its recordings, references or normalisation have changed between these"
            told.append(f"{code(dataset)}: {changed}; only what is of the same data is compared")
    figures = (
        row.intervals.get(metric)
        for row in rows
        for metric in {row.error_metric, task_named(row.case.task).quality_metric(row.error_metric)}
    )
    limits = {found.conditional for found in figures if found is not None and found.conditional}
    if limits:
        told.append(f"\\[ \\] 95 % interval, {plain('; '.join(in_one(sorted(limits))))}")
    for row in rows:
        if row.grade is not None and row.grade.letter is None:
            told.append(f"no grade for {code(row.case.id)}: {plain(row.grade.why)}")
    if told:
        yield ""
        yield from (f"- {line}" for line in told)


def usual_hardware(rows: Sequence[Row]) -> Hardware:
    """What most of some rows were timed on."""
    found = [row.timed_on for row in rows]
    return max(found, key=lambda each: sum(each.same_speed(other).answer != "other" for other in found))


def _of_other_hardware(rows: Sequence[Row]) -> Iterator[str]:
    usual = usual_hardware(rows)
    others: dict[str, list[str]] = {}
    for row in rows:
        likeness = row.timed_on.same_speed(usual)
        if likeness.answer == "other":
            others.setdefault(likeness.told("most"), []).append(code(row.case.id))
    for why, cases in others.items():
        told = "of other hardware than most here: times can't be compared, nor answers of models that compute in int8"
        yield f"{told} ({plain(why)}): {', '.join(cases)}"


def _origin(record: Record) -> str:
    """When, of what and where it was measured, as the cells of a row."""
    origin = record.provenance
    commit = f"{code(origin.commit[:12])}{' with changes' if origin.dirty else ''}" if origin.commit else "none"
    found = origin.inputs.get("versions")
    versions = [f"{name} {version}" for name, version in found.items()] if isinstance(found, Mapping) else []
    python = origin.inputs.get("python")
    versions += [str(python)] if python else []
    shown = plain(", ".join([f"pytest-modellab {origin.lab}", *versions]))
    where = plain(machine(record)) + (f" ({plain(str(record.ran_on))})" if record.ran_on else "")
    return f"{origin.created[:10]} | {commit} | {where} | {shown}"
