"""moonshine-voice: Moonshine through its own C++ library, on CPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from .base import Clip, LoadRequest, Transcript


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

    def __post_init__(self) -> None:
        if not 0 <= self.vad_threshold <= 1:
            raise ValueError("vad_threshold must be between 0 and 1")
        if self.vad_max_segment_s <= 0:
            raise ValueError("vad_max_segment_s must be more than 0")
        if self.max_tokens_per_second <= 0:
            raise ValueError("max_tokens_per_second must be more than 0")


class MoonshineVoice:
    """See <https://github.com/moonshine-ai/moonshine>."""

    tasks: ClassVar[frozenset[str]] = frozenset({"asr"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ("moonshine-voice",)
    needs_weights: ClassVar[bool] = True
    extra: ClassVar[str] = "moonshine"
    Options: ClassVar[type[Any]] = MoonshineVoiceOptions

    def __init__(self, transcriber: Any, options: MoonshineVoiceOptions) -> None:
        self._transcriber = transcriber
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
        architecture = ModelArch[options.architecture.upper()]
        return cls(Transcriber(str(request.weights), architecture, options=settings), options)

    def transcribe(self, clip: Clip) -> Transcript:
        found = self._transcriber.transcribe_without_streaming(clip.samples, clip.rate)
        return Transcript(" ".join(line.text.strip() for line in found.lines).strip())

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
