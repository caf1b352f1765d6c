"""Verdicts from limits and records. Comparing a value with a limit gives a `Verdict`, not a bool."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal, TypeAlias

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.catalog.errors import suggest
from pytest_modellab.catalog.specs import LimitSpec, out_of_scale
from pytest_modellab.core.console import printable
from pytest_modellab.core.metrics.metric import Metric
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.stats.regression import DEFAULT

from .timed_limits import Comparison, doubt, holds, varies, worst_within

if TYPE_CHECKING:
    # Suites import this module when they are collected, where no record is wanted yet.
    from .record import Record, UtteranceResult


class Status(StrEnum):
    """The status of a verdict, from best to worst."""

    PASS = "pass"
    NOT_AVAILABLE = "not-available"
    WARN = "warn"
    INCONCLUSIVE = "inconclusive"
    FAIL = "fail"


SEVERITY = {status: i for i, status in enumerate(Status)}


def worst(statuses: Sequence[Status]) -> Status | None:
    """The worst of several; None of none."""
    return max(statuses, key=SEVERITY.__getitem__, default=None)


Strictness: TypeAlias = Literal["failures", "inconclusive", "warnings"]
"""What keeps a session from passing: failures alone; what could not be decided, too; warnings besides."""
REFUSED: Mapping[Strictness, frozenset[Status]] = {
    "failures": frozenset({Status.FAIL}),
    "inconclusive": frozenset({Status.FAIL, Status.INCONCLUSIVE}),
    "warnings": frozenset({Status.FAIL, Status.INCONCLUSIVE, Status.WARN}),
}


@dataclass(frozen=True)
class Limit:
    """A bound from limits.yaml, with its file and line. `value` is None where no entry applies."""

    metric: str
    value: float | None
    origin: str
    why: str = ""
    """The reason that limits.yaml gives for it."""
    warn: float | None = None
    margin: float = 0.0
    by_interval: bool = False
    gates: int = 1
    """How many gates of the session are judged by their interval: each may err only so much more rarely."""
    strict: Strictness = "failures"

    def __repr__(self) -> str:
        return f"limit {METRICS[self.metric].format(self.value)} ({self.origin})"


@dataclass(frozen=True)
class Verdict:
    """One comparison, recorded in the session. False in a boolean context only where it is a failure."""

    case: str
    metric: str
    comparison: Comparison
    value: float | None
    bound: float | None
    status: Status
    source: str
    """Where the bound came from: `fixtures/limits.yaml:12`, or `test` for a number in a test."""
    reason: str = ""
    why: str = ""
    """Why the bound is what it is, in the words of limits.yaml."""
    p: float | None = None
    """Chance of data this bad were the true figure within the limit; None where it is judged by the figure alone."""
    strict: Strictness = "failures"
    by: str = ""
    """The attribute between whose groups the metric's gap is meant; "" where its value is."""
    slowed: bool = False
    """Whether it is inconclusive for what may have slowed the run, so that another run may decide it."""

    def __bool__(self) -> bool:
        return self.status not in REFUSED[self.strict]

    def __str__(self) -> str:
        metric = METRICS[self.metric]
        value, bound = metric.beside(self.value, self.bound, self.by)
        text = f"{metric.titled(self.by)} {value}"
        if self.bound is not None:
            text += f", limit {self.comparison} {bound} ({self.source})"
        if self.status is Status.FAIL and self.value is not None and self.bound not in {None, self.value}:
            side = "over" if self.comparison.startswith("<") else "under"
            text += f", {side} by {metric.format_gap(self.value - self.bound)}"
        return f"{self.status}: {text}" + (f" - {printable(self.reason)}" if self.reason else "")


