"""Streams of recognisers that decode audio as it comes, and cut it into utterances by their own endpointing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from .base import Partial, Settled, Transcript
from .steps import Steps

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Decoder(Protocol):
    """A library's recogniser, for one stream."""

    def hear(self, samples: NDArray[np.float32]) -> tuple[str, bool]:
        """The text of the open utterance with these samples, and whether it is over: then the next one begins."""
        ...

    def rest(self) -> str:
        """The text of the open utterance, now that the audio is over."""
        ...


class UtteranceStream:
    """A `Stream` that gives its decoder steps of equal length, and joins utterances with a space."""

    def __init__(self, decoder: Decoder, rate: int, step_s: float, *, finds_ends: bool = True) -> None:
        self.finds_ends = finds_ends
        self._decoder: Decoder | None = decoder
        self._rate = rate
        self._steps = Steps(max(1, round(step_s * rate)))
        self._given = 0
        """Samples that the decoder has been given."""
        self._finals: list[str] = []
        self._final_end = 0
        """Samples up to the end of the last of them."""
        self._shown = ""
        self._partials: list[Partial] = []

    def push(self, samples: NDArray[np.float32]) -> None:
        for step in self._steps.take(samples):
            self._give(step)

    def partials(self) -> Sequence[Partial]:
        partials, self._partials = self._partials, []
        return partials

    def finish(self) -> Transcript:
        rest = self._steps.rest()
        if len(rest):
            self._give(rest)
        self._keep(self._open().rest())
        self._partials.clear()
        return Transcript(self._text(""))

    def close(self) -> None:
        self._decoder = None

    def settled(self) -> Settled:
        return Settled(self._text(""), self._final_end / self._rate)

    def _give(self, step: NDArray[np.float32]) -> None:
        text, over = self._open().hear(step)
        self._given += len(step)
        whole = self._text(text)
        if over:
            self._keep(text)
            if text:  # it also ends where nothing has been said for long
                self._partials.append(Partial(whole, end_of_speech=True))
        elif whole != self._shown:
            self._partials.append(Partial(whole))
        self._shown = whole

    def _keep(self, text: str) -> None:
        """Take in the final text of an utterance that is over."""
        self._final_end = self._given
        if text:
            self._finals.append(text)

    def _open(self) -> Decoder:
        if self._decoder is None:
            raise ValueError("the stream is closed")
        return self._decoder

    def _text(self, text: str) -> str:
        """All utterances so far, with `text` as the open one."""
        return " ".join([*self._finals, *([text] if text else [])])
