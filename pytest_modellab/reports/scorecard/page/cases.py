"""The view of one case on a page, extracted from its record, which can then be released."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_modellab.core.console import counted
from pytest_modellab.core.metrics.gaps import gap, groups
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.table import Table
from pytest_modellab.results.record import Record
from pytest_modellab.results.worst_utterances import errors_by_row, failed_rows
from pytest_modellab.tasks.asr.record import Slice, transcripts_of
from pytest_modellab.tasks.chat.record import dialogues_of
from pytest_modellab.tasks.registry import task_named
from pytest_modellab.tasks.sweeps import SweptRun

from ..row import Judgement, Row
from ..tables import error_metric_title, in_brackets
from . import harmless
from .origins import code, machine, origins
from .sounds import Sounds
from .utterances import Bar, Shown, distribution, shown

_MOST_SLICES = 60
_MOST_FINDINGS = 40
_MOST_GROUPS = 30
"""Of more no gap is shown: each pair of them is compared."""


@dataclass(frozen=True)
class FigureLine:
    """A metric of a case: its value, or why there is none."""

    name: str
    title: str
    text: str
    interval: str
    note: str
    doc: str


@dataclass(frozen=True)
class ShownVerdict:
    """A value compared with a limit."""

    title: str
    text: str
    limit: str
    status: str
    source: str
    by: str
    reason: str


@dataclass(frozen=True)
class SliceRow:
    """A slice of the data."""

    by: str
    value: str
    utterances: int
    words: int
    rate: str
    interval: str
    slice: Slice


@dataclass(frozen=True)
class Detail:
    """Details from a record, beside its row; bounded in size whatever the size of the record."""

    figures: tuple[FigureLine, ...] = ()
    bars: tuple[Bar, ...] = ()
    utterances: tuple[Shown, ...] = ()
    bound: str = ""
    """What part of the utterances is shown, and which."""
    slices: tuple[SliceRow, ...] = ()
    slices_left_out: int = 0
    gaps: tuple[str, ...] = ()
    """Between the worst and the best part, in each way of slicing."""
    findings: tuple[str, ...] = ()
    findings_left_out: int = 0
    failure: str = ""
    failure_detail: str = ""
    limited: str = ""
    licence: str = ""
    """Of recordings that are in the page."""
    origins: tuple[tuple[str, str], ...] = ()
    code: str = ""
    machine: str = ""
    swept: SweptRun | None = None
    """What the run comes to through the settings of its model."""
    unreadable: str = ""
    """Why there is nothing but the row."""

    @property
    def players(self) -> dict[str, str]:
        """The first player of each utterance that is shown, by the utterance's id."""
        return {each.utterance: found[0] for each in self.utterances if (found := [s.id for s in each.sounds if s.id])}


@dataclass(frozen=True)
class CaseView:
    """A row, and the details from its record."""

    dom: str
    row: Row
    detail: Detail
    verdicts: tuple[ShownVerdict, ...]

    @property
    def name(self) -> str:
        """The task and the case."""
        return f"{self.row.case.task} {self.row.case.id}"

    @property
    def quality(self) -> str:
        """The metric that counts in its task."""
        return quality(self.row)

    @property
    def error_title(self) -> str:
        return error_metric_title(self.row)


def quality(row: Row) -> str:
    """The metric that counts in the task of a row."""
    return task_named(row.case.task).quality_metric(row.error_metric)


def view(dom: str, row: Row, detail: Detail) -> CaseView:
    return CaseView(dom, row, detail, tuple(map(_held, row.verdicts)))


