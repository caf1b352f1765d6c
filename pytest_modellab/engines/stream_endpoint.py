"""The end of a turn where a streaming model finds one by itself: its own endpointing, as a detector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from .base import Clip, Endpointing, Fact, LoadRequest, Remote, Telling

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class StreamEndpointOptions:
    """None of its own: when a stream takes speech as finished is set by the options of its part."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}


class StreamEndpoint:
    """A streaming model that hears the turn: `parts: {stream: ...}`."""

    tasks: ClassVar[frozenset[str]] = frozenset({"turn"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu", "cuda", "mps"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ()
    needs_weights: ClassVar[bool] = False
    extra: ClassVar[str] = ""
    Options: ClassVar[type[Any]] = StreamEndpointOptions
    roles: ClassVar[dict[str, str]] = {"stream": "streaming"}
    """What its part is called, and the task that it must do."""
    needed_roles: ClassVar[frozenset[str]] = frozenset({"stream"})

    threshold = 0.5

    def __init__(self, engine: Any) -> None:
        """A StreamingTranscriber that is loaded; its streams find ends as they hear. Raises ValueError for others."""
        self._engine = engine
        self._stream: Any = None
        self._heard: NDArray[np.float32] | None = None
        self._language: str | None = None
        self._ended = False
        stream: Any = engine.start(None)
        remote, finds_ends = isinstance(stream, Remote), isinstance(stream, Endpointing) and stream.finds_ends
        stream.close()
        if remote:
            raise ValueError("its part `stream` is behind a server, which tells of ends later than it hears them")
        if not finds_ends:
            raise ValueError("its part `stream` finds no end of speech by itself, with the options that it has")

    @classmethod
    def load(cls, request: LoadRequest) -> StreamEndpoint:
        part = request.parts.get("stream")
        if part is None:
            raise ValueError("it needs the part stream, a streaming model")
        if part.engine.rate != cls.rate:
            raise ValueError(f"its clips come at {cls.rate} Hz, and its stream takes {part.engine.rate} Hz")
        return cls(part.engine.load(part.request))

    def begin(self) -> None:
        """A new turn: what was heard before is no part of it."""
        self._drop()

    def ended(self, clip: Clip) -> float:
        """1 where the stream takes all that it has heard as finished, else 0.

        Asked about more of a turn that was begun, it goes on with the stream and hears only what is new.
        """
        new = self._new(clip)
        self._stream.push(new)
        for partial in self._stream.partials():
            self._ended = partial.end_of_speech
        return float(self._ended)

    def _new(self, clip: Clip) -> NDArray[np.float32]:
        """What of a clip the stream has not heard yet; a stream of its own for another turn."""
        import numpy as np  # here: the catalog imports engines, and has to stay light

        heard = self._heard
        known = 0 if heard is None or self._stream is None else len(heard)
        same = self._language == clip.language and 0 < known <= len(clip.samples)
        if heard is None or not same or not np.array_equal(clip.samples[:known], heard):
            self._drop()
            self._stream, self._language = self._engine.start(clip.language), clip.language
            self._ended, known = False, 0
        self._heard = clip.samples.copy()
        return clip.samples[known:].copy()

    def _drop(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def facts(self) -> dict[str, Fact]:
        """Those of the streaming model."""
        return dict(self._engine.facts()) if isinstance(self._engine, Telling) else {}

    def synchronize(self) -> None:
        self._engine.synchronize()

    def close(self) -> None:
        self._drop()
        self._engine.close()
