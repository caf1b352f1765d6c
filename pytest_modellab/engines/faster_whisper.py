"""faster-whisper: Whisper through CTranslate2, on CPU and CUDA."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pytest_modellab.core.language import canonical_name
from pytest_modellab.core.weight_kinds import as_ctranslate2

from . import cuda_libraries, silero_vad
from .base import (
    MOST_IN_BATCH,
    Clip,
    LoadRequest,
    TimedWord,
    Transcript,
    check_language,
    expected_language,
)
from .local_agreement import Ended, Hypothesis, LocalAgreement, Word
from .whisper_translation import check_target

if TYPE_CHECKING:
    import numpy as np
    from faster_whisper import WhisperModel
    from faster_whisper.transcribe import Segment, TranscriptionInfo
    from numpy.typing import NDArray

DETECTED_S = 5.0
"""Audio of a stream after which its language, where it is to be detected, is detected no more."""

VAD_PARAMETERS = frozenset(
    {
        *("threshold", "neg_threshold", "min_speech_duration_ms", "max_speech_duration_s"),
        *("min_silence_duration_ms", "speech_pad_ms"),
    }
)

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
    temperature: float | tuple[float, ...] = 0.0
    """A list of them is tried in turn where an answer looks wrong; those above 0 are drawn by chance."""
    condition_on_previous_text: bool = False
    vad_filter: bool = False
    vad_parameters: dict[str, float] | None = None
    """Of Silero VAD, by the library's names; with `vad_filter`."""
    language: str | None = None
    """Fixed language, or `auto` to have it detected; else the clip's own."""
    initial_prompt: str | None = None
    hotwords: str | None = None
    """Words that are likely, said to the model before every window."""
    no_repeat_ngram_size: int = 0
    """No so many tokens occur twice in a window; 0 for no such rule."""
    hallucination_silence_threshold: float | None = None
    """Seconds of silence around a likely hallucination that is left out; words are aligned for it."""
    without_timestamps: bool = False
    batch_size: int = 1
    """So many different clips share a call of the encoder and decoder; recognition only, streams come one by one."""
    stream_step_s: float = 1.0
    """A stream is recognised again with so much new audio."""
    stream_window_s: float = 15.0
    """Its window is cut where a segment ends once it is longer."""
    stream_show_open: bool = True
    """Whether its partials have words that two hypotheses don't agree on yet."""
    stream_endpoint_s: float | None = 0.8
    """Speech is taken as finished after so many seconds without it, by Silero VAD; null for never."""

    def __post_init__(self) -> None:
        if self.beam_size < 1:
            raise ValueError("beam_size must be at least 1")
        if self.cpu_threads < 1:
            raise ValueError("cpu_threads must be at least 1: 0 would mean a number that differs by machine")
        if not self.temperatures or not all(0 <= each <= 1 for each in self.temperatures):
            raise ValueError("temperature must be between 0 and 1")
        if self.vad_parameters is not None and not self.vad_filter:
            raise ValueError("vad_parameters go with `vad_filter: true`")
        if unknown := set(self.vad_parameters or ()) - VAD_PARAMETERS:
            raise ValueError(f"vad_parameters: unknown {', '.join(sorted(unknown))}; {_listed(VAD_PARAMETERS)}")
        if self.no_repeat_ngram_size < 0:
            raise ValueError("no_repeat_ngram_size must not be negative")
        if self.hallucination_silence_threshold is not None and self.hallucination_silence_threshold <= 0:
            raise ValueError("hallucination_silence_threshold must be more than 0 seconds")
        if not 1 <= self.batch_size <= MOST_IN_BATCH:
            raise ValueError(f"batch_size must be between 1 and {MOST_IN_BATCH}")
        if self.batch_size > 1 and (alone := self._for_one_clip):
            raise ValueError(
                f"batch_size above 1 doesn't go with {', '.join(alone)}: clips are answered one by one then"
            )
        if not 0.1 <= self.stream_step_s <= 10:
            raise ValueError("stream_step_s must be between 0.1 and 10")
        if self.stream_endpoint_s is not None and not 0.1 <= self.stream_endpoint_s <= 10:
            raise ValueError("stream_endpoint_s must be between 0.1 and 10, or null")
        if not 2 * self.stream_step_s <= self.stream_window_s <= 30:
            raise ValueError("stream_window_s must be at least two steps and at most the 30 s of Whisper's window")

    @property
    def _for_one_clip(self) -> list[str]:
        """Options that are set and that only single clips are recognised with."""
        given = {
            "temperature (above 0, or several)": self.temperatures != (0,),
            "condition_on_previous_text": self.condition_on_previous_text,
            "initial_prompt": self.initial_prompt is not None,
            "hallucination_silence_threshold": self.hallucination_silence_threshold is not None,
        }
        return [name for name, is_set in given.items() if is_set]

    @property
    def library_vad_parameters(self) -> dict[str, float] | None:
        """As the library takes them: milliseconds are whole."""
        given = self.vad_parameters
        return None if given is None else {k: int(v) if k.endswith("_ms") else v for k, v in given.items()}

    @property
    def temperatures(self) -> tuple[float, ...]:
        """All of them, the first to be tried first."""
        # A worker is given its options as JSON, in which a tuple is a list.
        return (self.temperature,) if isinstance(self.temperature, int | float) else tuple(self.temperature)


