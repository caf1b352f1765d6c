"""vosk: Kaldi's hybrid models, decoded while the audio arrives, on CPU."""

from __future__ import annotations

import ctypes
import json
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from . import pcm
from .base import Clip, LoadRequest, TimedWord, Transcript
from .utterances import UtteranceStream

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ERRORS_ONLY = -1


@dataclass(frozen=True)
class VoskOptions:
    """What the library has beside the model's own `conf/model.conf`, which sets beams and endpointing."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    step_s: float = 0.2
    """The recogniser is given so much audio at once; after each it may find the end of an utterance."""
    grammar: tuple[str, ...] = ()
    """Phrases that alone may be recognised, `[unk]` for anything else; none for the model's whole vocabulary."""
    seed: int = 0
    """Of the noise that Kaldi adds to the samples, set anew for each utterance: else answers differ by call."""

    def __post_init__(self) -> None:
        if not 0.05 <= self.step_s <= 5:
            raise ValueError("step_s must be between 0.05 and 5")
        if not all(phrase.strip() for phrase in self.grammar):
            raise ValueError("grammar must not have an empty phrase")
        if not 0 <= self.seed < 2**31:
            raise ValueError("seed must be between 0 and 2147483647")


class Vosk:
    """See <https://github.com/alphacep/vosk-api>."""

    tasks: ClassVar[frozenset[str]] = frozenset({"asr", "words", "streaming"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ("vosk",)
    needs_weights: ClassVar[bool] = True
    extra: ClassVar[str] = "vosk"
    Options: ClassVar[type[Any]] = VoskOptions

    def __init__(self, library: Any, model: Any, options: VoskOptions) -> None:
        self._library = library
        self._model = model
        self._options = options

    @classmethod
    def load(cls, request: LoadRequest) -> Vosk:
        import vosk

        if request.weights is None:
            raise ValueError("vosk needs `weights:` in the model's spec")
        options = VoskOptions(**request.options)
        vosk.SetLogLevel(_ERRORS_ONLY)
        # A folder, never a name: names are downloaded.
        return cls(vosk, vosk.Model(model_path=str(request.weights)), options)

    def transcribe(self, clip: Clip) -> Transcript:
        """Recognised as a stream is, so that both have the same text."""
        stream = self.start(clip.language)
        stream.push(clip.samples)
        return stream.finish()

    def transcribe_words(self, clip: Clip) -> Transcript:
        decoder = self._decoder()
        decoder.tell_words()
        stream = UtteranceStream(decoder, self.rate, self._options.step_s)
        stream.push(clip.samples)
        return replace(stream.finish(), words=tuple(decoder.words))

    def start(self, language: str | None) -> UtteranceStream:
        return UtteranceStream(self._decoder(), self.rate, self._options.step_s)

    def _decoder(self) -> _Decoder:
        # The noise comes from the C library's generator, which all recognisers of a process share.
        _c_library().srand(self._options.seed)
        # One for each utterance: a recogniser keeps what it has adapted to.
        arguments: list[Any] = [self._model, float(self.rate)]
        if self._options.grammar:
            arguments.append(json.dumps(list(self._options.grammar), ensure_ascii=False))
        return _Decoder(self._library.KaldiRecognizer(*arguments))

    def facts(self) -> dict[str, str | int | float | bool | None]:
        return {
            "device": "cpu",
            "family": "hidden Markov model with a neural acoustic model",
            "long_audio": "utterance after utterance, by the library's own endpointing",
            "seed": self._options.seed,
        }

    def synchronize(self) -> None:
        """Nothing to wait for: the call returns with the text."""

    def close(self) -> None:
        del self._model


class _Decoder:
    """A recogniser, which resets itself where it finds the end of an utterance."""

    def __init__(self, recognizer: Any) -> None:
        self._recognizer = recognizer
        self.words: list[TimedWord] = []
        """Those of utterances that are over, where they are told."""

    def tell_words(self) -> None:
        """Have results tell each word's time and confidence."""
        self._recognizer.SetWords(True)

    def hear(self, samples: NDArray[np.float32]) -> tuple[str, bool]:
        if self._recognizer.AcceptWaveform(pcm.encoded(samples)):
            return self._final(self._recognizer.Result()), True
        return _field(self._recognizer.PartialResult(), "partial"), False

    def rest(self) -> str:
        return self._final(self._recognizer.FinalResult())

    def _final(self, result: str) -> str:
        self.words += [
            TimedWord(str(word["word"]), float(word["start"]), float(word["end"]), float(word["conf"]))
            for word in json.loads(result).get("result", ())
        ]
        return _field(result, "text")


def _c_library() -> ctypes.CDLL:
    return ctypes.CDLL("msvcrt" if sys.platform == "win32" else None)


def _field(result: str, name: str) -> str:
    """A text out of what the library answers, JSON."""
    return str(json.loads(result).get(name, "")).strip()
