"""faster-whisper: Whisper through CTranslate2, on CPU and CUDA."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from .base import Clip, LoadRequest, Transcript, check_language, expected_language

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

ComputeType = Literal[
    "default",
    "auto",
    "int8",
    "int8_float32",
    "int8_float16",
    "int8_bfloat16",
    "int16",
    "float16",
    "bfloat16",
    "float32",
]


@dataclass(frozen=True)
class FasterWhisperOptions:
    """Deterministic by default: one temperature (a list of them makes WER flicker), no text carried over."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    compute_type: ComputeType = "default"
    beam_size: int = 5
    cpu_threads: int = 2
    temperature: float = 0.0
    condition_on_previous_text: bool = False
    vad_filter: bool = False
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


class FasterWhisper:
    """See <https://github.com/SYSTRAN/faster-whisper>."""

    tasks: ClassVar[frozenset[str]] = frozenset({"asr"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu", "cuda"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ("faster-whisper", "ctranslate2", "tokenizers", "onnxruntime")
    needs_weights: ClassVar[bool] = True
    extra: ClassVar[str] = "faster-whisper"
    Options: ClassVar[type[Any]] = FasterWhisperOptions

    def __init__(self, model: WhisperModel, options: FasterWhisperOptions) -> None:
        self._model = model
        self._options = options

    @classmethod
    def load(cls, request: LoadRequest) -> FasterWhisper:
        from faster_whisper import WhisperModel

        if request.weights is None:
            raise ValueError("faster-whisper needs `weights:` in the model's spec")
        options = FasterWhisperOptions(**request.options)
        model = WhisperModel(
            str(request.weights),
            device=request.device.kind,
            device_index=request.device.index,
            compute_type=options.compute_type,
            cpu_threads=options.cpu_threads,
            num_workers=1,
            local_files_only=True,
        )
        check_language(options.language, model.supported_languages)
        return cls(model, options)

    def transcribe(self, clip: Clip) -> Transcript:
        options = self._options
        language = expected_language(options.language, clip, self._model.supported_languages)
        segments, info = self._model.transcribe(
            clip.samples,
            language=language,
            beam_size=options.beam_size,
            temperature=options.temperature,
            condition_on_previous_text=options.condition_on_previous_text,
            vad_filter=options.vad_filter,
            initial_prompt=options.initial_prompt,
        )
        # The generator does the decoding: joining it here keeps the work inside the timed call.
        text = "".join(segment.text for segment in segments).strip()
        # An English-only model says `en` of everything.
        detected = info.language if language is None and self._model.model.is_multilingual else None
        return Transcript(text, detected)

    def facts(self) -> dict[str, str | int | float | bool | None]:
        model = self._model.model
        return {
            "device": model.device if model.device == "cpu" else f"{model.device}:{model.device_index[0]}",
            "dtype": model.compute_type,
            "cpu_threads": self._options.cpu_threads,
            "family": "whisper",
            "long_audio": "window after window, each from the last timestamp of the one before",
            "chunk_s": self._model.feature_extractor.chunk_length,
        }

    def synchronize(self) -> None:
        """Nothing to wait for: CTranslate2 hands over results only once they are on the host."""

    def close(self) -> None:
        del self._model
