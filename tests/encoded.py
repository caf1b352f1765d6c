"""Sounds in formats that only FFmpeg writes, for tests."""

import io
from typing import Any

import av
import numpy as np
import numpy.typing as npt

_CODECS = {"m4a": ("aac", "ipod"), "aac": ("aac", "adts"), "webm": ("libopus", "webm"), "g722": ("g722", "g722")}


def tone(seconds: float, rate: int, pitch: float = 440.0) -> npt.NDArray[np.float32]:
    """A steady tone at a level of 0.3, shape (n,)."""
    return (0.3 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def encoded(samples: npt.NDArray[np.float32], rate: int, suffix: str) -> bytes:
    """Mono `samples` of shape (n,) as a file with that suffix."""
    codec, container = _CODECS[suffix]
    out = io.BytesIO()
    opened: Any = av.open(out, "w", format=container)
    with opened:
        stream = opened.add_stream(codec, rate=rate, layout="mono")
        whole = suffix != "g722"
        data = samples if whole else np.round(samples * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(data[None], format="fltp" if whole else "s16", layout="mono")
        frame.rate = rate
        for packets in (stream.encode(frame), stream.encode(None)):
            opened.mux(packets)
    return out.getvalue()
