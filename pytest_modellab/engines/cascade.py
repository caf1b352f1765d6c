"""A cascade: a recogniser, a language model and, optionally, a synthesizer, in one process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from pytest_modellab.core.language import primary_language

from . import own_threads
from .base import Clip, Exchange, Fact, Heard, LoadRequest, ModelPart, Speech, Telling, Transcript, Turn

# The end of a sentence: its mark, closing quotes or brackets, and white space behind them; or the end of a paragraph.
_END = re.compile(r"[.!?…]+[\"'”’)\]]*\s+|[。！？]|\n+")
_UNSPOKEN = re.compile(r"[*_#`|~<>]+")
ENGLISH = "Translate the following text into English. Answer with the translation alone.\n\n{text}"
LEAST_LETTERS = 8
"""What is shorter, `1.` or `Dr.`, is spoken with what follows: it may be no sentence."""


@dataclass(frozen=True)
class CascadeOptions:
    """The options of the whole; those of its parts are in their own specs."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    by_sentence: bool = True
    """Whether a sentence is spoken as soon as it is written; else the whole reply, once it is over."""
    translate_prompt: str | None = None
    """What the language model is asked with the task translate, with {text}; by default to translate into English."""
    language: str | None = None
    """What the speaking part is told that replies are in; by default the language of what was said."""

    def __post_init__(self) -> None:
        if self.translate_prompt is not None and "{text}" not in self.translate_prompt:
            raise ValueError("translate_prompt needs {text}, where what was said stands")


class Cascade:
    """Recognition, a language model and, if the spec names one, synthesis: `parts: {asr: ..., llm: ..., tts: ...}`.

    It yields the transcript first (`Heard`), then text and speech of the reply as they are ready.
    """

    tasks: ClassVar[frozenset[str]] = frozenset({"chat", "translate"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu", "cuda", "mps"})
    rate: ClassVar[int] = 16_000
    hears: ClassVar[bool] = True
    speaks: ClassVar[bool] = True
    """With a `tts` part; without, it answers in writing alone."""
    distributions: ClassVar[tuple[str, ...]] = ()
    needs_weights: ClassVar[bool] = False
    extra: ClassVar[str] = ""
    Options: ClassVar[type[Any]] = CascadeOptions
    roles: ClassVar[dict[str, str]] = {"asr": "asr", "llm": "chat", "tts": "tts"}
    """What its parts are called, and the task that each must do."""
    needed_roles: ClassVar[frozenset[str]] = frozenset({"asr", "llm"})

    def __init__(self, asr: Any, llm: Any, tts: Any | None, options: CascadeOptions) -> None:
        """Engines that are loaded: a Transcriber, a Conversant that reads, a Synthesizer."""
        self._asr = asr
        self._llm = llm
        self._tts = tts
        self._options = options

    @classmethod
    def load(cls, request: LoadRequest) -> Cascade:
        lacking = cls.needed_roles - request.parts.keys()
        if lacking:
            raise ValueError(f"a cascade needs the parts asr and llm; it lacks {', '.join(sorted(lacking))}")
        hearing: ModelPart = request.parts["asr"]
        if hearing.engine.rate != cls.rate:
            raise ValueError(f"a cascade's clips come at {cls.rate} Hz, and its asr takes {hearing.engine.rate} Hz")
        loaded = dict(zip(request.parts, own_threads.loaded(request.parts.values()), strict=True))
        return cls(loaded["asr"], loaded["llm"], loaded.get("tts"), CascadeOptions(**request.options))

    def respond(self, turn: Turn) -> Iterator[str | Speech | Heard]:
        if turn.clip is None:
            raise ValueError("a cascade is given what was said aloud, and got no clip")
        heard = self._asr.transcribe(turn.clip).text
        yield Heard(heard)
        if not any(character.isalnum() for character in heard):
            return  # no speech was recognised, so there is nothing to answer
        language = self._options.language or turn.clip.language
        written = Turn(None, heard, [self._in_writing(past) for past in turn.history])
        unspoken = ""
        for piece in self._llm.respond(written):
            if not isinstance(piece, str):
                continue
            yield piece
            unspoken += piece
            while self._options.by_sentence and (cut := first_sentence(unspoken)) is not None:
                sentence, unspoken = cut
                yield from self._speak(sentence, language)
        yield from self._speak(unspoken, language)

    def translate(self, clip: Clip, target: str) -> Transcript:
        """What the recogniser heard, as the language model translates it when it is asked to."""
        heard = self._asr.transcribe(clip)
        if not any(character.isalnum() for character in heard.text):
            return Transcript("", heard.language)
        asked = Turn(None, self._translation_prompt(target).replace("{text}", heard.text))
        said = (piece for piece in self._llm.respond(asked) if isinstance(piece, str))
        return Transcript("".join(said).strip(), heard.language)

    def _translation_prompt(self, target: str) -> str:
        if self._options.translate_prompt is not None:
            return self._options.translate_prompt
        if primary_language(target) != "en":
            raise ValueError(
                f"what the language model is asked is written for English, and `target` is {target}: give"
                " `translate_prompt` under `options:` in the model's spec, with {text}"
            )
        return ENGLISH

    def _in_writing(self, past: Exchange) -> Exchange:
        """What was said in an earlier turn, as this engine's own recogniser heard it."""
        heard = past.heard
        if heard is None and past.clip is not None:
            heard = self._asr.transcribe(past.clip).text
        return Exchange(None, heard if heard is not None else past.text, heard, past.reply)

    def _speak(self, text: str, language: str | None) -> Iterator[Speech]:
        spoken = _UNSPOKEN.sub(" ", text).strip()
        if self._tts is None or not any(character.isalnum() for character in spoken):
            return
        yield from self._tts.synthesize(spoken, language)

    def facts(self) -> dict[str, Fact]:
        """The facts of each part, under its role; the device is that of the language model."""
        told: dict[str, Fact] = {}
        for role, engine in (("asr", self._asr), ("llm", self._llm), ("tts", self._tts)):
            if isinstance(engine, Telling):
                facts = engine.facts()
                told |= {f"{role}_{name}": fact for name, fact in facts.items()}
                if role == "llm" and "device" in facts:
                    told["device"] = facts["device"]
        return told

    def synchronize(self) -> None:
        for engine in (self._asr, self._llm, self._tts):
            if engine is not None:
                engine.synchronize()

    def close(self) -> None:
        for engine in (self._asr, self._llm, self._tts):
            if engine is not None:
                engine.close()


def first_sentence(text: str) -> tuple[str, str] | None:
    """The first sentence of what is still being written, and the rest; None while no sentence is sure to be over.

    A mark ends it only if white space follows: `3.` may be about to become `3.14`.
    """
    for found in _END.finditer(text):
        sentence = text[: found.end()]
        if sum(character.isalnum() for character in sentence) >= LEAST_LETTERS:
            return sentence.strip(), text[found.end() :]
    return None
