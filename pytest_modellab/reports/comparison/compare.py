"""Comparison of each side with the first one, over all cases, with one correction for multiple tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import log

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.console import counted
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.stored import field as field_of
from pytest_modellab.core.stats.evidence import ALPHA, holm
from pytest_modellab.core.stats.paired import REPLICATES
from pytest_modellab.core.stats.regression import DEFAULT, Allowed
from pytest_modellab.results import baseline as answers
from pytest_modellab.results import record_files as records
from pytest_modellab.results import speed_baseline as speed
from pytest_modellab.results.aligned import same_utterances
from pytest_modellab.results.baseline import Baseline
from pytest_modellab.results.baseline_lines import BaselineError
from pytest_modellab.results.input_changes import changes as input_changes
from pytest_modellab.results.int8 import other_kernels
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import RecordError
from pytest_modellab.results.record_header import read_header
from pytest_modellab.results.rescore import renewed_rules, rescore
from pytest_modellab.results.verdicts import case_key
from pytest_modellab.runner.reuse import since

from . import cases
from .cases import Context
from .parts import Compared, Family, MetricChange, OneSided, Pair, SideRef, Single
from .sides import BASELINE, Side, SideError

_FIGURES = 8
"""About so many of a case are compared."""
_MOST_REPLICATES = 40_000
_WEIGHTS = {"%": 1.0, "1": 0.25, "dB": 0.1, "/min": 1 / 120}
"""Of a change by the unit of its metric, so that the worst comes first: a point of a share weighs as much as 0.04 of a
mean opinion score, 0.1 dB of distortion, 1.2 words a minute."""


@dataclass
class _Found:
    pairs: list[Pair] = field(default_factory=list)
    changes: list[MetricChange] = field(default_factory=list)
    singles: list[Single] = field(default_factory=list)
    lonely: list[OneSided] = field(default_factory=list)
    never: dict[str, str] = field(default_factory=dict)


def compare(sides: Sequence[Side], allowed: Callable[[CaseRef], Allowed] = lambda case: DEFAULT) -> Compared:
    """Compare each other side with the first; `allowed` gives the allowed rise of a case's error rate.

    Raises SideError, and RecordError for a damaged record.
    """
    first, *others = sides
    if any(side.baselines for side in others):
        raise SideError(f"a baseline is the first side of a comparison: name `{BASELINE}` first")
    many = sum(len(side.records) for side in others) * _FIGURES
    found = _Found()
    for side in others:
        context = Context(side.name, min(_MOST_REPLICATES, max(REPLICATES, 50 * many)), allowed)
        if first.baselines is not None:
            _with_baselines(first, side, context, found)
        else:
            _with_records(first, side, context, found)
    changes, families = corrected(found.changes)
    return Compared(
        sides=tuple(SideRef(name=s.name, what=s.what, cases=len(s.records), notes=s.notes) for s in sides),
        pairs=tuple(found.pairs),
        changes=tuple(sorted(changes, key=_rank)),
        singles=tuple(found.singles),
        never=found.never,
        lonely=tuple(each for each in found.lonely if each.cases),
        tests=sum(families.values()),
        families=families,
        alpha=ALPHA,
    )


def _with_records(first: Side, other: Side, context: Context, found: _Found) -> None:
    for key in [key for key in first.records if key in other.records]:
        try:
            before, after = (records.read(side.records[key]) for side in (first, other))
        except RecordError as error:
            case = read_header(other.records[key]).case
            found.pairs.append(Pair(case=case, side=other.name, before="", after="", refused=str(error)))
            continue
        pair = Pair(case=after.case, side=other.name, before=since(before), after=since(after))
        if pair_refused := _refused(before, after):
            found.pairs.append(pair.model_copy(update={"refused": pair_refused}))
            continue
        same = before.seal is not None and before.seal == after.seal
        rescored = ""
        if before.normalizer != after.normalizer or _other_definitions(before, after):
            rules = renewed_rules(after)
            before, after = (rescore(each, rules) for each in (before, after))
            rescored = f"{after.normalizer.name} {after.normalizer.version}"
        found.pairs.append(
            pair.model_copy(
                update={
                    "same": same,
                    "rescored": rescored,
                    "inputs": tuple(_inputs(before, after)),
                }
            )
        )
        found.changes += cases.of_records(before, after, context)
        found.singles += cases.singles(before, after, other.name)
        found.never |= cases.never_compared(before, after)
    found.lonely += _alone(first, other, list(first.records), list(other.records))


def _inputs(before: Record, after: Record) -> Iterator[str]:
    yield from input_changes(before.provenance.inputs, after.provenance.inputs)
    if differs := other_kernels(before.hardware, after):
        yield f"hardware, on which the model's int8 kernels may answer otherwise: {differs}"


def _other_definitions(before: Record, after: Record) -> bool:
    """Whether two records have values of one metric by different definitions."""
    both = before.values.keys() & after.values.keys()
    return any(before.values[name].definition != after.values[name].definition for name in both)


def _refused(before: Record, after: Record) -> str:
    """Why two records can't be compared at all."""
    if before.provenance.inputs.get("dataset") != after.provenance.inputs.get("dataset"):
        return "the two are of different data: recordings or references have changed in between"
    if not same_utterances(before.utterances, after.utterances):
        return f"they hold different utterances ({len(before.utterances)} and {len(after.utterances)}); run both whole"
    for record in (before, after):
        if record.ran_on is not None and before.ran_on != after.ran_on:
            return f"one of them {record.ran_on}"
    return after.unscorable


