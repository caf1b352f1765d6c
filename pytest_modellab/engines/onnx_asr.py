"""onnx-asr: models of several families on onnxruntime and numpy, on CPU and CUDA."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar, Literal

from .base import MOST_IN_BATCH, Clip, DeviceRef, LoadRequest, TimedWord, Transcript, check_language, expected_language

Architecture = Literal[
    "nemo-conformer-ctc",
    "nemo-conformer-rnnt",
    "nemo-conformer-tdt",
    "nemo-conformer-aed",
    "gigaam-v2-ctc",
    "gigaam-v2-rnnt",
    "gigaam-v3-ctc",
    "gigaam-v3-rnnt",
    "gigaam-v3-e2e-ctc",
    "gigaam-v3-e2e-rnnt",
    "gigaam-multilingual-ctc",
    "kaldi-rnnt",
    "t-one-ctc",
    "whisper",
    "whisper-ort",
]
"""By the library's names."""
_WITH_LANGUAGE = frozenset({"nemo-conformer-aed", "whisper", "whisper-ort"})
_LANGUAGE = re.compile(r"<\|([a-z]{2,3})\|>")
_NO_LANGUAGES = frozenset({"pnc", "itn"})
"""Canary's tokens that look like languages."""
_WINDOW_S = 30
_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


@dataclass(frozen=True)
class OnnxAsrOptions:
    """Every model takes the best token each time; none carries text over."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    architecture: Architecture
    """What kind of model the files are; `nemo-conformer-tdt` is Parakeet, `nemo-conformer-aed` is Canary."""
    quantization: str | None = None
    """Of files in several forms, those with this in their names, such as int8."""
    cpu_threads: int = 2
    language: str | None = None
    """Of Whisper and Canary: a fixed language, or `auto` to have Whisper detect it; else the clip's own."""
    batch_size: int = 1
    """So many different clips share a call, padded to the longest."""
    punctuation: bool | None = None
    """Canary only: whether it writes punctuation and capitals; null for the library's default."""

    def __post_init__(self) -> None:
        if self.cpu_threads < 1:
            raise ValueError("cpu_threads must be at least 1: 0 would mean a number that differs by machine")
        if not 1 <= self.batch_size <= MOST_IN_BATCH:
            raise ValueError(f"batch_size must be between 1 and {MOST_IN_BATCH}")
        if self.language and self.architecture not in _WITH_LANGUAGE:
            raise ValueError(f"language goes with {', '.join(sorted(_WITH_LANGUAGE))}")
        if self.language == "auto" and self.architecture == "nemo-conformer-aed":
            raise ValueError("language: Canary detects none")
        if self.punctuation is not None and self.architecture != "nemo-conformer-aed":
            raise ValueError("punctuation goes with nemo-conformer-aed")


