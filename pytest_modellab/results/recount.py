"""Recomputation of a record's values from its utterances, to find values that don't follow from them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.stored import field
from pytest_modellab.tasks.metrics import METRICS as OWN_METRICS

from .assemble import timing
from .conditions import Conditions
from .facts import Memory, RunFacts
from .record import Record
from .scoring import scored

_OWN = {"id", "seal", "provenance"}
"""What a record has of its own: it doesn't follow from utterances."""
_CONDITIONS = (
    *("others", "core_wait", "core_wait_method", "throttled", "load_average", "noisy"),
    *("loading_others", "loading_core_wait", "noise_definition", "noisy_loading", "passes"),
)
"""Of the timing, what was measured once."""
_CLOSE = 1e-9
"""Relative difference of two sums of the same numbers on two machines."""


def recounted(record: Record) -> Record:
    """`record` with everything that is a function of its utterances made anew: scores, values, intervals.

    What was measured once stays: load time, first call, memory, the conditions. Raises ValueError for an unknown
    normalizer, or for data that no run could have left.
    """
    stated = record.timing
    facts = RunFacts(
        load_s=stated.load_s,
        first_call_s=stated.first_call_s,
        no_speed=stated.no_speed,
        failure=record.failure,
        memory=Memory(),
        resumed=0,
        restarts=0,
        conditions=Conditions(clip_s=list(stated.clip5_calls_s)),
    )
    times = timing(record.utterances, facts).model_copy(update={name: getattr(stated, name) for name in _CONDITIONS})
    return scored(record.model_copy(update={"timing": times}), record.rules)


def stated_twice(record: Record) -> Iterator[str]:
    """Values that a record states in two places and that differ: the number of utterances, the case.

    No run leaves out utterances: one without an answer is there, with its error.
    """
    inputs, count, shard = record.provenance.inputs, len(record.utterances), record.shard
    whole = count if shard is None else shard.utterances
    if record.summary.utterances != count:
        yield f"holds {count} utterances, its summary says {record.summary.utterances}"
    if inputs.get("utterances", whole) != whole:
        holds = f"holds {count} utterances" if shard is None else f"is a shard of {whole} utterances"
        yield f"{holds}, its inputs say {inputs['utterances']}"
    if record.limited_to not in (None, whole):
        yield f"is said to be limited to {record.limited_to} utterances, and is of {whole}"
    if shard is not None and len(set(shard.places)) != count:
        yield f"holds {count} utterances, its shard has {len(set(shard.places))} places"
    if twice := [name for name, times in Counter(field(record.utterances, "id")).items() if times > 1]:
        yield f"holds the utterance {twice[0]!r:.80} more than once"
    for name, own in (("task", record.case.task), ("model", record.case.model)):
        if inputs.get(name, own) != own:
            yield f"is of the {name} {own}, its inputs say {inputs[name]!r:.80}"


def _defined_since(record: Record, metric: str) -> bool:
    """Whether a record is from before a metric had its definition of now, or was there at all."""
    return metric not in record.values or record.values[metric].definition < METRICS[metric].version


def figures_apart(record: Record, again: Record, *, same_code: bool = True) -> Iterator[str]:
    """The values of `record` that differ from those recomputed from its utterances, `again`.

    Of metrics of other packages only those that it states: others that are installed here weren't there. Where other
    code computed them, metrics that weren't there or had another definition are left out.
    """
    for metric in dict.fromkeys((*record.values, *(each.name for each in OWN_METRICS))):
        stated = record.value(metric)
        if not same_code and metric in METRICS and _defined_since(record, metric):
            continue
        if metric not in METRICS:
            if stated is not None:
                yield f"says {metric} {stated}, which no package here defines"
        elif not alike(stated, found := again.value(metric)):
            why = again.why_missing(metric) if found is None else None
            yield f"says {metric} {stated}, its utterances come to {found}{f': {why}' if why else ''}"
    for id, ours, theirs in zip(
        field(record.utterances, "id"), field(again.utterances, "parts"), field(record.utterances, "parts"), strict=True
    ):
        if ours.get("asr") != theirs.get("asr"):
            yield f"utterance {id}: its counts of errors aren't those of its texts"


def all_apart(record: Record, again: Record) -> Iterator[str]:
    """All other differences, intervals and reasons included; meaningful where the same code computed both."""
    if len(record.utterances) != len(again.utterances):
        yield f"holds {len(record.utterances)} utterances, comes to {len(again.utterances)}"
    stated, counted = (each.model_dump(mode="json", exclude={*_OWN, "utterances"}) for each in (record, again))
    yield from apart(stated, counted)
    for i, (one, other) in enumerate(zip(record.utterances, again.utterances, strict=False)):
        yield from apart(one.model_dump(mode="json"), other.model_dump(mode="json"), f"utterances[{i}]")


def apart(stated: Any, found: Any, place: str = "") -> Iterator[str]:
    """The places where two values of JSON differ: `summary.worst_wer: says 0.1, comes to 0.2`."""
    if isinstance(stated, dict) and isinstance(found, dict):
        for key in sorted({*stated, *found}):
            yield from apart(stated.get(key), found.get(key), f"{place}.{key}" if place else key)
    elif isinstance(stated, list) and isinstance(found, list) and len(stated) == len(found):
        for i, (one, other) in enumerate(zip(stated, found, strict=True)):
            yield from apart(one, other, f"{place}[{i}]")
    elif not alike(stated, found):
        yield f"{place}: says {stated!r:.100}, comes to {found!r:.100}"


def alike(one: Any, other: Any) -> bool:
    """Whether two values are the same, numbers as far as sums of the same numbers are."""
    if isinstance(one, float) and isinstance(other, float):
        return one == other or math.isclose(one, other, rel_tol=_CLOSE)
    return bool(one == other)
