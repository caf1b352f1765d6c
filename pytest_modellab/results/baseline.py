"""Baselines: the answers of an accepted run, kept in git, with which later runs are compared.

reports/baselines/<task>/<model>-<device>-<dataset>[-<hardware>].jsonl: a header line, then a line for each utterance,
so that a diff shows what changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import Field

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.console import counted, printable
from pytest_modellab.core.hardware import Hardware
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.stored import field, fields, labels
from pytest_modellab.core.schema_base import Stored
from pytest_modellab.core.stats.paired import REPLICATES, Paired, compare
from pytest_modellab.core.stats.regression import DEFAULT, Allowed, Decision, change_text, no_worse, within_margin
from pytest_modellab.core.stats.regression import RateChange as Moved
from pytest_modellab.tasks.asr.record import transcripts_of
from pytest_modellab.tasks.registry import task_named

from .baseline_lines import BaselineError, read_lines, write_lines
from .int8 import may_compute_in_int8, other_kernels
from .record import Record
from .verdicts import Status, Strictness, Verdict, case_key

SCHEMA: Literal["modellab.baseline/1"] = "modellab.baseline/1"
SUFFIX = ".jsonl"
_ANEW = "`modellab baseline save` keeps a new one"


class BaselineAnswer(Stored):
    """One utterance of a baseline: raw texts, scored when compared."""

    id: str
    reference: str
    hypothesis: str | None
    speaker: str | None = None


class Head(Stored):
    """The header of a baseline: its case, data, commit and hardware."""

    schema_: Literal["modellab.baseline/1"] = Field(alias="schema", default=SCHEMA)
    case: CaseRef
    dataset: str = Field(description="fingerprint of the data")
    commit: str | None
    created: str
    normalizer: str
    wer: float | None = Field(description="when it was saved; recomputed from the raw texts in a comparison")
    hardware: dict[str, object] = Field(description="CPU model and instruction sets; int8 answers depend on them")


@dataclass(frozen=True)
class Baseline:
    head: Head
    answers: tuple[BaselineAnswer, ...]


@dataclass(frozen=True)
class UtteranceChange:
    """One utterance whose number of errors changed."""

    id: str
    reference: str
    before: str | None
    after: str | None
    errors_before: float
    errors_after: float


@dataclass(frozen=True)
class Comparison:
    """The comparison of a run with its baseline.

    `worse` and `better` list utterances, the largest change first, and may be cut; all of them are counted.
    """

    paired: Paired
    wer_before: float
    wer_after: float
    worse: tuple[UtteranceChange, ...]
    better: tuple[UtteranceChange, ...]
    worse_count: int
    better_count: int
    finding: Decision
    metric: str = "wer"
    """Of the two rates: cer where words aren't divided by spaces."""

    @property
    def moved(self) -> Moved:
        return Moved(self.paired.difference, self.paired.low, self.paired.high, self.paired.p)

    def within(self, margin: float, allowed: Allowed) -> Comparison:
        """The same, judged by whether the rate rose by more than `margin` (a ratio)."""
        return replace(self, finding=within_margin(self.paired, margin, allowed))

    def __str__(self) -> str:
        metric, paired = METRICS[self.metric], self.paired
        change = change_text(metric, self.wer_before, self.wer_after, self.moved)
        parts = [f"{self.finding.outcome}: {metric.title} {change}", self.finding.why]
        if paired.changed:
            parts.append(f"{counted(self.worse_count, 'utterance')} worse, {self.better_count} better")
        if self.finding.outcome in {"not told apart", "unchanged"}:
            parts.append(power_text(paired))
        text = "; ".join(filter(None, parts))
        return f"{text} ({paired.conditional})" if paired.conditional else text


def power_text(paired: Paired) -> str:
    """The smallest rise that the set could have shown, in words."""
    if paired.detectable is None:
        return "how small a rise would be seen can't be stated"
    return f"a rise of {100 * paired.detectable:.2f} points, error by error, would be seen four times in five"


def place(record: Record, folder: Path) -> Path:
    """Where the baseline of a record's case lies. Quantised answers differ between CPUs: theirs names the hardware.

    Where there is none of the one kind, one of the other is taken: older versions knew of fewer models that they are
    quantised, and of what stands in a model's place, as in a control, it isn't known.
    """
    own = may_compute_in_int8(record)
    first, second = (folder / _name(record, of_hardware=each) for each in (own, not own))
    return second if not first.exists() and second.exists() else first


def _name(record: Record, *, of_hardware: bool) -> str:
    case = record.case
    key = f"-{record.hardware.answers_key()}" if of_hardware else ""
    return f"{case.task}/{case.model}-{case.device}-{case.dataset}{key}{SUFFIX}"


def of_other_hardware(record: Record, head: Head) -> str:
    """Why answers of quantised models can't be compared with a baseline: its hardware may answer otherwise; else ""."""
    differs = other_kernels(Hardware.stated(head.hardware, record.hardware.device), record)
    if not differs:
        return ""
    return (
        f"the baseline is of hardware whose int8 kernels may answer otherwise: {differs}; `modellab baseline save`"
        " keeps one of this hardware"
    )