def detail(record: Record, sounds: Sounds, most: int) -> Detail:
    """What a page shows of a record, with at most so many of its utterances."""
    sounds.next_case(min(most, len(record.utterances)))
    chosen = shown(record, sounds, most)
    parts = [_part(each) for each in _by_rate(record)]
    return Detail(
        figures=tuple(_figure(record, name) for name in METRICS if record.applies(name)),
        bars=tuple(distribution(record)),
        utterances=tuple(chosen),
        bound=_bound(record, len(chosen)),
        slices=tuple(parts[:_MOST_SLICES]),
        slices_left_out=max(0, len(parts) - _MOST_SLICES),
        gaps=tuple(_gaps(record)),
        findings=tuple(harmless.line(f"{f.utterance}: {f.message}", 400) for f in record.findings[:_MOST_FINDINGS]),
        findings_left_out=max(0, len(record.findings) - _MOST_FINDINGS),
        failure=harmless.lines(record.failure.message) if record.failure else "",
        failure_detail=harmless.lines(record.failure.detail, 8_000) if record.failure else "",
        limited=f"only {counted(record.limited_to, 'utterance')} asked for" if record.limited_to is not None else "",
        licence=harmless.line(sounds.licence, 400),
        origins=tuple(origins(record)),
        code=code(record),
        machine=machine(record),
        swept=task_named(record.case.task).swept(record),
    )


def _bound(record: Record, count: int) -> str:
    total = len(record.utterances)
    if dialogues_of(record) is not None:
        which = "dialogues with a wrong answer first"
    else:
        wrong = int((failed_rows(record) | (errors_by_row(record) != 0)).sum())
        which = f"{wrong:,} with errors; the worst first"
    more = "" if count >= total else "; the record has them all"
    return f"{count:,} of {total:,} shown, {which}{more}"


def _figure(record: Record, name: str) -> FigureLine:
    metric, value = METRICS[name], record.value(name)
    found = record.interval(name)
    interval = ""
    note = harmless.line(record.why_missing(name), 300) if value is None else ""
    if found is not None:
        interval = f"{metric.format(found.low)} to {metric.format(found.high)}"
        note = "; ".join(filter(None, [found.method, found.conditional]))
    return FigureLine(name, metric.title, "n/a" if value is None else metric.format(value), interval, note, metric.doc)


def _held(verdict: Judgement) -> ShownVerdict:
    metric = METRICS[verdict.metric]
    limit = f"{verdict.comparison} {metric.shown(verdict.bound, verdict.by)}" if verdict.bound is not None else "none"
    return ShownVerdict(
        title=harmless.line(metric.titled(verdict.by), 200),
        text="n/a" if verdict.value is None else metric.shown(verdict.value, verdict.by),
        limit=limit,
        status=verdict.status,
        source=harmless.line(verdict.source, 300),
        by="a test" if verdict.asserted else "the gate",
        reason=harmless.line(verdict.reason, 600),
    )


def _by_rate(record: Record) -> list[Slice]:
    transcripts = transcripts_of(record)
    if transcripts is None:
        return []
    return sorted(transcripts.slices, key=lambda each: (not each.meaningful, -each.wer))


def _gaps(record: Record) -> Iterator[str]:
    """The gap between the worst and the best part that are large enough, in each way of slicing, with its interval."""
    transcripts, metric = transcripts_of(record), METRICS[record.error_metric]
    table = Table(record)
    for by in dict.fromkeys(each.by for each in transcripts.slices if each.meaningful) if transcripts else ():
        large = [each for each in groups(metric, table, by) if each.large]
        if 1 < len(large) <= _MOST_GROUPS:
            found = gap(metric, large)
            ends = ""
            if found.low is not None and found.high is not None:
                ends = f" [{metric.format_gap(found.low)}, {metric.format_gap(found.high)}]"
            between = f"{found.worst} is worse than {found.best} by {metric.format_gap(found.value)}{ends}"
            yield harmless.line(f"{metric.titled(by)}: {between}", 400)


def _part(each: Slice) -> SliceRow:
    words = each.words.units
    rate = METRICS["wer"].format(each.wer)
    interval = in_brackets(each.interval) if each.interval is not None else ""
    return SliceRow(each.by, harmless.line(each.value, 100), each.utterances, words, rate, interval, each)
