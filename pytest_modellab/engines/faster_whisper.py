"""faster-whisper: Whisper through CTranslate2, on CPU and CUDA."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from . import cuda_libraries
from .base import Clip, LoadRequest, Transcript, check_language, expected_language
from .local_agreement import Hypothesis, LocalAgreement, Word

if TYPE_CHECKING:
    import numpy as np
    from faster_whisper import WhisperModel
    from faster_whisper.transcribe import Segment, TranscriptionInfo
    from numpy.typing import NDArray

DETECTED_S = 5.0
"""Audio of a stream after which its language, where it is to be detected, is detected no more."""

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
    stream_step_s: float = 1.0
    """A stream is recognised again with so much new audio."""
    stream_window_s: float = 15.0
    """Its window is cut where a segment ends once it is longer."""
    stream_show_open: bool = True
    """Whether its partials have words that two hypotheses don't agree on yet."""

    def __post_init__(self) -> None:
        if self.beam_size < 1:
            raise ValueError("beam_size must be at least 1")
        if self.cpu_threads < 1:
            raise ValueError("cpu_threads must be at least 1: 0 would mean a number that differs by machine")
        if not 0 <= self.temperature <= 1:
            raise ValueError("temperature must be between 0 and 1")
        if not 0.1 <= self.stream_step_s <= 10:
            raise ValueError("stream_step_s must be between 0.1 and 10")
        if not 2 * self.stream_step_s <= self.stream_window_s <= 30:
            raise ValueError("stream_window_s must be at least two steps and at most the 30 s of Whisper's window")


class FasterWhisper:
    """See <https://github.com/SYSTRAN/faster-whisper>."""

    tasks: ClassVar[frozenset[str]] = frozenset({"asr", "streaming"})
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
        if request.device.kind == "cuda":
            cuda_libraries.preload()
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
        segments, info = self._recognised(clip.samples, language, options.initial_prompt)
        text = "".join(segment.text for segment in segments).strip()
        # An English-only model reports `en` for every clip.
        detected = info.language if language is None and self._model.model.is_multilingual else None
        return Transcript(text, detected)

    def start(self, language: str | None) -> LocalAgreement:
        import numpy as np

        options = self._options
        clip = Clip(np.zeros(0, dtype=np.float32), self.rate, language)
        told = expected_language(options.language, clip, self._model.supported_languages)
        detects = told is None and self._model.model.is_multilingual

        def recognise(samples: NDArray[np.float32], before: str) -> Hypothesis:
            nonlocal told
            prompt = " ".join(part for part in (options.initial_prompt, before) if part)
            segments, info = self._recognised(samples, told, prompt or None, word_timestamps=True)
            words = [Word(w.word, float(w.start), float(w.end)) for segment in segments for w in segment.words or ()]
            detected = info.language if detects else None
            if len(samples) >= DETECTED_S * self.rate:
                told = info.language
            return Hypothesis(words, [float(segment.end) for segment in segments], detected)

        return LocalAgreement(
            recognise,
            rate=self.rate,
            step_s=options.stream_step_s,
            window_s=options.stream_window_s,
            show_open=options.stream_show_open,
        )

    def _recognised(
        self, samples: NDArray[np.float32], language: str | None, prompt: str | None, *, word_timestamps: bool = False
    ) -> tuple[list[Segment], TranscriptionInfo]:
        options = self._options
        try:
            segments, info = self._model.transcribe(
                samples,
                language=language,
                beam_size=options.beam_size,
                temperature=options.temperature,
                condition_on_previous_text=options.condition_on_previous_text,
                vad_filter=options.vad_filter,
                initial_prompt=prompt,
                word_timestamps=word_timestamps,
            )
            # The generator does the decoding: it belongs to the call that is timed.
            return list(segments), info
        except RuntimeError as error:
            raise cuda_libraries.explained(error) from error

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