def of(record: Record) -> Baseline:
    """A record's answers, as a baseline."""
    head = Head(
        case=record.case,
        dataset=str(record.provenance.inputs["dataset"]),
        commit=record.provenance.commit,
        created=record.provenance.created,
        normalizer=record.normalizer.name,
        wer=record.value("wer"),
        hardware=record.hardware.stated_for_answers(),
    )
    names = ("id", "reference", "hypothesis", "speaker")
    answers = [BaselineAnswer(**dict(zip(names, told, strict=True))) for told in fields(record.utterances, *names)]
    return Baseline(head, tuple(answers))


def save(record: Record, folder: Path) -> Path:
    """Keep a record's answers as its case's baseline. Raises BaselineError for a run that can't be one."""
    if record.ran_on is not None:
        raise BaselineError(f"{record.case.id}: it {record.ran_on}; a baseline is of the device it is named after")
    if record.limited_to is not None:
        raise BaselineError(
            f"{record.case.id}: only the first {record.limited_to} of its utterances were run; run it whole"
        )
    if record.shard is not None:
        raise BaselineError(f"{record.case.id}: only shard {record.shard.cut} was run; `modellab merge` joins all")
    if record.seal is None:
        raise BaselineError(f"{record.case.id}: its record has no checksum (`seal`); run the case again")
    if record.summary.answered < record.summary.utterances:
        missing = record.summary.utterances - record.summary.answered
        raise BaselineError(
            f"{record.case.id}: {counted(missing, 'utterance')} got no answer; a baseline needs all of them"
        )
    baseline = of(record)
    path = folder / _name(record, of_hardware=may_compute_in_int8(record))
    there = _case_in(path)
    if there not in {None, record.case}:
        raise BaselineError(
            f"{record.case.id}: {path} is the baseline of {case_key(there)}, whose ids come to the same name: give"
            " the device or the model another id, or remove that file"
        )
    write_lines(path, (baseline.head, *baseline.answers))
    return path


def _case_in(path: Path) -> CaseRef | None:
    """Whose baseline is there; None where none can be read, which a new one may replace."""
    try:
        return read(path).head.case
    except BaselineError:
        return None


def read(path: Path) -> Baseline:
    """Raises BaselineError, naming file and line."""
    head, answers = read_lines(path, Head, BaselineAnswer, SCHEMA)
    seen: set[str] = set()
    for number, answer in enumerate(answers, 2):
        if answer.id in seen:
            raise BaselineError(f"{path}:{number}: a second line of {answer.id}; {_ANEW}")
        if answer.hypothesis is None:
            raise BaselineError(f"{path}:{number}: {answer.id} has no answer, and a baseline has one of each; {_ANEW}")
        seen.add(answer.id)
    return Baseline(head, answers)


def of_case(path: Path, case: CaseRef) -> Baseline:
    """The baseline of a case. Raises BaselineError, also where the file is of another one."""
    found = read(path)
    if found.head.case != case:
        raise BaselineError(f"{path}:1: it is of {case_key(found.head.case)}, not of {case_key(case)}; {_ANEW}")
    return found


def against(record: Record, baseline: Baseline, allowed: Allowed = DEFAULT, replicates: int = REPLICATES) -> Comparison:
    """Compare a record with a baseline, both scored anew from their raw texts by the record's normalizer.

    Of many comparisons at once each needs a smaller p-value, and so more `replicates`.

    Raises BaselineError where they are not of the same data, there are no words to compare, or the record's scorer is
    not installed.
    """
    if baseline.head.dataset != record.provenance.inputs.get("dataset"):
        raise BaselineError(
            f"{record.case.id}: the data changed since the baseline was saved; save a new one"
            f" (`modellab baseline save`) once the change is meant"
        )
    before = {answer.id: answer for answer in baseline.answers}
    if set(before) != set(field(record.utterances, "id")):
        raise BaselineError(f"{record.case.id}: the run and its baseline hold different utterances; run it whole")
    if record.unscorable:
        raise BaselineError(f"{record.case.id}: {record.unscorable}")
    rules = record.rules
    errors = task_named(record.case.task).scoring().errors
    first, second = [], []
    for each in record.utterances:
        first.append(errors(each, before[each.id].hypothesis, rules))
        second.append(errors(each, each.hypothesis, rules))
    weights = _weights(record)
    paired = compare(
        [weight * wrong for weight, (wrong, _) in zip(weights, first, strict=True)],
        [weight * wrong for weight, (wrong, _) in zip(weights, second, strict=True)],
        [weight * units for weight, (_, units) in zip(weights, second, strict=True)],
        labels(record.utterances, "speaker"),
        replicates,
    )
    if paired is None:
        raise BaselineError(f"{record.case.id}: no reference has a word to compare by")
    changes = [
        UtteranceChange(each.id, each.reference, before[each.id].hypothesis, each.hypothesis, old, new)
        for each, (old, _), (new, _) in zip(record.utterances, first, second, strict=True)
        if old != new
    ]
    worse = _ranked([change for change in changes if change.errors_after > change.errors_before])
    better = _ranked([change for change in changes if change.errors_after < change.errors_before])
    return Comparison(
        paired=paired,
        wer_before=_rate(first, weights),
        wer_after=_rate(second, weights),
        worse=worse,
        better=better,
        worse_count=len(worse),
        better_count=len(better),
        finding=no_worse(paired, allowed),
        metric=record.error_metric,
    )


