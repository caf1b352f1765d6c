"""A cascade that hears while it speaks: a voice activity detector decides when a turn is over, and when to fall silent.

Only speech that goes on for `interrupt_after_s` and is about as loud as the user was stops it: a short "mhm", noise and
a voice from across the room don't.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from . import own_threads, silero_vad
from .base import Clip, Fact, Heard, LoadRequest, Speech, Turn
from .cascade import Cascade, CascadeOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VOICED = 0.5
"""The detector's probability from which on a part of the sound is speech."""
LOOKED_AT_S = 1.6
"""Of the sound, the last so many seconds, by which the detector is warmed up."""
GAP_S = 0.2
"""Between two parts of speech that are one stretch."""


@dataclass(frozen=True)
class DuplexCascadeOptions:
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    turn_silence_s: float = 0.6
    """Silence after which the user's turn is over."""
    interrupt_after_s: float = 0.5
    """Speech for so long makes it fall silent; 0: it never does."""
    quieter_db: float = 12.0
    """So much below the level of the user's first turn a voice is somebody else's."""
    language: str | None = None

    def __post_init__(self) -> None:
        if not 0.1 <= self.turn_silence_s <= 10:
            raise ValueError("turn_silence_s must be between 0.1 and 10")
        if not 0 <= self.interrupt_after_s <= 10:
            raise ValueError("interrupt_after_s must be between 0 and 10")


class DuplexCascade:
    """`parts: {asr: ..., llm: ..., tts: ...}`, as a cascade, with Silero VAD before them."""

    tasks: ClassVar[frozenset[str]] = frozenset({"barge_in"})
    devices: ClassVar[frozenset[str]] = Cascade.devices
    rate: ClassVar[int] = silero_vad.RATE
    frame: ClassVar[int] = 1600
    speech_rate: int = 16_000
    distributions: ClassVar[tuple[str, ...]] = silero_vad.SileroVad.distributions
    needs_weights: ClassVar[bool] = False
    extra: ClassVar[str] = silero_vad.SileroVad.extra
    Options: ClassVar[type[Any]] = DuplexCascadeOptions
    roles: ClassVar[dict[str, str]] = Cascade.roles
    needed_roles: ClassVar[frozenset[str]] = frozenset({"asr", "llm", "tts"})

    def __init__(self, cascade: Cascade, options: DuplexCascadeOptions) -> None:
        self._cascade = cascade
        self._options = options

    @classmethod
    def load(cls, request: LoadRequest) -> DuplexCascade:
        options = DuplexCascadeOptions(**request.options)
        if lacking := cls.needed_roles - request.parts.keys():
            raise ValueError(f"it needs the parts asr, llm and tts; it lacks {', '.join(sorted(lacking))}")
        silero_vad.prepare()
        loaded = dict(zip(request.parts, own_threads.loaded(request.parts.values()), strict=True))
        within = CascadeOptions(language=options.language)
        return cls(Cascade(loaded["asr"], loaded["llm"], loaded["tts"], within), options)

    def converse(self, language: str | None) -> Dialogue:
        return Dialogue(self._cascade, self._options, language)

    def facts(self) -> dict[str, Fact]:
        return self._cascade.facts()

    def synchronize(self) -> None:
        self._cascade.synchronize()

    def close(self) -> None:
        self._cascade.close()


class Dialogue:
    """A conversation of it: it listens until the user is silent, then speaks until it is done or interrupted."""

    def __init__(self, cascade: Cascade, options: DuplexCascadeOptions, language: str | None) -> None:
        import numpy as np

        self._np = np
        self._cascade = cascade
        self._options = options
        self._language = language
        self._turn = np.zeros(0, np.float32)
        """What the user said since the last reply began."""
        self._unspoken = np.zeros(0, np.float32)
        self._reply: Iterator[Any] | None = None
        self._heard: list[Heard] = []
        self._level: float | None = None
        """Of the user's first turn, as a root mean square."""

    @property
    def speaking(self) -> bool:
        return self._reply is not None or len(self._unspoken) > 0

    def hear(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        self._turn = self._np.concatenate((self._turn, samples))
        if not self.speaking:
            self._listen()
        elif self._interrupted():
            self._fall_silent()
        spoke = self.speaking
        self._fetch(len(samples))
        said, self._unspoken = self._unspoken[: len(samples)], self._unspoken[len(samples) :]
        if spoke and not self.speaking:
            # What was put in while it spoke is no turn, but one may have begun.
            self._turn = self._turn[-self._recent() :] if self._stretch()[0] else self._turn[:0]
        return said

    def heard(self) -> Sequence[Heard]:
        found, self._heard = self._heard, []
        return found

    def close(self) -> None:
        self._fall_silent()

    def _listen(self) -> None:
        """Begin to reply once the user has spoken and is silent."""
        end_s = silero_vad.speech_end(self._turn)
        seconds = len(self._turn) / silero_vad.RATE
        if end_s is None:
            # Nobody has spoken: what came before is no part of a turn.
            self._turn = self._turn[-round(LOOKED_AT_S * silero_vad.RATE) :]
        elif seconds - end_s >= self._options.turn_silence_s:
            turn, self._turn = self._turn, self._turn[:0]
            if self._level is None:
                self._level = _level(turn)
            self._reply = iter(self._cascade.respond(Turn(Clip(turn, silero_vad.RATE, self._language), None)))

    def _interrupted(self) -> bool:
        """Whether somebody as near as the user has spoken for long enough, up to now."""
        if not self._options.interrupt_after_s:
            return False
        stretch_s, level = self._stretch()
        if stretch_s < self._options.interrupt_after_s:
            return False
        return self._level is None or level >= self._level * 10 ** (-self._options.quieter_db / 20)

    def _fall_silent(self) -> None:
        """Drop what isn't spoken yet; what the user has just said belongs to their turn."""
        if self._reply is not None and hasattr(self._reply, "close"):
            self._reply.close()
        self._reply, self._unspoken = None, self._unspoken[:0]
        self._turn = self._turn[-self._recent() :]

    def _stretch(self) -> tuple[float, float]:
        """The speech that goes on now: its length in seconds, 0 where there is none, and its level."""
        return silero_vad.last_stretch(self._turn[-self._recent() :], VOICED, GAP_S)

    def _recent(self) -> int:
        """So many of the last samples are looked at."""
        return round((LOOKED_AT_S + self._options.interrupt_after_s) * silero_vad.RATE)

    def _fetch(self, size: int) -> None:
        """Have as much of the reply as a frame takes, if there is more of it."""
        while self._reply is not None and len(self._unspoken) < size:
            piece = next(self._reply, None)
            if piece is None:
                self._reply = None
            elif isinstance(piece, Heard):
                self._heard.append(piece)
            elif isinstance(piece, Speech):
                self._unspoken = self._np.concatenate((self._unspoken, _resampled(piece)))


def _resampled(piece: Speech) -> Any:
    if piece.rate == DuplexCascade.speech_rate:
        return piece.samples
    import soxr

    return soxr.resample(piece.samples, piece.rate, DuplexCascade.speech_rate, quality="HQ")


def _level(samples: NDArray[np.float32]) -> float:
    """The level of the loud part of a turn."""
    import numpy as np

    size = 320
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    levels = np.sqrt(np.mean(np.square(frames, dtype=np.float64), axis=1))
    return float(np.quantile(levels, 0.9)) if len(levels) else 0.0