class FasterWhisper:
    """See <https://github.com/SYSTRAN/faster-whisper>."""

    tasks: ClassVar[frozenset[str]] = frozenset({"asr", "words", "translate", "streaming"})
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
        if wrong := as_ctranslate2(request.weights):
            raise ValueError(wrong)
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
        engine = cls(model, options)
        check_language(options.language, engine.spoken)
        return engine

    @cached_property
    def spoken(self) -> tuple[str, ...]:
        """The languages that the weights have a token for: the library lists Cantonese for all of them."""
        named = self._model.supported_languages
        if not self._model.model.is_multilingual:
            return tuple(named)
        return tuple(each for each in named if self._model.hf_tokenizer.token_to_id(f"<|{each}|>") is not None)

    def transcribe(self, clip: Clip) -> Transcript:
        return self._transcript(clip)[0]

    def transcribe_words(self, clip: Clip) -> Transcript:
        transcript, segments = self._transcript(clip, word_timestamps=True)
        words = [
            TimedWord(word.word, float(word.start), float(word.end), float(word.probability))
            for segment in segments
            for word in segment.words or ()
        ]
        return replace(transcript, words=tuple(words))

    def translate(self, clip: Clip, target: str) -> Transcript:
        check_target(target, multilingual=self._model.model.is_multilingual)
        return self._transcript(clip, task="translate")[0]

    def _transcript(
        self, clip: Clip, *, word_timestamps: bool = False, task: Literal["transcribe", "translate"] = "transcribe"
    ) -> tuple[Transcript, list[Segment]]:
        options = self._options
        language = expected_language(options.language, clip, self.spoken)
        segments, info = self._recognised(
            clip.samples, language, options.initial_prompt, word_timestamps=word_timestamps, task=task
        )
        text = "".join(segment.text for segment in segments).strip()
        # An English-only model reports `en` for every clip.
        detected = canonical_name(info.language) if language is None and self._model.model.is_multilingual else None
        return Transcript(text, detected), segments

    def transcribe_batch(self, clips: Sequence[Clip]) -> list[Transcript]:
        from .faster_whisper_batch import read_batch

        languages = [expected_language(self._options.language, each, self.spoken) for each in clips]
        try:
            readings = read_batch(self._model, [each.samples for each in clips], languages, self._options)
        except RuntimeError as error:
            raise cuda_libraries.explained(error) from error
        detects = self._model.model.is_multilingual
        return [
            Transcript(each.text, canonical_name(each.language) if told is None and detects else None)
            for each, told in zip(readings, languages, strict=True)
        ]

    def start(self, language: str | None) -> LocalAgreement:
        import numpy as np

        options = self._options
        clip = Clip(np.zeros(0, dtype=np.float32), self.rate, language)
        told = expected_language(options.language, clip, self.spoken)
        detects = told is None and self._model.model.is_multilingual

        def recognise(samples: NDArray[np.float32], before: str) -> Hypothesis:
            nonlocal told
            prompt = " ".join(part for part in (options.initial_prompt, before) if part)
            segments, info = self._recognised(samples, told, prompt or None, word_timestamps=True)
            words = [Word(w.word, float(w.start), float(w.end)) for segment in segments for w in segment.words or ()]
            detected = canonical_name(info.language) if detects else None
            if len(samples) >= DETECTED_S * self.rate:
                told = info.language
            return Hypothesis(words, [float(segment.end) for segment in segments], detected)

        if options.stream_endpoint_s is not None:
            silero_vad.prepare()
        return LocalAgreement(
            recognise,
            rate=self.rate,
            step_s=options.stream_step_s,
            window_s=options.stream_window_s,
            show_open=options.stream_show_open,
            ended=None if options.stream_endpoint_s is None else silence_of(options.stream_endpoint_s),
        )

    def _recognised(
        self,
        samples: NDArray[np.float32],
        language: str | None,
        prompt: str | None,
        *,
        word_timestamps: bool = False,
        task: Literal["transcribe", "translate"] = "transcribe",
    ) -> tuple[list[Segment], TranscriptionInfo]:
        options = self._options
        try:
            segments, info = self._model.transcribe(
                samples,
                language=language,
                task=task,
                beam_size=options.beam_size,
                temperature=options.temperatures,
                condition_on_previous_text=options.condition_on_previous_text,
                vad_filter=options.vad_filter,
                vad_parameters=options.library_vad_parameters,
                initial_prompt=prompt,
                hotwords=options.hotwords,
                no_repeat_ngram_size=options.no_repeat_ngram_size,
                hallucination_silence_threshold=options.hallucination_silence_threshold,
                without_timestamps=options.without_timestamps,
                word_timestamps=word_timestamps or options.hallucination_silence_threshold is not None,
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
        } | self._chance()

    def _chance(self) -> dict[str, str]:
        """What makes answers differ from run to run."""
        if max(self._options.temperatures) == 0:
            return {}
        named = ", ".join(f"{each:g}" for each in self._options.temperatures)
        return {"nondeterministic": f"temperature {named}: what is drawn above 0 differs from run to run"}

    def synchronize(self) -> None:
        """Nothing to wait for: CTranslate2 hands over results only once they are on the host."""

    def close(self) -> None:
        del self._model


def silence_of(seconds: float) -> Ended:
    """Whether so many seconds of silence follow the speech of a stream, by Silero VAD; for windows in their order."""
    spoken = False

    def ended(window: NDArray[np.float32]) -> bool:
        nonlocal spoken
        end_s = silero_vad.speech_end(window)
        spoken = spoken or end_s is not None
        # A window that was cut may have no speech any more.
        return spoken and len(window) / silero_vad.RATE - (end_s or 0.0) >= seconds

    return ended


def _listed(names: frozenset[str]) -> str:
    return f"allowed: {', '.join(sorted(names))}"
