"""Protocols of engines that do more than recognise, speak and reply: word times, translation, ends of turns."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from .base import Clip, Engine, Transcript


class WordTranscriber(Engine, Protocol):
    """An engine that tells when each word was said, how sure it is of it, or both."""

    def transcribe_words(self, clip: Clip) -> Transcript:
        """Recognise one clip, with `words`. All that this takes beyond a text is part of the call."""
        ...


class Translator(Engine, Protocol):
    """An engine that writes in one language what is said in another."""

    def translate(self, clip: Clip, target: str) -> Transcript:
        """Translate one clip into the language of the tag `target`. Raises ValueError for one it can't write."""
        ...


class TurnDetector(Engine, Protocol):
    """An engine that tells whether a speaker has finished, or only pauses."""

    threshold: float
    """The probability from which on the turn counts as finished."""

    def ended(self, clip: Clip) -> float:
        """The probability that the speaker has finished, from the sound of the turn up to a moment in a pause."""
        ...


@runtime_checkable
class Beginning(Protocol):
    """A TurnDetector that goes on with a turn from one question to the next, and is told where another begins."""

    def begin(self) -> None:
        """The next question is about another turn, whatever its sound is."""
        ...
