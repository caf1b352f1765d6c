"""The answers of one model, as far as the page compares them with those of others utterance by utterance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.stored import fields, labels
from pytest_modellab.core.metrics.table import Table
from pytest_modellab.results.record import Record, UtteranceResult
from pytest_modellab.tasks.asr.counts import counts_of
from pytest_modellab.tasks.chat.record import dialogues_of, reply_of
from pytest_modellab.tasks.registry import task_named

from ..row import Row
from .alignment import Alignment, align

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST = 2_000
"""Utterances of a case whose words are compared, the worst first, where the page has room for so many of each."""
MOST_IN_ALL = 8_000
_RIGHT = "answer_accuracy"

Words = list["str | list[str]"]
"""Runs of matching words as text; differences as [mark, word, word]."""


@dataclass(frozen=True)
class EarlierAnswers:
    """What a model answered before, to the utterances of a record: in its previous record, or in its baseline."""

    label: str
    hypotheses: Mapping[str, str | None]


@dataclass(frozen=True)
class Unaligned:
    """An utterance whose answer has no alignment: what was said, and why the answer has none."""

    reference: str
    why: str


@dataclass(frozen=True)
class ModelAnswers:
    """The answers of one model to the utterances of a data set.

    Attributes:
        model, device: that answered.
        before: when it did, in words; "" for this session.
        anchor: of its case.
        shared: what two must have in common to be compared: task, data and the way of counting.
        title: of the data, for a person.
        ids, errors, units, speakers: of each utterance.
        words: the alignment of the worst, by id; of those without errors there is none. Of turns the replies.
        sounds: the player on the page, by id.
        spoken: whether these sounds are its answers; else they are what it was given.
    """

    model: str
    device: str
    before: str
    anchor: str
    shared: tuple[str, ...]
    title: str
    ids: Sequence[str]
    errors: NDArray[np.int64]
    units: NDArray[np.int64]
    speakers: Sequence[str | None]
    words: Mapping[str, Words]
    sounds: Mapping[str, str] = field(default_factory=dict)
    spoken: bool = False
    asked: Mapping[str, str] = field(default_factory=dict)
    """What was said in each turn of a dialogue, by id."""
    unaligned: Mapping[str, Unaligned] = field(default_factory=dict)
    """Those of `words` that have no alignment, by id."""


def compared(record: Record) -> bool:
    """Whether its answers are transcripts that others' are compared with by their words, or judged replies."""
    task = task_named(record.case.task)
    if task.curve is not None:
        return False
    if dialogues_of(record) is not None:
        return record.value(_RIGHT) is not None
    known = record.comparable and not record.unscorable and len(record.units) < 2
    return known and task.transcripts


def answers(
    record: Record, row: Row, anchor: str, sounds: Mapping[str, str], most: int, earlier: Iterable[EarlierAnswers]
) -> Iterator[ModelAnswers]:
    """Those of a record, with the words of `most` utterances at most, and the earlier ones to the same utterances."""
    if dialogues_of(record) is not None:
        yield _turns(record, row, anchor, sounds, most)
        return
    import numpy as np

    counts, _ = counts_of(record.utterances)
    ids = [id for (id,) in fields(record.utterances, "id")]
    case = record.case
    places = [place for place in np.argsort(-counts.errors, kind="stable")[:most].tolist() if counts.errors[place]]
    words, unaligned = _words([record.utterances[place] for place in places], record)
    now = ModelAnswers(
        model=case.model,
        device=case.device,
        before="",
        anchor=anchor,
        shared=(case.task, row.data, record.error_metric),
        title=f"{case.task}: {case.dataset}",
        ids=ids,
        errors=counts.errors,
        units=counts.units,
        speakers=labels(record.utterances, "speaker"),
        words=words,
        unaligned=unaligned,
        sounds=sounds,
        spoken=not task_named(case.task).given_audio,
    )
    yield now
    for each in earlier:
        yield _earlier(record, now, each, most)


def _turns(record: Record, row: Row, anchor: str, sounds: Mapping[str, str], most: int) -> ModelAnswers:
    """The judged turns of its dialogues: one that is wrong counts as one error of one."""
    column = Table(record).column(METRICS[_RIGHT])
    places, case = column.rows.tolist(), record.case
    results = [record.utterances[place] for place in places[:most]]
    replies = {each.id: reply.text for each in results if (reply := reply_of(each)) is not None}
    return ModelAnswers(
        model=case.model,
        device=case.device,
        before="",
        anchor=anchor,
        shared=(case.task, row.data, _RIGHT),
        title=f"{case.task}: {case.dataset}",
        ids=[each.id for each in results],
        errors=(column.of - column.values)[:most].astype("int64"),
        units=column.of[:most].astype("int64"),
        speakers=list(column.clusters)[:most],
        words={id: [text] if text else [] for id, text in replies.items()},
        sounds=sounds,
        asked={each.id: each.reference for each in results},
    )


def _earlier(record: Record, now: ModelAnswers, before: EarlierAnswers, most: int) -> ModelAnswers:
    """The earlier answers, counted by the present rules; what is the same as now isn't counted again."""
    errors, words, unaligned = now.errors.copy(), dict(now.words), dict(now.unaligned)
    count, rules = task_named(record.case.task).scoring().errors, record.rules
    changed = [
        place
        for place, (id, told) in enumerate(fields(record.utterances, "id", "hypothesis"))
        if before.hypotheses.get(id) != told
    ]
    for place in changed:
        result = record.utterances[place]
        errors[place], _ = count(result, before.hypotheses.get(result.id), rules)
        words.pop(result.id, None)
        unaligned.pop(result.id, None)
    told = []
    for place in sorted(changed, key=lambda place: -errors[place])[:most]:
        if errors[place]:
            result = record.utterances[place]
            told.append(result.model_copy(update={"hypothesis": before.hypotheses.get(result.id), "error": None}))
    own_words, own_unaligned = _words(told, record)
    words.update(own_words)
    unaligned.update(own_unaligned)
    sounds = {} if now.spoken else now.sounds
    return replace(now, before=before.label, errors=errors, words=words, unaligned=unaligned, sounds=sounds)


def _words(results: Iterable[UtteranceResult], record: Record) -> tuple[dict[str, Words], dict[str, Unaligned]]:
    """The alignments by id, [] where there is none; and of these what is known instead."""
    words: dict[str, Words] = {}
    unaligned = {}
    for result in results:
        why = _unanswered(result)
        alignment = Alignment(()) if why else align(result, record.rules.of(result.language))
        words[result.id] = [
            each.expected if each.kind == "hit" else [each.mark, each.expected, each.found] for each in alignment.pieces
        ]
        if not alignment.pieces:
            unaligned[result.id] = Unaligned(result.reference, why or alignment.note)
    return words, unaligned


def _unanswered(result: UtteranceResult) -> str:
    """Why there is no answer; "" where there is one."""
    if result.error is not None:
        return f"no answer: {result.error.kind}: {result.error.message}"
    return "no answer" if result.hypothesis is None else ""