def _with_baselines(first: Side, other: Side, context: Context, found: _Found) -> None:
    folder = first.baselines
    assert folder is not None
    seen, missing = set(), []
    for key, place in other.records.items():
        try:
            record = records.read(place)
        except RecordError as error:
            case = read_header(place).case
            found.pairs.append(Pair(case=case, side=other.name, before="", after="", refused=str(error)))
            seen.add(key)
            continue
        path = answers.place(record, folder)
        if not path.exists():
            missing.append(key)
            continue
        seen.add(key)
        try:
            baseline = answers.of_case(path, record.case)
            timed = speed.find(record, folder)
        except BaselineError as error:
            found.pairs.append(_against_baseline(record, other, "", str(error)))
            continue
        head = baseline.head
        saved = f"{head.commit[:8]}, {head.created[:10]}" if head.commit else head.created[:10]
        refused = _refused_baseline(baseline, record)
        found.pairs.append(_against_baseline(record, other, saved, refused))
        if not refused:
            found.changes += cases.of_answers(baseline, record, context)
            # Those of other hardware are not this case's here; where that isn't known, it is told.
            if timed is not None and not timed.is_other:
                found.changes.append(cases.of_times(timed.baseline, record, context))
    saved_cases = [key for key in dict.fromkeys(_saved(first)) if key not in other.records]
    found.lonely += _alone(first, other, saved_cases, [*seen, *missing], seen)


def _refused_baseline(baseline: Baseline, record: Record) -> str:
    """Why a record can't be compared with a baseline at all."""
    if record.ran_on is not None:
        return f"it {record.ran_on}; a baseline is of the device it is named after"
    if baseline.head.dataset != record.provenance.inputs.get("dataset"):
        return "the data changed since the baseline was saved; `modellab baseline save` keeps a new one"
    if {each.id for each in baseline.answers} != set(field_of(record.utterances, "id")):
        return "the run and its baseline hold different utterances; run it whole"
    return record.unscorable or answers.of_other_hardware(record, baseline.head)


def _against_baseline(record: Record, other: Side, saved: str, refused: str) -> Pair:
    return Pair(case=record.case, side=other.name, before=saved, after=since(record), refused=refused)


def _saved(first: Side) -> Iterator[str]:
    """The cases that have baselines, whatever hardware they are of; one that is damaged is told where it counts."""
    assert first.baselines is not None
    for path in sorted(first.baselines.glob("*/*.jsonl")):
        if not path.name.endswith(speed.SUFFIX):
            try:
                yield case_key(answers.read(path).head.case)
            except BaselineError:
                continue


def _alone(
    first: Side, other: Side, before: Sequence[str], after: Sequence[str], both: set[str] | None = None
) -> list[OneSided]:
    common = {*before} & {*after} if both is None else both
    return [
        OneSided(side=first.name, other=other.name, cases=tuple(sorted({*before} - common))),
        OneSided(side=other.name, other=first.name, cases=tuple(sorted({*after} - common))),
    ]


def corrected(changes: Sequence[MetricChange]) -> tuple[list[MetricChange], dict[Family, int]]:
    """The changes that remain under Holm's correction, and of each family how many could have been false.

    Each family and direction has its own `ALPHA`. A figure to which every utterance adds the same on both sides can
    raise no false alarm: it isn't counted.
    """
    kept: set[int] = set()
    families: dict[Family, int] = {}
    for family in dict.fromkeys(change.family for change in changes):
        tests = {i: (each, each.p) for i, each in enumerate(changes) if each.counted and each.family == family}
        known = {i: (each, p) for i, (each, p) in tests.items() if p is not None}
        if known:
            families[family] = len(known)
        for worse in (True, False):
            p_values = {str(i): p if _moved_worse(each) is worse else 1.0 for i, (each, p) in known.items()}
            kept |= {int(i) for i in holm(p_values)}
    return [_kept(i, change, kept, families) for i, change in enumerate(changes)], families


def _moved_worse(change: MetricChange) -> bool:
    risen = (change.change or 0.0) > (1 if change.kind == "ratio" else 0)
    return risen == (METRICS[change.metric].better == "lower")


def _kept(i: int, change: MetricChange, kept: set[int], families: Mapping[Family, int]) -> MetricChange:
    if change.outcome not in {"worse", "better"} or change.certain or i in kept:
        return change
    alone = change.p is not None and change.p <= ALPHA
    many = counted(families.get(change.family, 0), change.family)
    why = f"among {many} that differ, one may come out like this by chance" if alone else ""
    # A rise beyond the tolerance that may be chance is none that was seen not to be there.
    outcome = "inconclusive" if change.beyond_tolerance else "not told apart"
    return change.model_copy(update={"outcome": outcome, "why": why})


def _rank(change: MetricChange) -> tuple[int, bool, float, str]:
    """The worst first: what is worse, better, not told apart, not compared; quality before time; by size."""
    order = ("worse", "inconclusive", "better", "not told apart", "not compared")
    return order.index(change.outcome), not change.quality, -size(change), change.key


def size(change: MetricChange) -> float:
    """The size of a change, on a scale that is comparable across metrics."""
    if change.change is None:
        return 0.0
    if change.kind == "ratio":
        return abs(log(change.change)) if change.change > 0 else 0.0
    return abs(change.change) * _WEIGHTS.get(METRICS[change.metric].unit, 1.0)
