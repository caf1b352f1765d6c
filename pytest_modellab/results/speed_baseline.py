"""Speed baselines: the time of each utterance in an accepted run, on the same hardware.

reports/baselines/<task>/<model>-<device>-<dataset>-<hardware>.speed.jsonl, beside the answers' baselines. Two runs of
the same code on machines of one kind differ by up to 25 % in time, so this check only finds large regressions. For
small differences compare two runs in one session. What a baseline is of stands in its header: those of older versions
don't state cores and memory, so that they are known of no hardware.
"""

from __future__ import annotations

import glob
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.console import counted
from pytest_modellab.core.hardware import Hardware, Likeness
from pytest_modellab.core.metrics.metric import TIME_SPREAD
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.stored import fields
from pytest_modellab.core.schema_base import Stored
from pytest_modellab.core.stats.evidence import ALPHA, FEWEST_UNITS, Evidence, weigh, weigh_series
from pytest_modellab.core.stats.intervals import Interval, time_ratio_interval
from pytest_modellab.core.stats.serial import correlation_time
from pytest_modellab.tasks.load.record import call_of, level_of

from .baseline_lines import BaselineError, read_lines, write_lines
from .record import BatchRef, Record, UtteranceResult
from .verdicts import Status, Strictness, Verdict, case_key

SUFFIX = ".speed.jsonl"
SCHEMA: Literal["modellab.speed-baseline/1"] = "modellab.speed-baseline/1"
LEAST_EXTRA_S = 0.001
"""Of a call: a smaller difference is the scheduler's, whatever its share of a short call."""
TRIPWIRE = TIME_SPREAD
"""How much slower a run must be, beyond doubt, to be called slower."""
METRIC = "rtf"
"""What a speed baseline is compared by, and what a verdict shows; under load RTF means nothing."""
LOAD_METRIC = "load_p95_s"
TAIL = 0.95
"""Of the ratios of calls under load: a server that is slow now and then is slow to some, and hardly on average."""
FEWEST_CALLS = FEWEST_UNITS
"""A ratio of fewer paired times has no interval."""


class SpeedHead(Stored):
    """The header of a speed baseline."""

    schema_: Literal["modellab.speed-baseline/1"] = Field(alias="schema", default=SCHEMA)
    case: CaseRef
    dataset: str = Field(description="fingerprint of the data")
    commit: str | None
    created: str
    rtf: float
    clip5_s: float | None
    load_s: float | None
    hardware: dict[str, object]


class Call(Stored):
    """One utterance's warm call."""

    id: str
    audio_s: float
    processing_s: float


class TooFewCalls(BaselineError):
    """Too few utterances are timed on both sides for a comparison."""


class OtherHardware(BaselineError):
    """The times are of other hardware, or it isn't known whether they are."""


@dataclass(frozen=True)
class Calls:
    """Calls as columns: a million of them are three lists."""

    ids: list[str]
    audio_s: list[float]
    processing_s: list[float]

    @classmethod
    def of(cls, calls: Iterable[Call]) -> Calls:
        found = cls([], [], [])
        for call in calls:
            found.add(call.id, call.audio_s, call.processing_s)
        return found

    def add(self, id: str, audio_s: float, processing_s: float) -> None:
        """Add one call."""
        self.ids.append(id)
        self.audio_s.append(audio_s)
        self.processing_s.append(processing_s)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, place: int) -> Call:
        return Call(id=self.ids[place], audio_s=self.audio_s[place], processing_s=self.processing_s[place])

    def __iter__(self) -> Iterator[Call]:
        return (self[place] for place in range(len(self)))

    def shared(self, others: Calls) -> tuple[list[float], list[float], float]:
        """The seconds of both for the calls that others have too, in their order, and the sum of their audio there."""
        if self.ids == others.ids:
            return self.processing_s, others.processing_s, sum(others.audio_s)
        own = dict(zip(self.ids, self.processing_s, strict=True))
        kept = [i for i, id in enumerate(others.ids) if id in own]
        old, new = [own[others.ids[i]] for i in kept], [others.processing_s[i] for i in kept]
        return old, new, sum(others.audio_s[i] for i in kept)


@dataclass(frozen=True)
class SpeedBaseline:
    head: SpeedHead
    calls: Calls

    def likeness(self, record: Record) -> Likeness:
        """Whether its times and a record's are of one kind of hardware."""
        return Hardware.stated(self.head.hardware, record.hardware.device).same_speed(record.hardware)


@dataclass(frozen=True)
class SavedSpeed:
    """A speed baseline on disk, and whether it is of a record's hardware."""

    path: Path
    baseline: SpeedBaseline
    likeness: Likeness

    @property
    def is_other(self) -> bool:
        return self.likeness.answer == "other"

    @property
    def why_other(self) -> str:
        """What it is of, where it is of other hardware; else ""."""
        return f"{self.path.name} is of {self.likeness.told()}" if self.is_other else ""


