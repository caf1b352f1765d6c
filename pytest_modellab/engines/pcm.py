"""16-bit PCM: clips as WAV files, and speech out of bytes that come piece by piece."""

from __future__ import annotations

import io
import struct
import wave
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from .base import Clip, Speech

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAMPLE_BYTES = 2
PCM = 1
EXTENSIBLE = 0xFFFE
MOST_HEADER = 2**16
"""Bytes before the samples of a WAV file; lists of names and the like may stand there."""


def wav(clip: Clip) -> bytes:
    """A clip as a WAV file of 16 bits."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(SAMPLE_BYTES)
        writer.setframerate(clip.rate)
        writer.writeframes(encoded(clip.samples))
    return file.getvalue()


def encoded(samples: NDArray[np.float32]) -> bytes:
    """Samples of shape (n,), full scale 1, as 16-bit PCM, little-endian; what is beyond full scale is clipped."""
    import numpy as np  # here: the catalog imports engines, and has to stay light

    return np.clip(np.round(samples * 32768.0), -32768, 32767).astype("<i2").tobytes()


def speech(pieces: Iterable[bytes], rate: int) -> Iterator[Speech]:
    """Speech out of raw PCM in pieces of any size. Raises ValueError for half a sample at the end."""
    import numpy as np

    left = b""
    for piece in pieces:
        data = left + piece
        whole = len(data) // SAMPLE_BYTES * SAMPLE_BYTES
        left = data[whole:]
        if whole:
            yield Speech((np.frombuffer(data[:whole], "<i2") / np.float32(32768.0)).astype(np.float32), rate)
    if left:
        raise ValueError("the speech ends in the middle of a sample")


def speech_of_wav(pieces: Iterable[bytes]) -> Iterator[Speech]:
    """Speech out of a WAV file that comes in pieces of any size; mono, 16 bits. Raises ValueError for another.

    What its header says of its length counts for nothing: servers that stream don't know it yet.
    """
    rest = iter(pieces)
    head = b""
    for piece in rest:
        head += piece
        found = _samples_begin(head)
        if found is not None:
            rate, place = found
            yield from speech(_after(head[place:], rest), rate)
            return
    raise ValueError("the speech is no WAV file, or ends before its samples begin")


def _after(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _samples_begin(head: bytes) -> tuple[int, int] | None:
    """The rate, and where the samples begin; None where more is needed to tell. Raises ValueError."""
    if len(head) < 12:
        return None
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        raise ValueError(f"the speech is no WAV file: it begins with {head[:12]!r}")
    place, rate = 12, None
    while len(head) >= place + 8:
        name, size = head[place : place + 4], struct.unpack_from("<I", head, place + 4)[0]
        if name == b"data":
            if rate is None:
                raise ValueError("the speech is a WAV file without a format")
            return rate, place + 8
        if place + 8 + size > MOST_HEADER:
            raise ValueError("the speech is a WAV file whose samples don't begin where they should")
        if name == b"fmt " and len(head) >= place + 24:
            kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", head, place + 8)
            if (channels, bits) != (1, 16) or kind not in {PCM, EXTENSIBLE}:
                raise ValueError(
                    f"the speech has {channels} channels of {bits} bits, format {kind}; needed are 1 of 16"
                )
        place += 8 + size + size % 2
    return None
