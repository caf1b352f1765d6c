"""Judges of speech: a recogniser that transcribes it, and predictors of its quality.

They are models like any other, each in a worker of its own. They run after the last answer, so that they disturb no
timing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pytest_modellab.catalog.datasets import Dataset, Utterance
from pytest_modellab.core.audio_artifacts import AudioArtifacts
from pytest_modellab.core.metrics import asr
from pytest_modellab.core.schema_base import edits
from pytest_modellab.engines.base import Clip
from pytest_modellab.engines.registry import PREDICTORS, engine_class
from pytest_modellab.tasks.asr.request import transcription
from pytest_modellab.tasks.requests import Request
from pytest_modellab.tasks.scoring import JudgedSpeech
from pytest_modellab.tasks.tts.record import Judge

from . import predictor_handler
from .executor import Worker
from .journal import Journal
from .load_order import LoadOrder
from .serving import Serving

Start = Callable[[LoadOrder], Worker]


class JudgeError(Exception):
    """A judge that could not be loaded, or failed on its input."""


@dataclass
class Judges:
    """The judges of one data set's speech."""

    model: str
    """The id of the recogniser."""
    order: LoadOrder
    """What it takes to load it."""
    readings: Dataset | None
    predictors: Mapping[str, LoadOrder]
    absent: Mapping[str, str]
    """Predictors that aren't here -> why."""
    inputs: Mapping[str, Any]
    """Everything that can change what they say."""
    _judge: Judge | None = field(default=None, init=False)
    """How well the recogniser hears people, once that is known."""

    def listen(
        self,
        said: Mapping[str, SpokenAnswer],
        sounds: AudioArtifacts,
        journal: Journal,
        start: Start,
        say: Callable[[str], None],
    ) -> JudgedSpeech:
        """Have all speech transcribed and rated; results in the journal are reused.

        Raises JudgeError, or audio.AudioError where a sound is gone.
        """
        lines = {line["judged"]: line for line in journal.lines if "judged" in line}
        new = {id: each for id, each in said.items() if id not in lines}
        missing = dict(self.absent)
        with Listener(self.model, self.order, start) as listener:
            texts = self._written_down(new, sounds, listener, say)
            judge = self._held_against_people(listener, say)
        quality: dict[str, dict[str, float]] = {id: {} for id in new}
        for name, order in self.predictors.items():
            try:
                for id, score in _rate(name, order, new, sounds, start, say).items():
                    quality[id][name] = score
            except JudgeError as error:
                missing[name] = str(error)
        for id in new:
            line = {"judged": id, "text": texts[id], "quality": quality[id]}
            journal.append(line)
            lines[id] = line
        return JudgedSpeech(
            judge=judge,
            texts={id: line["text"] for id, line in lines.items()},
            quality={id: line["quality"] for id, line in lines.items()},
            missing=missing,
        )

    def _written_down(
        self, said: Mapping[str, SpokenAnswer], sounds: AudioArtifacts, listener: Listener, say: Callable[[str], None]
    ) -> dict[str, str]:
        texts: dict[str, str] = {}
        for i, (id, each) in enumerate(said.items(), 1):
            say(f"{self.model} writes down what was said, {i} of {len(said)}")
            # Recognisers hallucinate words on silence.
            texts[id] = listener.transcribe(each.clip(sounds, listener.rate)) if each.audible else ""
        return texts

    def _held_against_people(self, listener: Listener, say: Callable[[str], None]) -> Judge:
        """How well the recogniser hears people, by their readings."""
        asked = (*self.predictors, *self.absent)
        if self.readings is None:
            return Judge(model=self.model, readings=None, quality=asked)
        if self._judge is None:
            rules = self.readings.rules
            scored = []
            for each in self.readings.utterances:
                say(f"{self.model} listens to people: {self.readings.spec.id}")
                scored.append(
                    asr.score(each.text, listener.transcribe(each.clip(listener.rate)), rules.of(each.language))
                )
            corpus = asr.corpus(scored)
            words = edits(corpus.words)
            self._judge = Judge(
                model=self.model, readings=self.readings.spec.id, quality=asked, words=words, wer=corpus.wer
            )
        return self._judge


