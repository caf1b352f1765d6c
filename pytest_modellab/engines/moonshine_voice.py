"""moonshine-voice: Moonshine through its own C++ library, on CPU."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from .base import Clip, LoadRequest, Partial, Settled, TimedWord, Transcript
from .steps import Steps

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ALIGNMENT = "decoder_with_attention.ort"
"""The file of weights by which the library aligns words."""


@dataclass(frozen=True)
class MoonshineVoiceOptions:
    """The library's own defaults, written down."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    architecture: Literal["tiny", "base"] = "tiny"
    vad_threshold: float = 0.5
    """How sure it must be that somebody speaks."""
    vad_max_segment_s: float = 15.0
    """Longer speech is cut."""
    max_tokens_per_second: float = 6.5
    """Bound on what it writes, so that it doesn't run on and on."""
    stream_step_s: float = 0.5
    """A stream is recognised again with so much new audio."""

    def __post_init__(self) -> None:
        if not 0 <= self.vad_threshold <= 1:
            raise ValueError("vad_threshold must be between 0 and 1")
        if self.vad_max_segment_s <= 0:
            raise ValueError("vad_max_segment_s must be more than 0")
        if self.max_tokens_per_second <= 0:
            raise ValueError("max_tokens_per_second must be more than 0")
        if not 0.1 <= self.stream_step_s <= 10:
            raise ValueError("stream_step_s must be between 0.1 and 10")


class MoonshineVoice:
    """See <https://github.com/moonshine-ai/moonshine>."""

    tasks: ClassVar[frozenset[str]] = frozenset({"asr", "words", "streaming"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ("moonshine-voice",)
    needs_weights: ClassVar[bool] = True
    extra: ClassVar[str] = "moonshine"
    Options: ClassVar[type[Any]] = MoonshineVoiceOptions

    def __init__(
        self, open_transcriber: Callable[[dict[str, Any]], Any], weights: Path, options: MoonshineVoiceOptions
    ) -> None:
        """`open_transcriber` gives one of the library's, with more settings than the options have."""
        self._open = open_transcriber
        self._transcriber = open_transcriber({})
        self._aligning: Any = None
        self._weights = weights
        self._options = options

    @classmethod
    def load(cls, request: LoadRequest) -> MoonshineVoice:
        from moonshine_voice import ModelArch, Transcriber

        if request.weights is None:
            raise ValueError("moonshine-voice needs `weights:` in the model's spec")
        options = MoonshineVoiceOptions(**request.options)
        settings = {
            "vad_threshold": options.vad_threshold,
            "vad_max_segment_duration": options.vad_max_segment_s,
            "max_tokens_per_second": options.max_tokens_per_second,
        }
        weights, architecture = request.weights, ModelArch[options.architecture.upper()]
        return cls(lambda more: Transcriber(str(weights), architecture, options={**settings, **more}), weights, options)

    def transcribe(self, clip: Clip) -> Transcript:
        found = self._transcriber.transcribe_without_streaming(clip.samples, clip.rate)
        return Transcript(joined(found.lines))

    def transcribe_words(self, clip: Clip) -> Transcript:
        """With a second transcriber, which also aligns words; it takes weights that not all packages have."""
        if self._aligning is None:
            if not (self._weights / ALIGNMENT).is_file():
                raise ValueError(
                    f"these weights lack {ALIGNMENT}, by which the library finds the times of words: name it under"
                    " `files:`, or in the folder, of the model's spec"
                )
            self._aligning = self._open({"word_timestamps": "true"})
        found = self._aligning.transcribe_without_streaming(clip.samples, clip.rate)
        words = [
            TimedWord(word.word, float(word.start), float(word.end), float(word.confidence))
            for line in found.lines
            for word in line.words or ()
        ]
        return Transcript(joined(found.lines), words=tuple(words))

    def start(self, language: str | None) -> MoonshineStream:
        finds_ends = self._options.vad_threshold > 0  # else all is speech
        return MoonshineStream(self._transcriber, self.rate, self._options.stream_step_s, finds_ends=finds_ends)

    def facts(self) -> dict[str, str | int | float | bool | None]:
        return {
            "device": "cpu",
            "family": "moonshine",
            "architecture": self._options.architecture,
            "long_audio": "cut where nobody speaks, by the library's own detector",
            "chunk_s": self._options.vad_max_segment_s,
        }

    def synchronize(self) -> None:
        """Nothing to wait for: the call returns with the text."""

    def close(self) -> None:
        self._transcriber.close()
        if self._aligning is not None:
            self._aligning.close()


class MoonshineStream:
    """The library's own stream, which cuts speech into lines and goes over the line that is open again and again."""

    def __init__(self, transcriber: Any, rate: int, step_s: float, *, finds_ends: bool) -> None:
        self.finds_ends = finds_ends
        # Left to itself the library goes over it less often where it takes long: by the clock, not by the audio.
        self._stream = transcriber.create_stream(update_interval=math.inf)
        self._stream.start()
        self._rate = rate
        self._steps = Steps(max(1, round(step_s * rate)))
        self._lines: dict[int, Any] = {}
        self._shown = ""
        self._ended = ""
        """The text of the last line that was complete, with those before."""
        self._partials: list[Partial] = []

    def push(self, samples: NDArray[np.float32]) -> None:
        for step in self._steps.take(samples):
            self._stream.add_audio(step, self._rate)
            self._note(self._stream.update_transcription())

    def partials(self) -> Sequence[Partial]:
        partials, self._partials = self._partials, []
        return partials

    def finish(self) -> Transcript:
        rest = self._steps.rest()
        if len(rest):
            self._stream.add_audio(rest, self._rate)
        self._note(self._stream.stop())
        self._partials.clear()
        return Transcript(joined(self._lines.values()))

    def close(self) -> None:
        self._stream.close()

    def settled(self) -> Settled:
        complete = []
        for line in self._lines.values():
            if not line.is_complete:
                break
            complete.append(line)
        return Settled(joined(complete), complete[-1].start_time + complete[-1].duration if complete else 0.0)

    def _note(self, transcript: Any) -> None:
        self._lines |= {line.line_id: line for line in transcript.lines}
        text = joined(self._lines.values())
        ended = self.finds_ends and bool(text) and all(line.is_complete for line in self._lines.values())
        if text != self._shown or (ended and text != self._ended):
            self._shown = text
            self._ended = text if ended else self._ended
            self._partials.append(Partial(text, end_of_speech=ended))


def joined(lines: Iterable[Any]) -> str:
    return " ".join(line.text.strip() for line in lines).strip()
