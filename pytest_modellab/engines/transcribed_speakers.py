"""Who said what: a diarizer, and a recogniser of each of its segments, in one process."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from . import own_threads
from .base import Clip, Fact, LoadRequest, ModelPart, Telling
from .diarizer import SpeakerSegment


@dataclass(frozen=True)
class TranscribedSpeakersOptions:
    """How segments are given to the recogniser; the other options are those of its parts."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    joined_within_s: float = 0.5
    """Segments of one speaker are recognised together across so short a pause, where nobody else speaks in it."""
    longest_s: float = 25.0
    """Segments are joined up to this length."""
    margin_s: float = 0.1
    """Sound on both sides of a segment that the recogniser is given as well."""

    def __post_init__(self) -> None:
        for name, most in (("joined_within_s", 10), ("longest_s", 600), ("margin_s", 1)):
            if not 0 <= getattr(self, name) <= most:
                raise ValueError(f"{name} must be between 0 and {most}")


class TranscribedSpeakers:
    """Diarization first, then recognition: `parts: {diarizer: ..., asr: ...}`."""

    tasks: ClassVar[frozenset[str]] = frozenset({"diarize"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu", "cuda", "mps"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ()
    needs_weights: ClassVar[bool] = False
    extra: ClassVar[str] = ""
    Options: ClassVar[type[Any]] = TranscribedSpeakersOptions
    roles: ClassVar[dict[str, str]] = {"diarizer": "diarize", "asr": "asr"}
    """What its parts are called, and the task that each must do."""
    needed_roles: ClassVar[frozenset[str]] = frozenset({"diarizer", "asr"})

    def __init__(self, diarizer: Any, asr: Any, options: TranscribedSpeakersOptions) -> None:
        """Engines that are loaded: a Diarizer and a Transcriber."""
        self._diarizer = diarizer
        self._asr = asr
        self._options = options

    @classmethod
    def load(cls, request: LoadRequest) -> TranscribedSpeakers:
        lacking = cls.needed_roles - request.parts.keys()
        if lacking:
            raise ValueError(f"it needs the parts diarizer and asr; it lacks {', '.join(sorted(lacking))}")
        parts: list[ModelPart] = [request.parts[role] for role in cls.roles]
        for role, part in zip(cls.roles, parts, strict=True):
            if part.engine.rate != cls.rate:
                raise ValueError(f"its clips come at {cls.rate} Hz, and its {role} takes {part.engine.rate} Hz")
        diarizer, asr = own_threads.loaded(parts)
        return cls(diarizer, asr, TranscribedSpeakersOptions(**request.options))

    def diarize(self, clip: Clip) -> list[SpeakerSegment]:
        options = self._options
        found = self._diarizer.diarize(clip)
        return [
            replace(each, text=self._text(clip, each))
            for each in joined(found, options.joined_within_s, options.longest_s)
        ]

    def _text(self, clip: Clip, segment: SpeakerSegment) -> str:
        margin_s = self._options.margin_s
        begin = max(0, round((segment.start_s - margin_s) * clip.rate))
        samples = clip.samples[begin : round((segment.end_s + margin_s) * clip.rate)]
        if not len(samples):
            return ""
        # Some engines write into their input.
        text: str = self._asr.transcribe(Clip(samples.copy(), clip.rate, clip.language)).text
        return text

    def facts(self) -> dict[str, Fact]:
        """The facts of each part, under its role; the device is that of the recogniser."""
        told: dict[str, Fact] = {}
        for role, engine in (("diarizer", self._diarizer), ("asr", self._asr)):
            if isinstance(engine, Telling):
                facts = engine.facts()
                told |= {f"{role}_{name}": fact for name, fact in facts.items()}
                if role == "asr" and "device" in facts:
                    told["device"] = facts["device"]
        return told

    def synchronize(self) -> None:
        self._diarizer.synchronize()
        self._asr.synchronize()

    def close(self) -> None:
        self._diarizer.close()
        self._asr.close()


def joined(segments: list[SpeakerSegment], within_s: float, longest_s: float) -> list[SpeakerSegment]:
    """Segments in the order of their beginning, those of one speaker joined where no other begins between them."""
    found: list[SpeakerSegment] = []
    for each in sorted(segments, key=lambda segment: (segment.start_s, segment.end_s, segment.speaker)):
        last = found[-1] if found else None
        if (
            last is not None
            and last.speaker == each.speaker
            and each.start_s - last.end_s <= within_s
            and max(each.end_s, last.end_s) - last.start_s <= longest_s
        ):
            found[-1] = replace(last, end_s=max(each.end_s, last.end_s))
        else:
            found.append(each)
    return found
