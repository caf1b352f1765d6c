"""Headers of uncompressed sound files: the bytes of samples that they state, against those that are there.

libsndfile reads what is there, or what is stated, whichever is less, without a word.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

# Writers that cannot seek back put a placeholder where the length of a WAV file belongs: 0xFFFFFFFF (FFmpeg),
# 0x7FFFFFFF or slightly less (SoX). Lengths from here on are read as "unknown".
WAV_UNKNOWN_LENGTH = 0x7FFF0000
_WAV_PLACEHOLDER = 0xFFFFFFFF
_AU_UNKNOWN_LENGTH = 0xFFFFFFFF

# Padding and tags behind the samples are shorter than this; lost speech is longer.
UNREAD_S = 0.05

_W64_CHUNK = bytes.fromhex("f3acd3118cd100c04f8edb8a")
"""The end of the GUID of a chunk of Sony Wave64; its beginning is the name that the chunk has in WAV."""
_AU_SAMPLE_BYTES = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}


@dataclass(frozen=True)
class SampleBytes:
    """The samples of a file: where they start, and how many bytes of them are stated and there."""

    start: int
    stated: int | None
    """None where the header says that it doesn't know."""
    there: int
    """From the start of the samples to the end of the file, or of the samples where something follows them."""
    per_s: float
    """Bytes of a second; 0 where the header doesn't say."""

    @property
    def fault(self) -> str | None:
        """What is wrong, for a message; None where all that is stated is there, and nothing else."""
        if self.stated is None:
            return None
        if (missing := self.stated - self.there) > 0:
            seconds = f" ({missing / self.per_s:.2f} s)" if self.per_s else ""
            return (
                f"truncated: its header promises {missing} bytes more{seconds} than it holds; copy or download it again"
            )
        unread_s = -missing / self.per_s if self.per_s else 0.0
        if unread_s <= UNREAD_S:
            return None
        return (
            f"its header tells of {self.stated / self.per_s:.2f} s, and {unread_s:.2f} s more follow that nobody would"
            " read; write the file again, or correct the size in its header"
        )


def sample_bytes(data: bytes) -> SampleBytes | None:
    """What the header of a WAV, RF64, Wave64, AIFF, AU or NIST file says; None for any other file or half a header."""
    readers = {b"RIFF": _wav, b"RF64": _wav, b"riff": _wave64, b"FORM": _aiff, b".snd": _au, b"NIST": _nist}
    reader = readers.get(data[:4])
    try:
        return None if reader is None else reader(data)
    except (struct.error, ValueError, OverflowError, ZeroDivisionError):
        return None


def completed(data: bytes) -> bytes:
    """The same file, in which a WAV header says "unknown" instead of 0 bytes, as of a recorder that was killed.

    libsndfile reads no sample of the latter.
    """
    found = sample_bytes(data) if data[:4] == b"RIFF" else None
    if found is None or found.stated != 0 or found.there / (found.per_s or 1) <= UNREAD_S:
        return data
    return data[: found.start - 4] + struct.pack("<I", _WAV_PLACEHOLDER) + data[found.start :]


def _wav(data: bytes) -> SampleBytes | None:
    if data[8:12] != b"WAVE":
        return None
    per_s, long_size = 0.0, 0
    for name, start, size in _chunks(data, 12, "<"):
        if name == b"fmt ":
            (per_s,) = struct.unpack_from("<I", data, start + 8)
        elif name == b"ds64":
            (long_size,) = struct.unpack_from("<Q", data, start + 8)
        elif name == b"data":
            if data[:4] == b"RF64" and size == _WAV_PLACEHOLDER:
                size = long_size
            stated = None if size >= WAV_UNKNOWN_LENGTH and not long_size else size
            return SampleBytes(start, stated, _until_chunks(data, start, size, "<"), per_s)
    return None


def _wave64(data: bytes) -> SampleBytes | None:
    per_s, position = 0.0, 40
    while position + 24 <= len(data):
        (size,) = struct.unpack_from("<Q", data, position + 16)
        name, start = data[position : position + 4], position + 24
        if data[position + 4 : position + 16] != _W64_CHUNK or size < 24:
            return None
        if name == b"fmt ":
            (per_s,) = struct.unpack_from("<I", data, start + 8)
        elif name == b"data":
            # What follows isn't looked at: the chunk may be padded.
            return SampleBytes(start, size - 24, min(len(data) - start, size - 24), per_s)
        position += size + -size % 8
    return None


def _aiff(data: bytes) -> SampleBytes | None:
    per_s = 0.0
    for name, start, size in _chunks(data, 12, ">"):
        if name == b"COMM":
            channels, _, bits = struct.unpack_from(">hIh", data, start)
            exponent, mantissa = struct.unpack_from(">HQ", data, start + 8)
            compressed = data[8:12] == b"AIFC" and data[start + 18 : start + 22] not in {b"NONE", b"sowt", b"twos"}
            per_s = 0.0 if compressed else mantissa * 2.0 ** (exponent - 16383 - 63) * channels * ((bits + 7) // 8)
        elif name == b"SSND":
            return SampleBytes(start, size, _until_chunks(data, start, size, ">"), per_s)
    return None


def _au(data: bytes) -> SampleBytes:
    start, size, encoding, rate, channels = struct.unpack_from(">5I", data, 4)
    per_s = float(rate * channels * _AU_SAMPLE_BYTES.get(encoding, 0))
    return SampleBytes(start, None if size == _AU_UNKNOWN_LENGTH else size, len(data) - start, per_s)


def _nist(data: bytes) -> SampleBytes:
    start = int(data[8:16])
    text = data[:start].decode("ascii", "replace")
    counts = dict(re.findall(r"^(sample_count|sample_rate|channel_count|sample_n_bytes) -i (\d+)", text, re.MULTILINE))
    frame = int(counts.get("channel_count", 1)) * int(counts.get("sample_n_bytes", 2))
    # Of a compressed file (shorten) the header counts what comes out.
    stated = None if "sample_count" not in counts or "shorten" in text else int(counts["sample_count"]) * frame
    return SampleBytes(start, stated, len(data) - start, float(int(counts.get("sample_rate", 0)) * frame))


def _chunks(data: bytes, position: int, order: str) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and stated size of each chunk, from `position` on."""
    while position + 8 <= len(data):
        name, size = struct.unpack_from(f"{order}4sI", data, position)
        yield name, position + 8, size
        position += 8 + size + size % 2


def _until_chunks(data: bytes, start: int, size: int, order: str) -> int:
    """Bytes of samples from `start` on: `size` where other chunks follow to the end of the file, else all that is left.

    A last chunk may be cut short: it holds no samples.
    """
    # Some writers leave out the byte that pads an odd size.
    for behind in {start + size + size % 2, start + size}:
        names = [name for name, _, _ in _chunks(data, behind, order)]
        if names and all(map(_is_name, names)):
            return size
    return len(data) - start


def _is_name(name: bytes) -> bool:
    """Whether a chunk within a file may have this name; a second file behind the first is no chunk of it."""
    return name.isascii() and name.decode("ascii").isprintable() and name not in {b"RIFF", b"RF64", b"FORM"}