def decide(record: Record, metric: Metric, comparison: Comparison, limit: Limit) -> Verdict:
    """Judge one value of a record by one limit."""
    value = record.value(metric.name)
    verdict = Verdict(
        case=case_key(record.case),
        metric=metric.name,
        comparison=comparison,
        value=value,
        bound=limit.value,
        status=Status.NOT_AVAILABLE,
        source=limit.origin,
        why=limit.why,
        strict=limit.strict,
    )
    if value is None or not math.isfinite(value):
        return replace(verdict, reason=record.why_missing(metric.name))
    if limit.value is None:
        return replace(verdict, reason=f"no entry in limits.yaml gives {metric.name} a limit for this case")
    if limit.by_interval:
        verdict = _by_interval(verdict, value, record, metric, limit)
    elif reason := doubt(record, metric, comparison, value, limit.value):
        slowed = metric.run_spread is not None
        verdict = replace(verdict, status=Status.INCONCLUSIVE, reason=reason, slowed=slowed)
    else:
        verdict = replace(verdict, status=Status.PASS if holds(value, comparison, limit.value) else Status.FAIL)
    if verdict.status is Status.PASS and limit.warn is not None and not holds(value, comparison, limit.warn):
        reason = f"beyond {metric.format(limit.warn)}, where warnings begin"
        verdict = replace(verdict, status=Status.WARN, reason=reason)
    noisy = record.noise(metric.name)
    beyond = verdict.status is Status.INCONCLUSIVE and not holds(value, comparison, limit.value)
    if noisy and (beyond or verdict.status in {Status.FAIL, Status.WARN}):
        # Noise only ever slows: what holds in it holds, what doesn't may be the noise.
        reason = f"the machine was noisy: {noisy}"
        return replace(verdict, status=Status.INCONCLUSIVE, reason=reason, p=None, slowed=True)
    return verdict


def decide_gap(record: Record, metric: Metric, by: str, limit: Limit) -> Verdict:
    """Judge the gap of a metric between the groups of a record's utterances by an attribute."""
    from .gaps import GapBound, judged

    assert limit.value is not None
    verdict = Verdict(
        case=case_key(record.case),
        metric=metric.name,
        comparison="<=",
        value=None,
        bound=limit.value,
        status=Status.NOT_AVAILABLE,
        source=limit.origin,
        why=limit.why,
        strict=limit.strict,
        by=by,
    )
    if record.value(metric.name) is None:
        return replace(verdict, reason=record.why_missing(metric.name))
    found = judged(record, metric, GapBound(by, limit.value, limit.margin, limit.by_interval, limit.gates))
    if found.outcome == "absent":
        return replace(verdict, reason=found.reason)
    status = Status(found.outcome)
    if status is Status.PASS and limit.warn is not None and found.value is not None and found.value > limit.warn:
        status = Status.WARN
    noisy = record.noise(metric.name)
    if noisy and status in {Status.FAIL, Status.WARN}:
        reason = f"the machine was noisy: {noisy}"
        return replace(verdict, value=found.value, status=Status.INCONCLUSIVE, reason=reason, slowed=True)
    return replace(verdict, value=found.value, status=status, reason=found.reason, p=found.p)


def _by_interval(verdict: Verdict, value: float, record: Record, metric: Metric, limit: Limit) -> Verdict:
    """Fail where the data say that the limit and its margin are passed, pass where they say that not."""
    # Here, because tests import this module where numpy and its kin are not wanted yet.
    from pytest_modellab.core.stats.evidence import ALPHA

    from .evidence import held_against

    assert limit.value is not None
    lower_is_better = verdict.comparison.startswith("<")
    bound = limit.value + (limit.margin if lower_is_better else -limit.margin)
    held = held_against(record, metric, value, bound)
    if held is None:
        few = "too few utterances for an interval"
        if metric.name == record.error_metric and value > bound + DEFAULT.sanity:
            # As against a baseline: a large excess is a failure however few utterances there are.
            return replace(verdict, status=Status.FAIL, reason=f"{few}, and beyond the limit by more than 10 points")
        return replace(verdict, status=Status.INCONCLUSIVE, reason=few)
    worse, better = (held.above, held.below) if lower_is_better else (held.below, held.above)
    worst = worst_within(metric, verdict.comparison, bound)
    against_worst = held_against(record, metric, value, worst) or held
    p = against_worst.above if lower_is_better else against_worst.below
    verdict = replace(verdict, p=p, reason=held.conditional)
    if p <= ALPHA / limit.gates:
        return replace(verdict, status=Status.FAIL)
    if better <= ALPHA:
        return replace(verdict, status=Status.PASS)
    # Beyond the bound it takes what is left of the error rate of all gates to fail, within it all of it to pass.
    beyond = value > bound if lower_is_better else value < bound
    alpha = ALPHA / limit.gates if beyond else ALPHA
    slowed = worst != bound and worse <= alpha
    reason = varies(metric, worst) if slowed else held.doubt(alpha)
    return replace(verdict, status=Status.INCONCLUSIVE, reason=reason, slowed=slowed)