class OnnxAsr:
    """See <https://github.com/istupakov/onnx-asr>."""

    tasks: ClassVar[frozenset[str]] = frozenset({"asr", "words"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu", "cuda"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ("onnx-asr", "onnxruntime")
    needs_weights: ClassVar[bool] = True
    extra: ClassVar[str] = "onnx-asr"
    Options: ClassVar[type[Any]] = OnnxAsrOptions

    def __init__(self, model: Any, options: OnnxAsrOptions, device: str) -> None:
        self._model = model
        self._options = options
        self._device = device

    @classmethod
    def load(cls, request: LoadRequest) -> OnnxAsr:
        import onnx_asr
        import onnxruntime

        if request.weights is None:
            raise ValueError("onnx-asr needs `weights:` in the model's spec")
        options = OnnxAsrOptions(**request.options)
        device = request.device
        if device.kind == "cuda" and _CUDA not in onnxruntime.get_available_providers():
            raise ValueError("this onnxruntime is a build for the CPU: install onnxruntime-gpu in its place")
        threads = onnxruntime.SessionOptions()
        threads.intra_op_num_threads = options.cpu_threads
        threads.inter_op_num_threads = 1
        model = onnx_asr.load_model(
            options.architecture,
            request.weights,  # a folder that is there: then nothing is downloaded
            quantization=options.quantization,
            sess_options=threads,
            providers=[(_CUDA, {"device_id": device.index}), _CPU] if device.kind == "cuda" else [_CPU],
        )
        engine = cls(model, options, _device_of(model, device))
        check_language(options.language, engine.spoken)
        return engine

    @cached_property
    def spoken(self) -> tuple[str, ...]:
        """The languages that the model has a token for; none of a model that is told no language."""
        if self._options.architecture not in _WITH_LANGUAGE:
            return ()
        found = (match[1] for token in self._model.asr._tokens if (match := _LANGUAGE.fullmatch(token)))
        return tuple(name for name in found if name not in _NO_LANGUAGES)

    def transcribe(self, clip: Clip) -> Transcript:
        return self.transcribe_batch([clip])[0]

    def transcribe_words(self, clip: Clip) -> Transcript:
        language = expected_language(self._options.language, clip, self.spoken) if self.spoken else None
        found = self._model.with_timestamps().recognize(clip.samples, sample_rate=self.rate, **self._told(language))
        words = tuple(words_of(found.tokens or (), found.timestamps, found.logprobs))
        return Transcript(found.text.strip(), words=words)

    def transcribe_batch(self, clips: Sequence[Clip]) -> list[Transcript]:
        """Clips in one language share a call."""
        groups: dict[str | None, list[int]] = {}
        for i, clip in enumerate(clips):
            language = expected_language(self._options.language, clip, self.spoken) if self.spoken else None
            groups.setdefault(language, []).append(i)
        found: dict[int, Transcript] = {}
        for language, places in groups.items():
            texts = self._model.recognize(
                [clips[i].samples for i in places], sample_rate=self.rate, **self._told(language)
            )
            found |= {i: Transcript(text.strip()) for i, text in zip(places, texts, strict=True)}
        return [found[i] for i in range(len(clips))]

    def _told(self, language: str | None) -> dict[str, Any]:
        options: dict[str, Any] = {"language": language} if self.spoken else {}
        if self._options.punctuation is not None:
            options["pnc"] = self._options.punctuation
        return options

    def facts(self) -> dict[str, str | int | float | bool | None]:
        whisper = self._options.architecture.startswith("whisper")
        return {
            "device": self._device,
            "family": self._options.architecture,
            "quantization": self._options.quantization,
            "cpu_threads": self._options.cpu_threads,
            "decoding": "best token",
            "long_audio": "cut off after 30 s" if whisper else "whole",
            **({"chunk_s": _WINDOW_S} if whisper else {}),
        }

    def synchronize(self) -> None:
        """Nothing to wait for: the call returns with the text."""

    def close(self) -> None:
        del self._model


def words_of(
    tokens: Sequence[str], starts_s: Sequence[float] | None, logarithms: Sequence[float] | None
) -> Iterator[TimedWord]:
    """The words that tokens make up, of which those that begin one begin with a space.

    A word starts with its first token, and has the product of the probabilities of its tokens. Where it ends isn't
    told: a token's time is that of the frame in which it was written.
    """
    begins = [i for i, token in enumerate(tokens) if token.strip() and (i == 0 or token.startswith(" "))]
    for begin, end in pairwise([*begins, len(tokens)]):
        probability = None if logarithms is None else min(1.0, math.exp(sum(logarithms[begin:end])))
        start_s = None if starts_s is None else float(starts_s[begin])
        yield TimedWord("".join(tokens[begin:end]).strip(), start_s, None, probability)


def _device_of(model: Any, device: DeviceRef) -> str:
    """The device that the model's sessions are on: onnxruntime falls back to the CPU where CUDA can't be opened."""
    sessions = [each for each in vars(model.asr).values() if hasattr(each, "get_providers")]
    on_cuda = bool(sessions) and all(each.get_providers()[0] == _CUDA for each in sessions)
    return f"cuda:{device.index}" if on_cuda else "cpu"
