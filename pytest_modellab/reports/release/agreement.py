"""Consistency of a bundle: a record, the control's record of the same case, and the catalog must agree."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from pytest_modellab.catalog import Catalog
from pytest_modellab.results import baseline
from pytest_modellab.results.record import Record, UtteranceResult
from pytest_modellab.results.recount import alike
from pytest_modellab.results.verdicts import case_key
from pytest_modellab.runner.specified import apart_from_specs
from pytest_modellab.tasks.chat.record import reply_of
from pytest_modellab.tasks.registry import task_named

from .contents import Contents
from .note import BASELINES

_OF_THE_DATA = ("reference", "prompt", "speaker", "language", "kind", "snr_db")
"""Of an utterance: what its data set tells, whoever answers."""
_OF_THE_ENGINE = frozenset({"engine", "parts", "versions", "python", "environment", "code", "judge", "grader"})
"""Inputs in which the control, which is another engine, may differ."""
_OF_THE_SOUND = frozenset({"dataset"})
"""Inputs of a dialogue in which the control may differ: it is told in text what a model hears."""
_SECONDS = 0.01
"""By which the length of a clip may differ at two sample rates."""


def contradictions(found: Contents, catalog: Catalog | None) -> Iterator[str]:
    """Contradictions between the records and the bundle's catalog, or the control's records of the same case."""
    if catalog is not None:
        for records, control in ((found.records, False), (found.control_records, True)):
            for name, record in records.items():
                yield from (f"{name}: {told}" for told in apart_from_specs(record, catalog, control=control))
    controls = {case_key(record.case): record for record in found.control_records.values()}
    for name, record in found.records.items():
        if (other := controls.get(case_key(record.case))) is not None:
            yield from (f"{name}: {told}" for told in apart_from_control(record, other))


def other_baselines(found: Contents, beside: Path) -> Iterator[str]:
    """Baselines of the bundle's cases that are not as in the folder `beside`, or are in one of the two alone."""
    wanted = {baseline.place(record, beside).relative_to(beside) for record in found.records.values()}
    there = {path.relative_to(found.folder / BASELINES) for path in (found.folder / BASELINES).rglob("*.jsonl")}
    for name in sorted(wanted | there):
        ours, theirs = found.folder / BASELINES / name, beside / name
        if not theirs.is_file():
            if ours.is_file():
                yield f"{BASELINES}/{name.as_posix()}: there is none in {beside}"
        elif not ours.is_file():
            yield f"{BASELINES}/{name.as_posix()}: is missing, {theirs} has it"
        elif ours.read_bytes() != theirs.read_bytes():
            yield f"{BASELINES}/{name.as_posix()}: not as in {beside}"


def apart_from_control(record: Record, control: Record) -> Iterator[str]:
    """What two records of one case, the second the control's, have otherwise and must share: inputs and data."""
    free = _OF_THE_ENGINE | (_OF_THE_SOUND if task_named(record.case.task).may_be_written else frozenset())
    ours, theirs = record.provenance.inputs, control.provenance.inputs
    for name in sorted((ours.keys() | theirs.keys()) - free):
        if ours.get(name) != theirs.get(name):
            yield f"inputs.{name}: is {ours.get(name)!r:.60}, in the control's record {theirs.get(name)!r:.60}"
    if record.normalizer != control.normalizer:
        yield f"was scored by {record.normalizer.name}, the control by {control.normalizer.name}"
    for i, (one, other) in enumerate(zip_longest(record.utterances, control.utterances)):
        if one is None or other is None or one.id != other.id:
            counts = f"holds {len(record.utterances)} utterances, the control's record {len(control.utterances)}"
            names = [repr(each.id)[:60] if each is not None else "none" for each in (one, other)]
            yield f"{counts}; at place {i} {names[0]}, in the control's {names[1]}"
            return
        yield from (f"utterance {one.id}: {told}" for told in _told_apart(one, other, record.case.task))


def _transcribes(task: str) -> bool:
    """Whether the audio of an utterance is that of the recording."""
    found = task_named(task)
    return found.given_audio and not found.may_speak


def _told_apart(one: UtteranceResult, other: UtteranceResult, task: str) -> Iterator[str]:
    for name in _OF_THE_DATA:
        ours, theirs = getattr(one, name), getattr(other, name)
        if not alike(ours, theirs):
            yield f"its {name} is {ours!r:.60}, in the control's record {theirs!r:.60}"
    heard = _transcribes(task) and one.error is None and other.error is None
    if heard and abs(one.audio_s - other.audio_s) > _SECONDS:
        yield f"its audio is {one.audio_s:g} s long, in the control's record {other.audio_s:g} s"
    reply, reference = reply_of(one), reply_of(other)
    if reply is not None and reference is not None:
        for name in ("dialogue", "context", "rules", "rubric"):
            ours, theirs = getattr(reply, name), getattr(reference, name)
            if ours != theirs:
                yield f"its {name} is {ours!r:.60}, in the control's record {theirs!r:.60}"
