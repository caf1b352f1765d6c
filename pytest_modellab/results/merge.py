"""Merging of the records of all shards of a case into the record that an undivided run would have written.

The data aren't needed: shards hold every raw text and the places of their utterances. Answers and their scores equal
those of one run. Times come from several runs, possibly on several machines: the merged record has a speed where the
machines are alike and every shard was timed, else the reason why it has none.
"""

from __future__ import annotations

import hashlib
import heapq
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pytest_modellab.core.metrics import speed
from pytest_modellab.core.metrics.stored import field
from pytest_modellab.core.schema_base import Failure
from pytest_modellab.core.version import __version__
from pytest_modellab.tasks.registry import task_named

from . import input_changes, table
from .assemble import timing
from .conditions import Conditions
from .facts import Memory, RunFacts
from .record import MemoryUse, Provenance, Record, Timing, UtteranceResult
from .scoring import scored
from .shard_ref import ShardOf


class MergeError(Exception):
    """Records that are not the shards of one run; the message names the files."""


@dataclass(frozen=True)
class ShardRecord:
    """One shard's record, and its path."""

    record: Record
    shard: ShardOf
    path: Path

    @property
    def name(self) -> str:
        return f"shard {self.shard.cut}"


def merge(found: Mapping[Path, Record]) -> Record:
    """The record of the whole run. Raises MergeError unless `found` are all shards of one run, each once."""
    parts = sorted(
        (ShardRecord(record, record.shard, path) for path, record in found.items() if record.shard is not None),
        key=lambda part: (part.shard.index, str(part.path)),
    )
    if not parts or len(parts) != len(found):
        raise MergeError(f"not the record of a shard: {', '.join(map(str, found))}")
    _check_alike(parts)
    _check_whole(parts)
    first, first_cut = parts[0].record, parts[0].shard
    scoring = task_named(first.case.task).scoring()
    timed = _timing(parts)
    rows = _in_order(parts)
    if timed.no_speed is not None:
        rows = (row.model_copy(update={"parts": scoring.untimed(row.parts)}) for row in rows)
    results = table.collected(rows, first_cut.utterances)
    findings = [finding for part in parts for finding in part.record.findings]
    order = _places(parts, {finding.utterance for finding in findings})
    whole = first.model_copy(
        update={
            "id": secrets.token_hex(4),
            "shard": None,
            "failure": _failure(parts),
            "loaded": next((part.record.loaded for part in parts if part.record.loaded), {}),
            "parts": scoring.merged([part.record.parts for part in parts]),
            "timing": timed,
            "memory": _memory(parts),
            "provenance": _provenance(parts),
            "utterances": results,
            # What is known of the whole data set stands in the record of every shard.
            "findings": tuple(dict.fromkeys(sorted(findings, key=lambda finding: order.get(finding.utterance, -1)))),
            "seal": None,
        }
    )
    return scored(whole, first.rules)


def _in_order(parts: Sequence[ShardRecord]) -> Iterator[UtteranceResult]:
    """The utterances of all shards in the order of the data, one by one where each shard has its own in that order."""
    placed = [zip(part.shard.places, part.record.utterances, strict=True) for part in parts]
    if all(list(part.shard.places) == sorted(part.shard.places) for part in parts):
        return (row for _, row in heapq.merge(*placed, key=lambda each: each[0]))
    return (row for _, row in sorted((each for own in placed for each in own), key=lambda each: each[0]))


def _places(parts: Sequence[ShardRecord], ids: set[str]) -> dict[str, int]:
    """The places of these utterances in the data."""
    return {
        id: place
        for part in parts
        if ids
        for place, id in zip(part.shard.places, field(part.record.utterances, "id"), strict=True)
        if id in ids
    }


