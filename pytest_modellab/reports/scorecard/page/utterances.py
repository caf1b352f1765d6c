"""The utterances of a case that a page shows: the worst, with their texts and audio."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from pytest_modellab.core.console import counted
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.stored import StoredTable
from pytest_modellab.results.record import Record, UtteranceResult
from pytest_modellab.results.worst_utterances import worst_places
from pytest_modellab.tasks.asr.counts import counts_of
from pytest_modellab.tasks.asr.record import transcript_of
from pytest_modellab.tasks.base import TimedText
from pytest_modellab.tasks.chat.record import dialogues_of, reply_of
from pytest_modellab.tasks.registry import task_named
from pytest_modellab.tasks.streaming.record import stream_of
from pytest_modellab.tasks.tts.record import speech_of

from . import anchors, harmless
from .alignment import Alignment, align
from .sounds import Sound, Sounds
from .timelines import Timeline, timeline

SHOWN = 60
"""Utterances of one case, where the page has room for so many of each."""
SHOWN_IN_ALL = 1_200
_WITHOUT_ERRORS = 5
_MOST_PARTIALS = 40
_MOST_WORDS = 2_000
_EDGES = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)


@dataclass(frozen=True)
class Bar:
    """A bar of the histogram of error rates; `share` is relative to the highest bar."""

    label: str
    count: int
    share: float


@dataclass(frozen=True)
class ShownPartial:
    at: str
    text: str


@dataclass(frozen=True)
class Turn:
    """The reply to one turn of a dialogue."""

    dialogue: str
    said: str
    heard: str | None
    reply: str
    verdict: str
    by: str
    rules: str
    graded: str
    context: bool
    onset: str
    transcript: str


@dataclass(frozen=True)
class Shown:
    """One utterance."""

    id: str
    utterance: str
    """Its id as the record has it."""
    anchor: str
    told: str
    """Its errors in words."""
    facts: tuple[str, ...]
    reference: str
    hypothesis: str | None
    error: str
    detail: str
    alignment: Alignment | None
    sounds: tuple[Sound, ...] = ()
    faults: tuple[str, ...] = ()
    partials: tuple[ShownPartial, ...] = ()
    partials_left_out: int = 0
    offline: str | None = None
    turn: Turn | None = None
    words: tuple[TimedText, ...] = ()
    """Those with times, in their order."""
    timeline: Timeline | None = None


def shown(record: Record, sounds: Sounds, most: int = SHOWN) -> list[Shown]:
    """The worst of a record first; of a dialogue, the turns of those in which something went wrong."""
    return [_shown(result, record, sounds) for result in _chosen(record, most)]


def distribution(record: Record) -> list[Bar]:
    """How many utterances have which error rate of words; one without an answer has 100 %. [] without transcripts."""
    import numpy as np

    found, _ = counts_of(record.utterances)
    spoken = found.units > 0
    rates = found.errors[spoken] / found.units[spoken]
    bars = np.where(rates == 0, 0, 1 + np.searchsorted(_EDGES, rates, side="left"))
    counts = np.bincount(bars, minlength=len(_EDGES) + 2).tolist()
    if not any(counts):
        return []
    percents = [f"{100 * edge:.0f}" for edge in _EDGES]
    spans = [f"{low} to {high} %" for low, high in zip(["0", *percents], percents, strict=False)]
    labels = ["none wrong", *spans, f"above {percents[-1]} %"]
    most = max(counts)
    return [Bar(label, count, count / most if most else 0.0) for label, count in zip(labels, counts, strict=True)]


def _chosen(record: Record, most: int) -> Sequence[UtteranceResult]:
    if dialogues_of(record) is not None:
        turns = record.utterances
        replies = {r.id: reply for r in turns if (reply := reply_of(r)) is not None}
        troubled = {reply.dialogue for reply in replies.values() if reply.right is False}
        # Whole dialogues, those with a wrong answer first: a turn makes sense in its place only.
        return sorted(
            turns, key=lambda r: r.error is None and (r.id not in replies or replies[r.id].dialogue not in troubled)
        )[:most]
    worst = worst_places(record, most)
    known = set(worst)
    flawed = list(islice((place for place in _flawed(record) if place not in known), most - len(worst)))
    known.update(flawed)
    fill = max(0, min(_WITHOUT_ERRORS, most) - len(worst) - len(flawed))
    others = islice((place for place in range(len(record.utterances)) if place not in known), fill)
    return [record.utterances[place] for place in (*worst, *flawed, *others)]


def _flawed(record: Record) -> Iterator[int]:
    """The places of those whose speech has faults."""
    if isinstance(record.utterances, StoredTable) and "tts" not in record.parts:
        return
    for place, result in enumerate(record.utterances):
        speech = speech_of(result)
        if speech is not None and speech.faults:
            yield place


def _shown(result: UtteranceResult, record: Record, sounds: Sounds) -> Shown:
    streamed, speech, reply = stream_of(result), speech_of(result), reply_of(result)
    partials = streamed.partials if streamed is not None else ()
    aligned = result.error is None and result.hypothesis is not None and transcript_of(result) is not None
    players = [
        sounds.heard("what it heard", record, result) if task_named(record.case.task).given_audio else None,
        sounds.spoken("what it said", speech.audio) if speech is not None else None,
        sounds.spoken("its reply", reply.audio) if reply is not None else None,
    ]
    return Shown(
        id=harmless.line(result.id, 200),
        utterance=result.id,
        anchor=anchors.of_utterance(record.case, result.id),
        told=_note(result, record),
        facts=tuple(_facts(result, record)),
        reference=harmless.line(result.reference),
        hypothesis=None if result.hypothesis is None else harmless.line(result.hypothesis),
        error=harmless.lines(f"{result.error.kind}: {result.error.message}") if result.error is not None else "",
        detail=harmless.lines(result.error.detail) if result.error is not None else "",
        alignment=align(result, record.rules.of(result.language)) if aligned else None,
        sounds=tuple(each for each in players if each is not None),
        faults=tuple(harmless.line(fault) for fault in speech.faults) if speech is not None else (),
        partials=tuple(ShownPartial(f"{p.audio_s:.2f} s", harmless.line(p.text)) for p in partials[:_MOST_PARTIALS]),
        partials_left_out=max(0, len(partials) - _MOST_PARTIALS),
        offline=None if streamed is None or streamed.offline is None else harmless.line(streamed.offline),
        turn=_turn(result),
        words=tuple(
            replace(word, text=harmless.line(word.text).strip(), note=harmless.line(word.note, 100))
            for word in task_named(record.case.task).timed_words(result)[:_MOST_WORDS]
        ),
        timeline=timeline(tuple(task_named(record.case.task).lanes(result)), result.audio_s),
    )


def _turn(result: UtteranceResult) -> Turn | None:
    reply = reply_of(result)
    if reply is None:
        return None
    verdict = {True: "right", False: "wrong", None: "nothing to judge by"}[reply.right]
    return Turn(
        dialogue=harmless.line(reply.dialogue, 200),
        said=harmless.line(result.reference),
        heard=None if result.hypothesis is None else harmless.line(result.hypothesis),
        reply=harmless.line(reply.text),
        verdict="missed" if reply.missed else verdict,
        by=harmless.line(reply.by),
        rules=harmless.line("; ".join(f"{name}: {_plain(value)}" for name, value in reply.rules.items())),
        graded=harmless.line(reply.graded),
        context=reply.context,
        onset=METRICS["onset_p50_s"].format(reply.onset_s) if reply.onset_s is not None else "",
        transcript=harmless.line(reply.transcript) if reply.transcript != reply.text else "",
    )


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _note(result: UtteranceResult, record: Record) -> str:
    if result.error is not None:
        return f"no answer ({result.error.kind})"
    transcript, replied = transcript_of(result), reply_of(result) is not None
    if transcript is None:
        return "no transcript reported" if replied else ""
    unit = "word" if record.error_metric == "wer" else "character"
    heard = "heard with " if replied else ""
    return f"{heard}{counted(transcript.words.errors, 'error')} in {counted(transcript.words.units, unit)}"


def _facts(result: UtteranceResult, record: Record) -> list[str]:
    facts = [harmless.line(each, 200) for each in task_named(record.case.task).show(result)]
    facts.append(METRICS["load_s"].format(result.audio_s) + " of audio")
    if result.processing_s is not None:
        facts.append(METRICS["load_s"].format(result.processing_s) + " to process")
    facts += [f"speaker {harmless.line(result.speaker, 100)}"] if result.speaker else []
    facts += [harmless.line(result.kind, 100)] if result.kind else []
    facts += [f"signal to noise {result.snr_db:.0f} dB"] if result.snr_db is not None else []
    facts += [f"{harmless.line(key, 50)} {harmless.line(value, 100)}" for key, value in result.attributes.items()]
    facts += [f"detected language {harmless.line(result.detected_language, 20)}"] if result.detected_language else []
    speech = speech_of(result)
    if speech is not None:
        facts += [
            f"{METRICS[name].title} {METRICS[name].format(v)}" for name, v in speech.quality.items() if name in METRICS
        ]
    return facts
