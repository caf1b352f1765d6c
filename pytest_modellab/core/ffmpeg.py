"""Recordings that libsndfile can't read, decoded by FFmpeg's libraries through PyAV (the extra `data`)."""

from __future__ import annotations

import importlib.util
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# The demuxers of files without a header, by suffix: their format can't be detected from their bytes.
_HEADERLESS = {".g722": "g722"}

# Suffixes of containers that FFmpeg detects by their bytes and libsndfile doesn't know.
SUFFIXES = frozenset({".m4a", ".mp4", ".aac", ".webm", ".mka", *_HEADERLESS})

_INSTALL = "PyAV is not installed; pip install 'pytest-modellab[data]'"


class DecodingError(Exception):
    """FFmpeg can't decode the bytes, or isn't installed; the message is the reason."""


def absent() -> str | None:
    """Why nothing can be decoded here; None where PyAV is installed."""
    return None if importlib.util.find_spec("av") else _INSTALL


def format_of(name: str) -> str | None:
    """The format of a file that doesn't tell it by itself, by its name; None for one that does."""
    return _HEADERLESS.get(Path(name).suffix.lower())


def is_container(data: bytes) -> bool:
    """Whether these bytes begin like MP4 (m4a), Matroska (webm) or AAC in ADTS, which are FFmpeg's."""
    adts = len(data) > 1 and data[0] == 0xFF and data[1] & 0xF6 == 0xF0
    return data[4:8] == b"ftyp" or data.startswith(b"\x1aE\xdf\xa3") or adts


def decode(data: bytes, form: str | None) -> tuple[NDArray[np.float32], int]:
    """Samples of shape (n, channels) and their rate in Hz; `form` names the format of a file without a header.

    Integer samples are scaled to [-1, 1). Raises DecodingError.
    """
    import numpy as np

    with _opened(data, form) as container:
        stream = _audio(container)
        blocks = [_block(frame) for frame in _frames(container, stream)]
        rate = int(stream.rate)
    if not blocks:
        return np.zeros((0, 1), dtype=np.float32), rate
    return np.concatenate(blocks), rate


def seconds(data: bytes, form: str | None) -> float:
    """Length of a recording, by its container or its bit rate. Raises DecodingError."""
    with _opened(data, form) as container:
        _audio(container)
        # In microseconds.
        return float(container.duration or 0) / 1e6


def _opened(data: bytes, form: str | None) -> Any:
    if (reason := absent()) is not None:
        raise DecodingError(reason)
    import av

    try:
        return av.open(BytesIO(data), format=form)
    except (av.error.FFmpegError, ValueError) as error:
        raise DecodingError(_message(error)) from error


def _audio(container: Any) -> Any:
    if not container.streams.audio:
        raise DecodingError("it holds no audio")
    return container.streams.audio[0]


def _frames(container: Any, stream: Any) -> Any:
    import av

    try:
        yield from container.decode(stream)
    except av.error.FFmpegError as error:
        raise DecodingError(_message(error)) from error


def _block(frame: Any) -> NDArray[np.float32]:
    import numpy as np

    samples = frame.to_ndarray()
    # Packed formats come as one row of interleaved channels, planar ones as a row for each.
    rows = samples.T if frame.format.is_planar else samples.reshape(-1, len(frame.layout.channels))
    if rows.dtype.kind == "f":
        return np.asarray(rows, dtype=np.float32)
    info = np.iinfo(rows.dtype)
    middle = 0 if info.min < 0 else (info.max + 1) // 2
    scaled: NDArray[np.float32] = ((rows.astype(np.float64) - middle) / (info.max - middle + 1)).astype(np.float32)
    return scaled


def _message(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return str(text)
