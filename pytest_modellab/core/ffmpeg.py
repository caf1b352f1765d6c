"""Recordings that libsndfile can't read, decoded by FFmpeg's libraries through PyAV (the extra `data`)."""

from __future__ import annotations

import importlib.util
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import framed_audio

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# The demuxers of files without a header, by suffix: their format can't be detected from their bytes.
_HEADERLESS = {".g722": "g722"}

# Suffixes of containers that FFmpeg detects by their bytes and libsndfile doesn't know.
SUFFIXES = frozenset(
    {
        *(".m4a", ".mp4", ".mov", ".3gp", ".aac", ".webm", ".mka", ".mkv", ".amr", ".awb", ".ac3", ".eac3"),
        *(".flv", ".ts", ".avi", ".wma"),
        *_HEADERLESS,
    }
)

# What a container must begin with to be told.
MAGIC_BYTES = 256

_ASF = bytes.fromhex("3026b2758e66cf11")
_MAGICS = (b"\x1aE\xdf\xa3", b"#!AMR", b"FLV\x01", b"\x0bw", _ASF)

# Formats whose header states a duration; of others FFmpeg estimates one by the bit rate.
_STATED = frozenset({"matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2", "flv", "asf"})
# Coders' delay and padding, and the last picture of a film, take less.
_SHORTFALL_S = 0.2

_INSTALL = "PyAV is not installed; pip install 'pytest-modellab[data]'"


class DecodingError(Exception):
    """FFmpeg can't decode the bytes, or isn't installed; the message is the reason."""


class Truncated(DecodingError):
    """Less is there than the header states; the message says how many seconds are lost."""


def absent() -> str | None:
    """Why nothing can be decoded here; None where PyAV is installed."""
    return None if importlib.util.find_spec("av") else _INSTALL


def format_of(name: str) -> str | None:
    """The format of a file that doesn't tell it by itself, by its name; None for one that does."""
    return _HEADERLESS.get(Path(name).suffix.lower())


def is_container(data: bytes) -> bool:
    """Whether these MAGIC_BYTES begin like a container or coder that FFmpeg reads and libsndfile doesn't."""
    avi = data[:4] == b"RIFF" and data[8:12] == b"AVI "
    return (
        data[4:8] == b"ftyp"
        or data.startswith(_MAGICS)
        or avi
        or framed_audio.is_adts(data)
        or framed_audio.is_transport_stream(data)
    )


def decode(data: bytes, form: str | None) -> tuple[NDArray[np.float32], int]:
    """Samples of shape (n, channels) and their rate in Hz; `form` names the format of a file without a header.

    Integer samples are scaled to [-1, 1). Raises DecodingError, also where less is there than the header states.
    """
    import numpy as np

    with _opened(data, form) as container:
        stream = _audio(container)
        blocks: list[NDArray[np.float32]] = []
        rates: set[int] = set()
        end_s = 0.0
        for packet in _packets(container, stream):
            end_s = max(end_s, _end_s(packet))
            for frame in _frames(packet) if packet.stream is stream else ():
                blocks.append(_block(frame))
                rates.add(int(frame.sample_rate))
        stated_s = _stated_s(container)
        rate = int(stream.rate)
    if stated_s - end_s > _SHORTFALL_S:
        raise Truncated(
            f"truncated: {end_s:.2f} s of the {stated_s:.2f} s its header states, {stated_s - end_s:.2f} s are lost;"
            " copy or download it again"
        )
    if not blocks:
        return np.zeros((0, 1), dtype=np.float32), rate
    if len(rates) > 1 or len({block.shape[1] for block in blocks}) > 1:
        raise DecodingError("its sampling rate or number of channels changes midway; convert it to WAV")
    return np.concatenate(blocks), rates.pop()


def seconds(data: bytes, form: str | None) -> float:
    """Length of a recording: by its container, its bit rate, or else its last packet. Raises DecodingError."""
    with _opened(data, form) as container:
        stream = _audio(container)
        # In microseconds.
        if container.duration:
            return float(container.duration) / 1e6
        # A recorder that can't seek back, such as a browser's, leaves the duration out.
        return max((_end_s(packet) for packet in _packets(container, stream) if packet.stream is stream), default=0.0)


def _stated_s(container: Any) -> float:
    """The duration in the header; 0 where there is none."""
    if container.format.name not in _STATED or not container.duration:
        return 0.0
    return float(container.duration) / 1e6


def _end_s(packet: Any) -> float:
    """Where a packet ends; 0 where it doesn't say."""
    if packet.pts is None:
        return 0.0
    return float((packet.pts + (packet.duration or 0)) * packet.time_base)


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


def _packets(container: Any, audio: Any) -> Any:
    """The packets of all streams; those of the stream `audio` have to be whole."""
    import av

    try:
        for packet in container.demux():
            if packet.stream is audio and packet.is_corrupt:
                raise DecodingError("a packet is incomplete or corrupt")
            yield packet
    except av.error.FFmpegError as error:
        raise DecodingError(_message(error)) from error


def _frames(packet: Any) -> Any:
    import av

    try:
        return packet.decode()
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
