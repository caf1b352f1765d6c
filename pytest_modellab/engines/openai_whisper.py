"""openai-whisper: OpenAI's own Whisper, on CPU, CUDA and MPS."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from pytest_modellab.core.language import canonical_name

from . import on_torch
from .base import Clip, LoadRequest, TimedWord, Transcript, check_language, expected_language
from .whisper_translation import check_target

_WINDOW_S = 30


@dataclass(frozen=True)
class OpenAIWhisperOptions:
    """Deterministic by default: one temperature (a list of them makes WER flicker), no text carried over."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    dtype: Literal["float32", "float16"] = "float32"
    beam_size: int = 5
    cpu_threads: int = 2
    temperature: float = 0.0
    condition_on_previous_text: bool = False
    language: str | None = None
    """Fixed language, or `auto` to have it detected; else the clip's own."""
    initial_prompt: str | None = None

    def __post_init__(self) -> None:
        if self.beam_size < 1:
            raise ValueError("beam_size must be at least 1")
        if self.cpu_threads < 1:
            raise ValueError("cpu_threads must be at least 1: 0 would mean a number that differs by machine")
        if not 0 <= self.temperature <= 1:
            raise ValueError("temperature must be between 0 and 1")


class OpenAIWhisper:
    """See <https://github.com/openai/whisper>."""

    tasks: ClassVar[frozenset[str]] = frozenset({"asr", "words", "translate"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu", "cuda", "mps"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ("openai-whisper", "torch", "tiktoken")
    needs_weights: ClassVar[bool] = True
    extra: ClassVar[str] = "openai-whisper"
    Options: ClassVar[type[Any]] = OpenAIWhisperOptions

    def __init__(self, model: Any, options: OpenAIWhisperOptions, spoken: Collection[str]) -> None:
        self._model = model
        self._options = options
        self._spoken = spoken

    @classmethod
    def load(cls, request: LoadRequest) -> OpenAIWhisper:
        options = OpenAIWhisperOptions(**request.options)
        checkpoint = _checkpoint(request.weights)
        import whisper

        device = on_torch.begin(request.device, options.dtype, options.cpu_threads)
        # A file, never a name: names are downloaded. It is read as data: whisper passes weights_only=True.
        model = whisper.load_model(str(checkpoint), device="cpu" if device.type == "mps" else device)
        # The library lists Cantonese, its last one, for all weights: those of before large-v3 have no token for it.
        spoken = tuple(whisper.tokenizer.LANGUAGES)[: model.num_languages] if model.is_multilingual else ("en",)
        check_language(options.language, spoken)
        if device.type == "mps":
            # MPS knows no sparse tensors; these serve word timestamps only.
            model.register_buffer("alignment_heads", model.alignment_heads.to_dense(), persistent=False)
            model = model.to(device)
        return cls(model.eval(), options, spoken)

    def transcribe(self, clip: Clip) -> Transcript:
        return self._transcript(clip)[0]

    def transcribe_words(self, clip: Clip) -> Transcript:
        transcript, found = self._transcript(clip, word_timestamps=True)
        words = [
            TimedWord(word["word"], float(word["start"]), float(word["end"]), float(word["probability"]))
            for segment in found["segments"]
            for word in segment["words"]
        ]
        return replace(transcript, words=tuple(words))

    def translate(self, clip: Clip, target: str) -> Transcript:
        check_target(target, multilingual=self._model.is_multilingual)
        return self._transcript(clip, task="translate")[0]

    def _transcript(
        self, clip: Clip, *, word_timestamps: bool = False, task: str = "transcribe"
    ) -> tuple[Transcript, dict[str, Any]]:
        options = self._options
        language = expected_language(options.language, clip, self._spoken)
        found = self._model.transcribe(
            clip.samples,
            language=language,
            # Without a beam it takes the best token each time; it refuses one at other temperatures.
            beam_size=options.beam_size if options.beam_size > 1 and options.temperature == 0 else None,
            temperature=options.temperature,
            condition_on_previous_text=options.condition_on_previous_text,
            initial_prompt=options.initial_prompt,
            fp16=options.dtype == "float16",
            word_timestamps=word_timestamps,
            task=task,
        )
        # An English-only model reports `en` for every clip.
        detected = canonical_name(found["language"]) if language is None and self._model.is_multilingual else None
        return Transcript(found["text"].strip(), detected), found

    def facts(self) -> dict[str, str | int | float | bool | None]:
        return {
            "device": str(self._model.device),
            "dtype": self._options.dtype,
            "cpu_threads": self._options.cpu_threads,
            "family": "whisper",
            "long_audio": "window after window, each from the last timestamp of the one before",
            "chunk_s": _WINDOW_S,
        }

    def synchronize(self) -> None:
        on_torch.wait_for(self._model.device)

    def close(self) -> None:
        del self._model


def _checkpoint(weights: Path | None) -> Path:
    if weights is None:
        raise ValueError("openai-whisper needs `weights:` in the model's spec")
    found = sorted(weights.glob("*.pt"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise ValueError(f"openai-whisper loads one checkpoint, a file that ends in .pt; found in {weights}: {names}")
    return found[0]