@dataclass(frozen=True)
class Tail:
    """The ratios of time of the calls that slowed most: their 95th percentile, and what it says of the tripwire."""

    ratio: float
    evidence: Evidence


@dataclass(frozen=True)
class SpeedChange:
    """The ratio of a run's time to its baseline's, on the utterances that both timed: 1.1 is 10 % slower."""

    ratio: float
    interval: Interval
    tripwire: float
    calls: int
    rtf_before: float
    rtf_after: float
    noisy: str | None
    extra_s: float = math.inf
    """Mean time that a call takes more than before."""
    tail: Tail | None = None
    """Under load: the calls that slowed most."""

    def beyond(self, factor: float) -> Evidence:
        """What the times say of the ratio and a factor."""
        return weigh(self.ratio, self.interval, factor)

    @property
    def outcome(self) -> Literal["no slower", "slower", "quicker", "inconclusive"]:
        """By one-sided tests: slower is beyond the tripwire, no slower within it, and there is what can't be told."""
        held = self.beyond(1 + self.tripwire)
        if held.above <= ALPHA:
            return "slower" if self.extra_s >= LEAST_EXTRA_S else "inconclusive"
        if self.tail is not None and self.tail.evidence.above <= ALPHA:
            return "slower"
        if self.tail is not None and self.tail.evidence.below > ALPHA:
            return "inconclusive"
        if self.beyond(1 / (1 + self.tripwire)).below <= ALPHA:
            return "quicker"
        return "no slower" if held.below <= ALPHA else "inconclusive"

    def __str__(self) -> str:
        before, after = (METRICS[METRIC].format(each) for each in (self.rtf_before, self.rtf_after))
        told = "time per second of audio" if self.tail else "RTF"
        text = (
            f"{self.outcome}: {told} {before} -> {after}, time x {self.ratio:.2f}"
            f" [{self.interval.low:.2f}, {self.interval.high:.2f}] on {counted(self.calls, 'utterance')};"
            f" slower is beyond x {1 + self.tripwire:.2f}"
        )
        if self.tail is not None:
            text += f"; 95th percentile of the ratios of calls x {self.tail.ratio:.2f}"
        if self.extra_s < LEAST_EXTRA_S and self.ratio > 1:
            text += f"; calls take {1000 * self.extra_s:.2g} ms longer, which is the scheduler's below 1 ms"
        return f"{text}; the machine was noisy: {self.noisy}" if self.noisy else text


def place(record: Record, folder: Path) -> Path:
    """Where the speed baseline of a record's case on its hardware is kept."""
    case = record.case
    name = f"{case.model}-{case.device}-{case.dataset}-{record.hardware.speed_key()}{SUFFIX}"
    return folder / case.task / name


def find(record: Record, folder: Path) -> SavedSpeed | None:
    """The speed baseline of a record's case on its hardware; else one of which that isn't known; else another's.

    Raises BaselineError, naming file and line.
    """
    case = record.case
    name = glob.escape(f"{case.model}-{case.device}-{case.dataset}-")
    saved = []
    for path in sorted((folder / case.task).glob(f"{name}????????{SUFFIX}")):
        baseline = read(path)
        if baseline.head.case == case:
            saved.append(SavedSpeed(path, baseline, baseline.likeness(record)))
    order = ("same", "unknown", "other")
    return min(saved, key=lambda each: (order.index(each.likeness.answer), len(each.likeness.differing)), default=None)


def of(record: Record) -> SpeedBaseline:
    """A record's times, as a baseline. Raises BaselineError where it has no valid times."""
    timing = record.timing
    calls = _calls(record)
    rtf = sum(calls.processing_s) / sum(calls.audio_s) if len(calls) else None
    if rtf is None or record.value(metric_of(record)) is None:
        raise BaselineError(f"{record.case.id}: no speed to keep: {record.why_missing(metric_of(record))}")
    if record.provenance.inputs.get("in_process"):
        raise BaselineError(f"{record.case.id}: no speed to keep: the engine ran inside pytest")
    head = SpeedHead(
        case=record.case,
        dataset=str(record.provenance.inputs["dataset"]),
        commit=record.provenance.commit,
        created=record.provenance.created,
        rtf=rtf,
        clip5_s=record.value("clip5_s"),
        load_s=timing.load_s,
        hardware=record.hardware.stated_for_speed(),
    )
    return SpeedBaseline(head, calls)


def save(record: Record, folder: Path) -> Path:
    """Keep a record's times as its case's speed baseline. Raises BaselineError for times that can't be one."""
    baseline = of(record)
    if record.timing.noisy:
        raise BaselineError(f"{record.case.id}: no speed to keep, the machine was noisy: {record.timing.noisy}")
    path = place(record, folder)
    write_lines(path, (baseline.head, *baseline.calls))
    return path


def read(path: Path) -> SpeedBaseline:
    """Raises BaselineError, naming file and line."""
    head, calls = read_lines(path, SpeedHead, Call, SCHEMA)
    return SpeedBaseline(head, Calls.of(calls))