def case_key(case: CaseRef) -> str:
    return f"{case.task}/{case.id}"


@dataclass(frozen=True)
class Limits:
    """The limits that apply to one case: `limits.wer`, `limits.rtf`, ... The last matching entry counts."""

    case: CaseRef
    entries: Sequence[LimitSpec]
    shown: Callable[[str], str]
    gates: int = 1
    strict: Strictness = "failures"

    def __getattr__(self, name: str) -> Limit:
        if name not in METRICS:
            raise AttributeError(f"no metric `{name}`; {suggest(name, METRICS)}")
        return self.of(name)

    def __repr__(self) -> str:
        return f"Limits({self.case.id})"

    def of(self, metric: str, by: str = "") -> Limit:
        """The limit on a metric, or on its gap between the groups by an attribute."""
        for entry in reversed(self.entries):
            if entry.metric == metric and entry.by == by and self._applies(entry):
                return Limit(
                    metric=metric,
                    value=entry.value,
                    origin=self.shown(entry.origin),
                    why=entry.reason,
                    warn=entry.warn,
                    margin=entry.margin,
                    by_interval=entry.judge == "bound",
                    gates=self.gates,
                    strict=self.strict,
                )
        return Limit(metric, None, "limits.yaml")

    def _applies(self, entry: LimitSpec) -> bool:
        names = (self.case.model, entry.model), (self.case.device, entry.device), (self.case.dataset, entry.dataset)
        return all(fnmatchcase(name, glob) for name, glob in names)

    @property
    def gaps(self) -> list[tuple[str, str]]:
        """The metrics that have a limit on their gap between groups, each with the attribute."""
        return list(dict.fromkeys((each.metric, each.by) for each in self.entries if each.by and self._applies(each)))

    @property
    def by_interval(self) -> int:
        """How many limits of the case are judged by an interval."""
        return sum(self.of(metric, by).by_interval for metric, by in (*((name, "") for name in METRICS), *self.gaps))

    def judge(self, record: Record) -> list[Verdict]:
        """The gate: every limit that applies to the record's case, asserted by a test or not."""
        verdicts = []
        for metric in METRICS.values():
            limit = self.of(metric.name)
            if limit.value is not None:
                comparison: Comparison = "<=" if metric.bound == "max" else ">="
                verdicts.append(decide(record, metric, comparison, limit))
        for name, by in self.gaps:
            verdict = decide_gap(record, METRICS[name], by, self.of(name, by))
            # A limit on any data set asks nothing of one that doesn't know the attribute.
            if verdict.value is not None or verdict.status is not Status.NOT_AVAILABLE or self._names_data(name, by):
                verdicts.append(verdict)
        return verdicts

    def _names_data(self, metric: str, by: str) -> bool:
        """Whether a limit on a gap names the data set itself, without a glob."""
        return any((e.metric, e.by, e.dataset) == (metric, by, self.case.dataset) for e in self.entries)

    def in_doubt(self, record: Record) -> bool:
        """Whether a limit on a time is inconclusive for what may have slowed it, so that another run may decide it."""
        return any(each.slowed for each in self.judge(record))