def _weights(record: Record) -> list[float]:
    """Of each utterance, 1 but where words and characters are counted: there each language weighs the same."""
    transcripts = transcripts_of(record)
    if transcripts is None or len(record.units) < 2:
        return [1] * len(record.utterances)
    by_language = transcripts.weights
    rules = record.rules
    return [by_language.get(rules.of(tag).language, 0.0) for tag in field(record.utterances, "language")]


def _rate(counts: Sequence[tuple[float, float]], weights: Sequence[float]) -> float:
    errors, units = (sum(w * each[i] for w, each in zip(weights, counts, strict=True)) for i in (0, 1))
    return errors / units


def _ranked(changes: Sequence[UtteranceChange]) -> tuple[UtteranceChange, ...]:
    return tuple(sorted(changes, key=lambda change: -abs(change.errors_after - change.errors_before)))


STATUS: Mapping[str, Status] = {
    "worse": Status.FAIL,
    "inconclusive": Status.INCONCLUSIVE,
    **dict.fromkeys(("better", "unchanged", "not told apart", "within the margin"), Status.PASS),
}
"""Of a gate, by what a change comes to."""


def judge(
    record: Record,
    other: Callable[[], Baseline],
    shown: str,
    margin: float | None = None,
    strict: Strictness = "failures",
    allowed: Allowed = DEFAULT,
) -> BaselineVerdict:
    """Judge a record against the answers that `other` gives, called `shown`, for a higher error rate.

    Without a margin it fails where the rate rose significantly, or beyond the sanity bound, and is inconclusive where
    the set can't tell (`metrics.regression.no_worse`). With one (a ratio: 0.01 is one point) it asks for
    non-inferiority: pass where the one-sided bound of the change stays within the margin, fail where it lies beyond,
    inconclusive else. Without an error rate, as where nobody speaks, it is not available. A baseline that can't be
    compared with is a failure: it would hide anything.

    Raises ValueError for a margin that is no ratio.
    """
    if margin is not None and not 0 <= margin < 1:
        raise ValueError(f"a margin is a ratio of at least 0 and below 1 (0.01 is one point), not {margin:g}")
    verdict = Verdict(
        case=case_key(record.case),
        metric=record.error_metric,
        comparison="<=",
        value=record.value(record.error_metric),
        bound=None,
        status=Status.FAIL,
        source=shown,
        strict=strict,
    )
    missing = why_not_compared(record)
    if missing:
        # Two silences are alike: a pass that could not fail.
        return BaselineVerdict(replace(verdict, status=Status.NOT_AVAILABLE, reason=missing), None)
    try:
        baseline = other()
        if refused := of_other_hardware(record, baseline.head):
            raise BaselineError(f"{record.case.id}: {refused}")
        found = against(record, baseline, allowed)
    except BaselineError as error:
        return BaselineVerdict(replace(verdict, reason=str(error)), None)
    if margin is not None:
        found = found.within(margin, allowed)
    p = found.paired.p_rise if margin is None else None
    status = STATUS[found.finding.outcome]
    return BaselineVerdict(replace(verdict, bound=found.wer_before, status=status, reason=str(found), p=p), found)


def why_not_compared(record: Record) -> str:
    """Why a run has no place beside a baseline; "" where it has one."""
    if not task_named(record.case.task).texts_tell:
        return "its texts don't tell how right it was"
    if record.limited_to is not None:
        return f"only the first {record.limited_to} of its utterances were run"
    return "" if record.comparable else record.why_missing(record.error_metric) or "nobody speaks in its data"


@dataclass(frozen=True)
class BaselineVerdict:
    """A verdict against a baseline, and its comparison; None where none was possible."""

    verdict: Verdict
    comparison: Comparison | None


def changes_text(comparison: Comparison, count: int = 5) -> list[str]:
    """The utterances that changed most, with both transcripts."""
    lines = []
    both = (
        ("worse", comparison.worse, comparison.worse_count),
        ("better", comparison.better, comparison.better_count),
    )
    for title, changes, number in both:
        for change in changes[:count]:
            lines += [
                f"{title}: {change.id}: {change.errors_before} -> {change.errors_after} errors",
                f"    reference: {change.reference}",
                f"    before:    {change.before}",
                f"    now:       {change.after}",
            ]
        if number > count:
            lines.append(f"    ... and {number - count} more that are {title}")
    return [printable(line) for line in lines]