def _check_alike(parts: Sequence[ShardRecord]) -> None:
    """Raise MergeError unless these are parts of one cut of one run's input, under one judgement."""
    unchecked = [part for part in parts if part.record.seal is None]
    if unchecked:
        raise MergeError(f"{_case(parts)}: no checksum (`seal`), so that damage can't be detected:{_files(unchecked)}")
    _same(parts, "cases", lambda part: f"{part.record.case.task}/{part.record.case.id}")
    inputs = parts[0].record.provenance.inputs
    for part in parts[1:]:
        changes = [*input_changes.changes(inputs, part.record.provenance.inputs)]
        if changes:
            told = "".join(f"\n  {each}" for each in changes)
            raise MergeError(f"{_case(parts)}: the inputs differ:{told}{_files([parts[0], part])}")
    _same(parts, "input keys", lambda part: part.record.provenance.key)
    _same(parts, "numbers of utterances asked for", lambda part: part.record.limited_to)
    _same(parts, "ways of cutting the data", lambda part: f"{part.shard.utterances} utterances in {part.shard.of}")
    _same(parts, "commits", lambda part: part.record.provenance.commit)
    _same(parts, "versions of pytest-modellab", lambda part: part.record.provenance.lab)
    _same(parts, "scoring code, terms or prices", lambda part: part.record.provenance.judging)
    _same(parts, "normalizers", lambda part: f"{part.record.normalizer.name} {part.record.normalizer.version}")
    _same(parts, "devices that stood in", lambda part: part.record.ran_on)
    # One that could not be loaded chose nothing, nor does one tell that only took answers over.
    loaded = [
        part
        for part in parts
        if part.record.loaded or (part.record.failure is None and not part.record.provenance.resumed)
    ]
    _same(loaded, "choices of the engine while it loaded", lambda part: part.record.loaded)
    lab, normalize = parts[0].record.provenance.lab, parts[0].record.normalizer
    if lab != __version__:
        raise MergeError(f"{_case(parts)}: made by pytest-modellab {lab}, this is {__version__}; merge with the same")
    here = parts[0].record.rules.version
    if here != normalize.version:
        raise MergeError(
            f"{_case(parts)}: scored by {normalize.name} {normalize.version}, here is {here}; merge with the same"
        )


def _check_whole(parts: Sequence[ShardRecord]) -> None:
    """Raise MergeError unless every utterance is in one shard and one only, as its record says it is."""
    for part in parts:
        places, of = part.shard.places, part.shard.utterances
        if len(places) != len(part.record.utterances) or not all(0 <= place < of for place in places):
            raise MergeError(f"{_case(parts)}: the places of its utterances are none that it can have:{_files([part])}")
    count, of = parts[0].shard.utterances, parts[0].shard.of
    held: set[int] = set()
    for part in parts:
        for place in part.shard.places:
            if place in held:
                several = [each for each in parts for own in each.shard.places if own == place]
                raise MergeError(f"{_case(parts)}: the same utterances are in more than one record:{_files(several)}")
            held.add(place)
    if twice := _twice(parts):
        raise MergeError(f"{_case(parts)}: the utterance {twice!r:.80} is there more than once:{_files(parts)}")
    missing = count - len(held)
    if missing:
        absent = sorted({*range(1, of + 1)} - {part.shard.index for part in parts})
        where = f"no record of shard {', '.join(f'{i}/{of}' for i in absent)}" if absent else "of no shard"
        advice = f"\n  run it, with `--lab-shard={absent[0]}/{of}`, or name its folder, too" if absent else ""
        raise MergeError(
            f"{_case(parts)}: {missing} of {count} utterances are missing, {where}; found:{_files(parts)}{advice}"
        )


def _twice(parts: Sequence[ShardRecord]) -> str | None:
    """The first id that several utterances have; None where each has its own."""
    seen: set[bytes] = set()
    for part in parts:
        for id in field(part.record.utterances, "id"):
            # Of ids of any length the same few bytes each.
            digest = hashlib.blake2b(id.encode("utf-8", "surrogatepass"), digest_size=12).digest()
            if digest in seen:
                return str(id)
            seen.add(digest)
    return None


def _same(parts: Sequence[ShardRecord], what: str, value: Callable[[ShardRecord], Any]) -> None:
    groups: dict[str, list[ShardRecord]] = {}
    for part in parts:
        groups.setdefault(str(value(part)), []).append(part)
    if len(groups) > 1:
        told = "".join(f"\n  {text}:{_files(own, 4)}" for text, own in groups.items())
        raise MergeError(f"{_case(parts)}: the records are of different {what}:{told}")


def _case(parts: Sequence[ShardRecord]) -> str:
    return parts[0].record.case.id


def _files(parts: Sequence[ShardRecord], indent: int = 2) -> str:
    return "".join(f"\n{' ' * indent}{part.name}: {part.path}" for part in parts)


def _failure(parts: Sequence[ShardRecord]) -> Failure | None:
    """What every shard failed of, else what the first of them did."""
    failures = [(part, part.record.failure) for part in parts if part.record.failure is not None]
    if not failures:
        return None
    part, failure = failures[0]
    assert failure is not None
    if len(failures) == len(parts) and len({each.message for _, each in failures if each}) == 1:
        return failure
    return failure.model_copy(update={"message": f"{part.name}: {failure.message}"})