def corrected(gates: Sequence[Verdict]) -> list[Verdict]:
    """All gates of a session under Holm's correction: at most one session in twenty fails one by chance.

    A test's own verdict, reached before the others are known, keeps to the stricter share of Bonferroni.
    """
    from pytest_modellab.core.stats.evidence import holm

    judged = {_key(gate): gate.p for gate in gates if gate.p is not None}
    rejected = holm(judged)
    reason = f"by Holm's correction across {len(judged)} gates"
    return [
        replace(gate, status=Status.FAIL, reason=reason)
        if _key(gate) in rejected and gate.status is not Status.FAIL
        else gate
        for gate in gates
    ]


def _key(gate: Verdict) -> str:
    return f"{gate.case} {gate.metric} {gate.by}"


@dataclass(frozen=True, eq=False)
class Figure:
    """The value of one metric of a run. Comparing it with a limit or a number gives a Verdict, and records it."""

    run: Run
    metric: Metric

    @property
    def value(self) -> float | None:
        """In the metric's unit; None where it is not available."""
        return self.run.record.value(self.metric.name)

    def __le__(self, bound: Limit | float) -> Verdict:
        return self._against("<=", bound)

    def __lt__(self, bound: Limit | float) -> Verdict:
        return self._against("<", bound)

    def __ge__(self, bound: Limit | float) -> Verdict:
        return self._against(">=", bound)

    def __gt__(self, bound: Limit | float) -> Verdict:
        return self._against(">", bound)

    def __eq__(self, other: object) -> bool:
        raise TypeError(f"compare {self.metric.name} with <, <=, > or >=: measured values are never exact")

    __hash__ = None  # type: ignore[assignment]  # nothing that can't be compared for equality can be hashed

    def _against(self, comparison: Comparison, bound: Limit | float) -> Verdict:
        if isinstance(bound, Limit):
            if bound.metric != self.metric.name:
                raise TypeError(f"{self.metric.name} compared with a limit on {bound.metric}")
            limit = bound
        else:
            if math.isnan(bound):
                raise ValueError(f"{self.metric.name} compared with nan")
            if wrong := out_of_scale(self.metric, bound):
                raise ValueError(wrong)
            limit = Limit(self.metric.name, float(bound), "test")
        verdict = decide(self.run.record, self.metric, comparison, limit)
        self.run.verdicts.append(verdict)
        self.run.on_verdict(verdict)
        return verdict

    def __repr__(self) -> str:
        return f"{self.metric.title} {self.metric.format(self.value)}"


@dataclass(frozen=True)
class Run:
    """The evaluation of a case as a test sees it: values to compare, and the record."""

    record: Record
    rerun: str
    """The command that runs just this test again."""
    on_verdict: Callable[[Verdict], None]
    """Called with every verdict as it comes about, after it is in `verdicts`."""
    verdicts: list[Verdict] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    """What else to tell a person whose test fails."""

    def __repr__(self) -> str:
        return f"Run({self.record.case.id})"

    def figure(self, metric: str) -> Figure:
        """Any metric by name. Raises KeyError for an unknown one."""
        if metric not in METRICS:
            raise KeyError(f"no metric `{metric}`; {suggest(metric, METRICS)}")
        return Figure(self, METRICS[metric])

    def __getattr__(self, name: str) -> Figure:
        """The figure of the metric of this name: `run.wer`."""
        if name not in METRICS:
            raise AttributeError(f"a run has no metric `{name}`; {suggest(name, METRICS)}")
        return self.figure(name)

    @property
    def utterances(self) -> Sequence[UtteranceResult]:
        return self.record.utterances

    def worst(self, count: int = 3) -> list[UtteranceResult]:
        """The utterances with the most word errors, failures first."""
        from .worst_utterances import worst_utterances

        return worst_utterances(self.record, count)
