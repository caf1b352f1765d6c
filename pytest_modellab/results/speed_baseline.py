"""Speed baselines: the time of each utterance in an accepted run, on the same hardware.

reports/baselines/<task>/<model>-<device>-<dataset>-<hardware>.speed.jsonl, beside the answers' baselines. Two runs of
the same code on machines of one kind differ by up to 25 % in time, so this check only finds large regressions. For
small differences compare two runs in one session.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import Field

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.console import counted
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.schema_base import Stored
from pytest_modellab.core.stats.evidence import ALPHA, FEWEST_UNITS, Evidence, weigh
from pytest_modellab.core.stats.intervals import Interval, time_ratio_interval

from .baseline import BaselineError, hardware_key, hardware_of, read_lines, write_lines
from .record import Record
from .verdicts import Status, Strictness, Verdict, case_key

SUFFIX = ".speed.jsonl"
SCHEMA: Literal["modellab.speed-baseline/1"] = "modellab.speed-baseline/1"
TRIPWIRE = 0.30
"""How much slower a run must be, beyond doubt, to be called slower. Two jobs on one kind of machine differ by 0.26."""
METRIC = "rtf"
"""What a speed baseline is compared by."""
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


@dataclass(frozen=True)
class SpeedBaseline:
    head: SpeedHead
    calls: tuple[Call, ...]


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

    def beyond(self, factor: float) -> Evidence:
        """What the times say of the ratio and a factor."""
        return weigh(self.ratio, self.interval, factor)

    @property
    def outcome(self) -> Literal["no slower", "slower", "quicker", "inconclusive"]:
        """By one-sided tests: slower is beyond the tripwire, no slower within it, and there is what can't be told."""
        held = self.beyond(1 + self.tripwire)
        if held.above <= ALPHA:
            return "slower"
        if self.beyond(1 / (1 + self.tripwire)).below <= ALPHA:
            return "quicker"
        return "no slower" if held.below <= ALPHA else "inconclusive"

    def __str__(self) -> str:
        before, after = (METRICS[METRIC].format(each) for each in (self.rtf_before, self.rtf_after))
        text = (
            f"{self.outcome}: RTF {before} -> {after}, time x {self.ratio:.2f}"
            f" [{self.interval.low:.2f}, {self.interval.high:.2f}] on {counted(self.calls, 'utterance')};"
            f" slower is beyond x {1 + self.tripwire:.2f}"
        )
        return f"{text}; the machine was noisy: {self.noisy}" if self.noisy else text


def place(record: Record, folder: Path) -> Path:
    """Where the speed baseline of a record's case on its hardware lies."""
    case = record.case
    return folder / case.task / f"{case.model}-{case.device}-{case.dataset}-{hardware_key(record)}{SUFFIX}"


def of(record: Record) -> SpeedBaseline:
    """A record's times, as a baseline. Raises BaselineError where it has no valid times."""
    timing = record.timing
    rtf = record.value(METRIC)
    if rtf is None:
        raise BaselineError(f"{record.case.id}: no speed to keep: {timing.no_speed}")
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
        hardware=hardware_of(record),
    )
    return SpeedBaseline(head, tuple(_calls(record)))


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
    return SpeedBaseline(head, calls)


def _calls(record: Record) -> list[Call]:
    """The calls that were timed; of a batch, whose utterances have shares of one time, as one."""
    calls: dict[str, Call] = {}
    for each in record.utterances:
        if each.processing_s is None or each.error is not None:
            continue
        alone = each.batch is None or each.batch.size == 1
        id = each.id if each.batch is None or alone else f"batch of {each.batch.first}"
        before = calls.get(id) or Call(id=id, audio_s=0.0, processing_s=0.0)
        calls[id] = Call(
            id=id, audio_s=before.audio_s + each.audio_s, processing_s=before.processing_s + each.processing_s
        )
    return list(calls.values())


def against(record: Record, baseline: SpeedBaseline, tripwire: float = TRIPWIRE) -> SpeedChange:
    """Compare a record's times with a baseline's.

    Raises BaselineError where they are not of the same data, TooFewCalls where too few were timed on both sides.
    """
    if baseline.head.dataset != record.provenance.inputs.get("dataset"):
        raise BaselineError(
            f"{record.case.id}: the data changed since its speed was saved; `modellab baseline save` keeps a new one"
        )
    before = {call.id: call for call in baseline.calls}
    pairs = [(before[call.id], call) for call in _calls(record) if call.id in before]
    old, new = [call.processing_s for call, _ in pairs], [call.processing_s for _, call in pairs]
    interval = time_ratio_interval(new, old)
    if record.value(METRIC) is None or interval is None:
        why = record.timing.no_speed or f"{counted(len(pairs), 'utterance')} timed in both, fewer than {FEWEST_CALLS}"
        raise TooFewCalls(f"{record.case.id}: no speed to compare: {why}")
    audio = sum(call.audio_s for call, _ in pairs)
    return SpeedChange(
        ratio=sum(new) / sum(old),
        interval=interval,
        tripwire=tripwire,
        calls=len(pairs),
        rtf_before=sum(old) / audio,
        rtf_after=sum(new) / audio,
        noisy=record.timing.noisy,
    )


def judge(
    record: Record, path: Path, shown: str, tripwire: float = TRIPWIRE, strict: Strictness = "failures"
) -> Verdict:
    """Judge a record against the speed baseline at `path`, called `shown`.

    It fails where the times say that their ratio is beyond the tripwire (a ratio: 0.3 is 30 % slower), passes where
    they say that it is within, and is inconclusive else, with too few times to tell, and on a noisy machine.
    """
    verdict = Verdict(
        case=case_key(record.case),
        metric=METRIC,
        comparison="<=",
        value=record.value(METRIC),
        bound=None,
        status=Status.NOT_AVAILABLE,
        source=shown,
        strict=strict,
    )
    if record.value(METRIC) is None:
        return replace(verdict, reason=record.why_missing(METRIC))
    try:
        found = against(record, read(path), tripwire)
    except TooFewCalls as error:
        return replace(verdict, status=Status.INCONCLUSIVE, reason=str(error))
    except BaselineError as error:
        return replace(verdict, status=Status.FAIL, reason=str(error))
    status = _STATUS[found.outcome]
    if status is Status.FAIL and found.noisy:
        status = Status.INCONCLUSIVE
    return replace(verdict, status=status, bound=found.rtf_before * (1 + tripwire), reason=str(found))


_STATUS = {
    "slower": Status.FAIL,
    "inconclusive": Status.INCONCLUSIVE,
    "no slower": Status.PASS,
    "quicker": Status.PASS,
}
