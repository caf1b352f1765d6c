"""Sounds in formats that only FFmpeg writes, for tests."""

import io
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

_CODECS = {
    "m4a": ("aac", "ipod"),
    "mp4": ("aac", "mp4"),
    "mov": ("aac", "mov"),
    "aac": ("aac", "adts"),
    "webm": ("libopus", "webm"),
    "mka": ("aac", "matroska"),
    "opus": ("libopus", "ogg"),
    "mp3": ("libmp3lame", "mp3"),
    "amr": ("libopencore_amrnb", "amr"),
    "3gp": ("libopencore_amrnb", "3gp"),
    "ac3": ("ac3", "ac3"),
    "eac3": ("eac3", "eac3"),
    "flv": ("aac", "flv"),
    "ts": ("aac", "mpegts"),
    "avi": ("libmp3lame", "avi"),
    "wma": ("wmav2", "asf"),
    "g722": ("g722", "g722"),
}


class Pipe(io.RawIOBase):
    """A sink that can't seek back, like a browser's recorder."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def write(self, data: Any) -> int:
        self.data += bytes(data)
        return len(data)


def tone(seconds: float, rate: int, pitch: float = 440.0) -> npt.NDArray[np.float32]:
    """A steady tone at a level of 0.3, shape (n,)."""
    return (0.3 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def encoded(samples: npt.NDArray[np.float32], rate: int, suffix: str, *, piped: bool = False) -> bytes:
    """Mono `samples` of shape (n,) as a file with that suffix; `piped`, written by who can't seek back."""
    codec, container = _CODECS[suffix]
    if codec not in av.codecs_available:
        pytest.skip(f"this build of PyAV has no encoder {codec}")
    out: Any = Pipe() if piped else io.BytesIO()
    opened: Any = av.open(out, "w", format=container)
    with opened:
        stream = opened.add_stream(codec, rate=rate, layout="mono")
        if codec == "wmav2":
            stream.bit_rate = 64_000
        kind = "fltp" if stream.codec_context.format is None else stream.codec_context.format.name
        if kind in {"fltp", "flt"}:
            data = samples
        else:
            kind, data = "s16", np.round(samples * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(data[None], format=kind, layout="mono")
        frame.rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
        for part in _frames(stream, frame):
            opened.mux(stream.encode(part))
    return bytes(out.data) if piped else bytes(out.getvalue())


def _frames(stream: Any, frame: av.AudioFrame) -> list[Any]:
    """The frame as the encoder takes it, and the end."""
    codec = stream.codec_context
    size = 2048 if codec.name == "wmav2" else None
    resampler = av.AudioResampler(format=codec.format or frame.format, layout="mono", rate=frame.rate, frame_size=size)
    return [*resampler.resample(frame), *resampler.resample(None), None]