@dataclass(frozen=True)
class SpokenAnswer:
    """The speech of one utterance."""

    audio: str
    """The digest of its sound."""
    audible: bool
    language: str | None
    reading: Utterance | None = None
    """A person's reading of the same text."""

    def clip(self, sounds: AudioArtifacts, rate: int) -> Clip:
        return Clip(sounds.samples(self.audio, rate), rate, self.language)


def said_of(utterances: Sequence[Utterance], answers: Mapping[str, Mapping[str, Any]]) -> dict[str, SpokenAnswer]:
    """The speech of each answered utterance, by id."""
    parts = {each: answers[each.id]["part"] for each in utterances if answers[each.id]["error"] is None}
    return {
        each.id: SpokenAnswer(
            part["audio"], part["audible"], each.language, None if "heard" in part else _reading(each)
        )
        for each, part in parts.items()
        if part is not None and (part["audible"] or "heard" not in part)  # a reply may be in writing alone
    }


def _reading(utterance: Utterance) -> Utterance | None:
    """A person's reading of the same text, if there is one; what is said in a dialogue is none of its reply."""
    return utterance if utterance.recording is not None else None


def _rate(
    name: str,
    order: LoadOrder,
    said: Mapping[str, SpokenAnswer],
    sounds: AudioArtifacts,
    start: Start,
    say: Callable[[str], None],
) -> dict[str, float]:
    """The scores of a predictor, by utterance id. Raises JudgeError."""
    scores: dict[str, float] = {}
    audible = {id: each for id, each in said.items() if each.audible}
    with Listener(name, order, start) as listener:
        for i, (id, each) in enumerate(audible.items(), 1):
            say(f"{name} rates what was said, {i} of {len(audible)}")
            clip = each.clip(sounds, listener.rate)
            scores[id] = listener.rate_clip(clip, compared_with(name, each, audible.values(), sounds, listener.rate))
    return scores


def compared_with(
    name: str, each: SpokenAnswer, audible: Iterable[SpokenAnswer], sounds: AudioArtifacts, rate: int
) -> Clip | None:
    """What a predictor compares an utterance with, at `rate` Hz. Raises JudgeError where there is no such thing."""
    match PREDICTORS[name].compares_with:
        case "nothing":
            return None
        case "reading":
            if each.reading is None:
                raise JudgeError(f"{name} holds speech against people reading the same text, and there are no readings")
            return each.reading.clip(rate)
        case "utterance":
            other = next((other for other in audible if other is not each), None)
            if other is None:
                raise JudgeError(f"{name} compares utterances, and there is one only")
            return other.clip(sounds, rate)


class Listener:
    """A judge that is loaded at the first request and closed when its context ends."""

    def __init__(self, name: str, order: LoadOrder, start: Start) -> None:
        self._serving = Serving(f"the judge {name}", order, start, JudgeError)
        self._engine = order.engine

    @cached_property
    def rate(self) -> int:
        """Hz at which its clips come."""
        return engine_class(self._engine).rate

    def transcribe(self, clip: Clip) -> str:
        """The transcript. Raises JudgeError."""
        return str(self._serving.ask(transcription(clip))["text"])

    def rate_clip(self, clip: Clip, other: Clip | None = None) -> float:
        """The score of a clip, alone or compared with another. Raises JudgeError."""
        clips = [clip] if other is None else [clip, other]
        payload = b"".join(each.samples.astype("<f4").tobytes() for each in clips)
        message = {"op": "rate", "handler": predictor_handler.__name__, "rate": clip.rate, "own": len(clip.samples)}
        return float(self._serving.ask(Request(message, payload, sum(each.seconds for each in clips)))["score"])

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self._serving.__exit__()