def _calls(record: Record) -> Calls:
    """The calls that were timed; of a batch, whose utterances have shares of one time, as one.

    Under load those that count, in the order in which they were made.
    """
    found = Calls([], [], [])
    batches: dict[str, int] = {}
    for id, audio_s, processing_s, error, batch in _rows(record):
        if processing_s is None or error is not None:
            continue
        if batch is None or batch.size == 1:
            found.add(id, audio_s, processing_s)
        elif batch.first not in batches:
            batches[batch.first] = len(found)
            found.add(f"batch of {batch.first}", audio_s, processing_s)
        else:
            found.audio_s[batches[batch.first]] += audio_s
            found.processing_s[batches[batch.first]] += processing_s
    return found


def _rows(record: Record) -> Iterator[tuple[str, float, float | None, object | None, BatchRef | None]]:
    names = ("id", "audio_s", "processing_s", "error", "batch")
    if level_of(record) is None:
        return fields(record.utterances, *names)
    rows = sorted(record.utterances, key=_due)
    return fields([row for row in rows if (call := call_of(row)) is None or call.steady], *names)


def _due(row: UtteranceResult) -> float:
    call = call_of(row)
    return 0.0 if call is None else call.due_s


def against(record: Record, baseline: SpeedBaseline, tripwire: float = TRIPWIRE) -> SpeedChange:
    """Compare a record's times with a baseline's.

    Raises BaselineError where they are not of the same data, OtherHardware where they are not known to be of the same
    hardware, TooFewCalls where too few were timed on both sides.
    """
    if not (likeness := baseline.likeness(record)).same:
        what = "is of other hardware" if likeness.differing else "may be of other hardware"
        why = likeness.told() if likeness.differing else f"{likeness.told()} in one of the two"
        raise OtherHardware(
            f"{record.case.id}: the speed baseline {what}: {why}; `modellab baseline save` keeps one of this hardware"
        )
    if baseline.head.dataset != record.provenance.inputs.get("dataset"):
        raise BaselineError(
            f"{record.case.id}: the data changed since its speed was saved; `modellab baseline save` keeps a new one"
        )
    loaded = level_of(record) is not None
    old, new, audio = baseline.calls.shared(_calls(record))
    interval = time_ratio_interval(new, old)
    if record.value(metric_of(record)) is None or interval is None:
        why = record.timing.no_speed or f"{counted(len(old), 'utterance')} timed in both, fewer than {FEWEST_CALLS}"
        raise TooFewCalls(f"{record.case.id}: no speed to compare: {why}")
    return SpeedChange(
        ratio=sum(new) / sum(old),
        interval=interval,
        tripwire=tripwire,
        calls=len(old),
        rtf_before=sum(old) / audio,
        rtf_after=sum(new) / audio,
        noisy=record.timing.noisy,
        extra_s=(sum(new) - sum(old)) / len(old),
        tail=_tail(old, new, 1 + tripwire) if loaded else None,
    )


def _tail(old: list[float], new: list[float], factor: float) -> Tail:
    """Of calls in the order in which they were made: they count as many as they are worth where they hang together."""
    ratios = [after / before for before, after in zip(old, new, strict=True)]
    worth = len(ratios) / correlation_time([math.log(ratio) for ratio in ratios])
    return Tail(float(np.quantile(ratios, TAIL)), weigh_series(ratios, TAIL, factor, worth))


def metric_of(record: Record) -> str:
    """What its speed is judged by."""
    return METRIC if level_of(record) is None else LOAD_METRIC


def judge(
    record: Record, path: Path, shown: str, tripwire: float = TRIPWIRE, strict: Strictness = "failures"
) -> Verdict:
    """Judge a record against the speed baseline at `path`, called `shown`.

    It fails where the times say that their ratio is beyond the tripwire (a ratio: 0.3 is 30 % slower), passes where
    they say that it is within, and is inconclusive else, with too few times to tell, on a noisy machine, and where the
    baseline is not known to be of the record's hardware.
    """
    verdict = Verdict(
        case=case_key(record.case),
        metric=metric_of(record),
        comparison="<=",
        value=record.value(metric_of(record)),
        bound=None,
        status=Status.NOT_AVAILABLE,
        source=shown,
        strict=strict,
    )
    if verdict.value is None:
        return replace(verdict, reason=record.why_missing(verdict.metric))
    try:
        found = against(record, read(path), tripwire)
    except (TooFewCalls, OtherHardware) as error:
        return replace(verdict, status=Status.INCONCLUSIVE, reason=str(error))
    except BaselineError as error:
        return replace(verdict, status=Status.FAIL, reason=str(error))
    status = _STATUS[found.outcome]
    if status is Status.FAIL and found.noisy:
        status = Status.INCONCLUSIVE
    bound = None if found.tail else found.rtf_before * (1 + tripwire)
    return replace(verdict, status=status, bound=bound, reason=str(found))


_STATUS = {
    "slower": Status.FAIL,
    "inconclusive": Status.INCONCLUSIVE,
    "no slower": Status.PASS,
    "quicker": Status.PASS,
}
