"""Several clips through faster-whisper's encoder and decoder at once, window by window as the library does with one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from faster_whisper import WhisperModel
    from faster_whisper.tokenizer import Tokenizer
    from numpy.typing import NDArray

# The library's defaults, which its own path from clip to text has.
LATEST_FIRST_TIMESTAMP_S = 1.0
NO_SPEECH_ABOVE = 0.6
NO_SPEECH_UNLESS_ABOVE = -1.0
"""Mean log-probability of a token above which a window has speech, however sure the model is that it has none."""


class DecodingOptions(Protocol):
    """The options of the engine that clips in batches have."""

    @property
    def beam_size(self) -> int: ...
    @property
    def no_repeat_ngram_size(self) -> int: ...
    @property
    def without_timestamps(self) -> bool: ...
    @property
    def hotwords(self) -> str | None: ...
    @property
    def vad_filter(self) -> bool: ...
    @property
    def library_vad_parameters(self) -> dict[str, float] | None: ...


@dataclass
class Reading:
    """A clip on its way.

    Attributes:
        features: log-mel features, shape (mels, frames + 1).
        language: None until it is detected.
        seek: the frame where its next window begins.
        texts: of its segments so far.
    """

    features: NDArray[np.float32]
    language: str | None
    seek: int = 0
    texts: list[str] = field(default_factory=list)

    @property
    def frames(self) -> int:
        return int(self.features.shape[-1]) - 1

    @property
    def text(self) -> str:
        return "".join(self.texts).strip()


def read_batch(
    model: WhisperModel,
    samples: Sequence[NDArray[np.float32]],
    languages: Sequence[str | None],
    options: DecodingOptions,
) -> list[Reading]:
    """The clips as they were recognised; `languages` are None where to be detected.

    As long as some have audio left, their next windows of up to 30 s share a call of the encoder and of the decoder.
    """
    readings = [
        Reading(model.feature_extractor(_speech(each, options)), language)
        for each, language in zip(samples, languages, strict=True)
    ]
    decoder = _Decoder(model, options)
    while waiting := [each for each in readings if each.seek < each.frames]:
        decoder.read_windows(waiting)
    return readings


def _speech(samples: NDArray[np.float32], options: DecodingOptions) -> NDArray[np.float32]:
    """The samples, or what the voice activity detection leaves of them."""
    if not options.vad_filter:
        return samples
    import numpy as np
    from faster_whisper.vad import VadOptions, collect_chunks, get_speech_timestamps

    found = get_speech_timestamps(samples, VadOptions(**(options.library_vad_parameters or {})))
    return np.concatenate(collect_chunks(samples, found)[0])


class _Decoder:
    """Encoder and decoder with the options of one model."""

    def __init__(self, model: WhisperModel, options: DecodingOptions) -> None:
        self._model = model
        self._options = options
        self._tokenizers: dict[str, Tokenizer] = {}

    def read_windows(self, readings: Sequence[Reading]) -> None:
        """Recognise the next window of each."""
        import numpy as np
        from faster_whisper.audio import pad_or_trim

        longest = self._model.feature_extractor.nb_max_frames
        sizes = [min(longest, each.frames - each.seek) for each in readings]
        windows = [
            pad_or_trim(each.features[:, each.seek : each.seek + size])
            for each, size in zip(readings, sizes, strict=True)
        ]
        encoded = self._model.encode(np.stack(windows))
        self._detect(readings, encoded)
        for reading, size, result in zip(readings, sizes, self._generated(readings, encoded), strict=True):
            self._take(reading, size, result)

    def _detect(self, readings: Sequence[Reading], encoded: Any) -> None:
        if all(each.language is not None for each in readings):
            return
        if not self._model.model.is_multilingual:
            detected = ["en"] * len(readings)
        else:
            detected = [found[0][0].strip("<|>") for found in self._model.model.detect_language(encoded)]
        for reading, language in zip(readings, detected, strict=True):
            reading.language = reading.language or language

    def _generated(self, readings: Sequence[Reading], encoded: Any) -> Sequence[Any]:
        from faster_whisper.transcribe import get_suppressed_tokens

        model, options = self._model, self._options
        tokenizers = [self._tokenizer(each) for each in readings]
        prompts = [
            model.get_prompt(each, [], without_timestamps=options.without_timestamps, hotwords=options.hotwords)
            for each in tokenizers
        ]
        found: Sequence[Any] = model.model.generate(
            encoded,
            prompts,
            beam_size=options.beam_size,
            no_repeat_ngram_size=options.no_repeat_ngram_size,
            max_length=model.max_length,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=get_suppressed_tokens(tokenizers[0], [-1]),
            max_initial_timestamp_index=round(LATEST_FIRST_TIMESTAMP_S / model.time_precision),
        )
        return found

    def _take(self, reading: Reading, size: int, result: Any) -> None:
        """Add what was recognised in a window of `size` frames."""
        tokens = result.sequences_ids[0]
        mean_logprob = result.scores[0] * len(tokens) / (len(tokens) + 1)
        if result.no_speech_prob > NO_SPEECH_ABOVE and mean_logprob <= NO_SPEECH_UNLESS_ABOVE:
            reading.seek += size
            return
        tokenizer, frame_s = self._tokenizer(reading), self._model.feature_extractor.time_per_frame
        segments, reading.seek, _ = self._model._split_segments_by_timestamps(
            tokenizer=tokenizer,
            tokens=tokens,
            time_offset=reading.seek * frame_s,
            segment_size=size,
            segment_duration=size * frame_s,
            seek=reading.seek,
        )
        for segment in segments:
            text = tokenizer.decode(segment["tokens"])
            if segment["start"] != segment["end"] and text.strip():
                reading.texts.append(text)

    def _tokenizer(self, reading: Reading) -> Tokenizer:
        from faster_whisper.tokenizer import Tokenizer

        language = reading.language
        assert language is not None  # it was given or detected
        if language not in self._tokenizers:
            multilingual = self._model.model.is_multilingual
            self._tokenizers[language] = Tokenizer(
                self._model.hf_tokenizer, multilingual, task="transcribe", language=language
            )
        return self._tokenizers[language]