def _timing(parts: Sequence[ShardRecord]) -> Timing:
    """Warm calls of all shards together. Each loaded the model once, of which the median is given."""
    times = [part.record.timing for part in parts]
    spread_over = Conditions(clip_s=[call for each in times for call in each.clip5_calls_s])
    facts = RunFacts(
        load_s=_median([each.load_s for each in times]),
        first_call_s=_median([each.first_call_s for each in times]),
        no_speed=_no_speed(parts),
        failure=None,
        memory=Memory(),
        resumed=0,
        restarts=0,
        conditions=spread_over,
    )
    noisy = _noise({part.name: part.record.timing.noisy for part in parts}) or spread_over.noisy
    results = [part.record.utterances for part in parts]
    answered = next((rows for rows in results if timing(rows, facts).no_speed is None), results[0])
    return timing(answered, facts).model_copy(
        update={
            "others": _most([each.others for each in times]),
            "core_wait": _most([each.core_wait for each in times]),
            "core_wait_method": _joined([each.core_wait_method for each in times]),
            "throttled": _sum([each.throttled for each in times]),
            "load_average": _most([each.load_average for each in times]),
            "noisy": noisy,
            "loading_others": _most([each.loading_others for each in times]),
            "loading_core_wait": _most([each.loading_core_wait for each in times]),
            "noise_definition": min(each.noise_definition for each in times),
            "noisy_loading": _noise({part.name: part.record.timing.noisy_loading for part in parts}),
            "passes": tuple(sorted((one for each in times for one in each.passes), key=lambda one: one.start)),
        }
    )


def _noise(told: Mapping[str, str | None]) -> str | None:
    return "; ".join(f"{name}: {noise}" for name, noise in told.items() if noise) or None


def _no_speed(parts: Sequence[ShardRecord]) -> str | None:
    """Why the times of the shards make no speed; None where they do."""
    for part in parts:
        if part.record.timing.no_speed is not None:
            return f"{part.name}: {part.record.timing.no_speed}"
        if any(one.kind == "accuracy" for one in part.record.timing.passes[-1:]):
            return f"{part.name} was not timed with the machine to itself"
    first = parts[0]
    for part in parts[1:]:
        likeness = first.record.hardware.same_speed(part.record.hardware)
        for each in likeness.differing:
            return (
                f"the shards were timed on different hardware: {each.title} {each.one} ({first.name}),"
                f" {each.other} ({part.name})"
            )
        if not likeness.same:
            return f"the shards may be timed on different hardware ({first.name}, {part.name}): {likeness.told()}"
    return None


def _memory(parts: Sequence[ShardRecord]) -> MemoryUse:
    """The highest of all shards, each of which is a process that answered its part; none of different methods."""
    uses = [part.record.memory for part in parts]
    methods = {use.method for use in uses}
    told = len(methods) == 1
    return MemoryUse(
        peak_rss=_most([use.peak_rss for use in uses]) if told else None,
        method=methods.pop() if told else None,
        sampled_rss=_most([use.sampled_rss for use in uses]),
        load_rss=_most([use.load_rss for use in uses]) if told else None,
        device=_most([use.device for use in uses]),
        torch_peak=_most([use.torch_peak for use in uses]),
        model_size=_most([use.model_size for use in uses]),
    )


def _provenance(parts: Sequence[ShardRecord]) -> Provenance:
    origins = [part.record.provenance for part in parts]
    now = datetime.now(UTC)
    return origins[0].model_copy(
        update={
            "dirty": None if origins[0].dirty is None else any(each.dirty for each in origins),
            "hardware": _hardware(parts),
            "session": f"merge-{now:%Y%m%d-%H%M%S}",
            # Its times are as old as the oldest of them; the record itself is the newest of its case.
            "created": min(each.created for each in origins),
            "stands_again": now.isoformat(timespec="milliseconds"),
            "merged": tuple(part.record.id for part in parts),
            "resumed": sum(each.resumed for each in origins),
            "worker_restarts": sum(each.worker_restarts for each in origins),
        }
    )


def _hardware(parts: Sequence[ShardRecord]) -> dict[str, Any]:
    """What all have; of machines of one kind the least of each number, else each value once, as text."""
    several = [part.record.provenance.hardware for part in parts]
    alike = all(parts[0].record.hardware.same_speed(part.record.hardware).same for part in parts)
    joined = {name: [each.get(name) for each in several] for name in several[0]}
    return {name: (_least(values) if alike else None) or _joined(values) for name, values in joined.items()}


def _least(values: Sequence[Any]) -> Any:
    """The least of several numbers; None where not all are."""
    return min(values) if all(isinstance(each, int | float) for each in values) else None


def _joined(values: Sequence[Any]) -> Any:
    """What all have; else each value once, as text."""
    told = list(dict.fromkeys(map(str, values)))
    return values[0] if len(told) == 1 else " + ".join(sorted(told))


def _median(values: Sequence[float | None]) -> float | None:
    return speed.quantile([value for value in values if value is not None], 0.5)


def _most(values: Sequence[Any]) -> Any:
    return max((value for value in values if value is not None), default=None)


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
