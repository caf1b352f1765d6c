"""pocketsphinx: hidden Markov models and trigrams, with the US English model of its package, on CPU."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from .base import Clip, LoadRequest, TimedWord, Transcript

_FRAMES_S = 100
_NO_WORD = re.compile(r"<.*>|\[.*\]")
"""Silence, noise, and the ends of a sentence."""
_PRONUNCIATION = re.compile(r"\(\d+\)$")


@dataclass(frozen=True)
class PocketSphinxOptions:
    """The library's own defaults, written down."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    language_weight: float = 6.5
    word_insertion_penalty: float = 0.65

    def __post_init__(self) -> None:
        if self.language_weight <= 0:
            raise ValueError("language_weight must be more than 0")
        if self.word_insertion_penalty <= 0:
            raise ValueError("word_insertion_penalty must be more than 0")


class PocketSphinx:
    """See <https://github.com/cmusphinx/pocketsphinx>."""

    tasks: ClassVar[frozenset[str]] = frozenset({"asr", "words"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ("pocketsphinx",)
    needs_weights: ClassVar[bool] = False
    extra: ClassVar[str] = "pocketsphinx"
    Options: ClassVar[type[Any]] = PocketSphinxOptions

    def __init__(self, decoder: Any, options: PocketSphinxOptions) -> None:
        self._decoder = decoder
        self._options = options

    @classmethod
    def load(cls, request: LoadRequest) -> PocketSphinx:
        from pocketsphinx import Decoder

        if request.weights is not None:
            raise ValueError("pocketsphinx brings its own model: leave `weights:` out of the model's spec")
        options = PocketSphinxOptions(**request.options)
        decoder = Decoder(
            samprate=cls.rate,
            lw=options.language_weight,
            wip=options.word_insertion_penalty,
            loglevel="ERROR",
        )
        return cls(decoder, options)

    def transcribe(self, clip: Clip) -> Transcript:
        import numpy as np

        samples = (np.clip(clip.samples, -1, 1) * 32767).astype("<i2")
        # What it has learnt of the noise in earlier clips would make the answer depend on their order.
        self._decoder.reinit_feat()
        self._decoder.start_utt()
        self._decoder.process_raw(samples.tobytes(), no_search=False, full_utt=True)
        self._decoder.end_utt()
        found = self._decoder.hyp()
        return Transcript("" if found is None else found.hypstr)

    def transcribe_words(self, clip: Clip) -> Transcript:
        return replace(self.transcribe(clip), words=tuple(self._words()))

    def _words(self) -> Iterator[TimedWord]:
        """The words of the last clip: their frames, and posterior probabilities in the lattice of what was likely."""
        if self._decoder.hyp() is None:
            return
        for segment in self._decoder.seg():
            if not _NO_WORD.fullmatch(segment.word):
                text = _PRONUNCIATION.sub("", segment.word)
                start_s, end_s = segment.start_frame / _FRAMES_S, (segment.end_frame + 1) / _FRAMES_S
                yield TimedWord(text, start_s, end_s, min(1.0, float(self._decoder.logmath.exp(round(segment.prob)))))

    def facts(self) -> dict[str, str | int | float | bool | None]:
        return {
            "device": "cpu",
            "family": "hidden Markov model",
            "model": "en-us of the package",
            "long_audio": "whole",
        }

    def synchronize(self) -> None:
        """Nothing to wait for: the call returns with the text."""

    def close(self) -> None:
        del self._decoder
