"""Containers and coded audio in frames (MP3, Ogg, AAC, AC-3, AMR, WebM, MP4, ...): several files on end, and lost ends.

Decoders stop at the end of the first file, or of the last whole frame, without a word.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

Length = Callable[[bytes, int], "int | None"]
"""The length in bytes of the frame at a position; None where none begins there."""

_TRUNCATED = "truncated: it ends within a {}; copy or download it again"
_FLV_HEADER = 13
_UNKNOWN_SIZE = 0xFFFFFFFF
_TS_PACKET = 188

_MP3_KBPS = {
    1: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Of layer III, by MPEG version 1, and 2 or 2.5, from bit rate index 1 on."""
_MP3_HZ = (44_100, 48_000, 32_000)
_AC3_KBPS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)
_AMR_BYTES = {
    b"#!AMR\n": (13, 14, 16, 18, 20, 21, 27, 32, 6, 1, 1, 1, 1, 1, 1, 1),
    b"#!AMR-WB\n": (18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 1, 1, 1, 1, 1, 1),
}
"""Bytes of a frame by its type, that of the type included."""

_FLAC = b"fLaC\0\0\0\x22"
"""The marker, and the header of the first block of metadata, which is always of this size."""
_FLV = b"FLV\x01"
_EBML = b"\x1aE\xdf\xa3"
_HEADER, _SEGMENT, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1F43B675

_BEGINS, _ENDS = 2, 4
"""Flags of an Ogg page: the first, and the last of a stream."""


def files_on_end(data: bytes) -> list[bytes]:
    """The files of which `data` is made, each behind the other; one that isn't made of files is one."""
    starts = sorted({0, *_starts(data)})
    return [data[start:end] for start, end in zip(starts, [*starts[1:], len(data)], strict=True)]


def _starts(data: bytes) -> Iterator[int]:
    """Where a file begins within `data`."""
    if data.startswith(b"OggS"):
        yield from _ogg_starts(data)
    elif data.startswith(_EBML):
        yield from (start for id, start, _ in _elements(data) if id == _HEADER)
    elif data[4:8] == b"ftyp":
        yield from (start for start, _ in _boxes(data) if data[start + 4 : start + 8] == b"ftyp")
    elif data.startswith(_FLAC):
        yield from (found.start() for found in re.finditer(re.escape(_FLAC), data))
    elif data.startswith(_FLV):
        yield from _flv_starts(data)
    elif is_mp3(data):
        # What is before the first frame belongs to it.
        yield from (file.start for file in _mp3_files(data)[0][1:])


def lost_end(data: bytes) -> str | None:
    """Why something at the end of one file is missing or wouldn't be read, for a message; None where nothing is."""
    if data.startswith(b"OggS"):
        return _TRUNCATED.format("page") if _ends_within(end for _, end, _, _ in _ogg_pages(data)) > len(data) else None
    if is_mp3(data):
        return _mp3_unread(data)
    if data.startswith(_EBML):
        return _TRUNCATED.format("block") if _ends_within(end for _, _, end in _elements(data)) > len(data) else None
    if data[4:8] == b"ftyp":
        return _TRUNCATED.format("box") if _ends_within(end for _, end in _boxes(data)) > len(data) else None
    if data.startswith(b"RIFF") and data[8:12] == b"AVI ":
        (size,) = struct.unpack_from("<I", data, 4)
        return _TRUNCATED.format("chunk") if len(data) < size + 8 < _UNKNOWN_SIZE else None
    if is_transport_stream(data):
        return _TRUNCATED.format("packet") if len(data) % _TS_PACKET else None
    length, start = _framing(data)
    if length is None:
        return None
    return _TRUNCATED.format("frame") if _ends_within(_frame_ends(data, start, length)) > len(data) else None


def unfinished(data: bytes) -> str | None:
    """A remark about a file that ends like one that was cut off, which can't be told for sure; None for any other."""
    if is_mp3(data):
        cut = _mp3_files(data)[1] > len(data)
        return "it ends within a frame: it was perhaps cut off, and what follows is lost" if cut else None
    if not data.startswith(b"OggS"):
        return None
    last = {serial: flags for _, _, flags, serial in _ogg_pages(data)}
    if all(flags & _ENDS for flags in last.values()):
        return None
    return "its last page isn't marked as the last: it was perhaps cut off, and what follows is lost"


def is_mp3(data: bytes) -> bool:
    """Whether the data begin like MP3, behind a tag or not."""
    return _mp3_frame(data, _behind_tag(data, 0)) is not None


def is_adts(data: bytes) -> bool:
    """Whether the data begin like AAC in ADTS."""
    return len(data) > 1 and data[0] == 0xFF and data[1] & 0xF6 == 0xF0


def is_transport_stream(data: bytes) -> bool:
    """Whether the data begin like an MPEG transport stream."""
    return len(data) > _TS_PACKET and data[0] == data[_TS_PACKET] == 0x47


def _ends_within(ends: Iterator[int]) -> int:
    """The last of the ends; 0 for none."""
    return max(ends, default=0)


def _frame_ends(data: bytes, position: int, length: Length) -> Iterator[int]:
    """The end of each frame; nothing of what follows the last one."""
    while position < len(data) and (size := length(data, position)) is not None:
        position += size
        yield position


def _framing(data: bytes) -> tuple[Length | None, int]:
    """How frames are told apart, and where the first one begins."""
    start = _behind_tag(data, 0)
    if is_adts(data[start : start + 2]):
        return _adts_frame, start
    if data[:2] == b"\x0bw":
        return _ac3_frame, 0
    if data.startswith(_FLV):
        return _flv_tag, _FLV_HEADER
    for magic, sizes in _AMR_BYTES.items():
        if data.startswith(magic):
            return partial(_amr_frame, sizes), len(magic)
    return None, 0


def _behind_tag(data: bytes, position: int) -> int:
    """Behind an ID3v2 tag, where there is one."""
    if data[position : position + 3] != b"ID3" or len(data) < position + 10:
        return position
    a, b, c, d = data[position + 6 : position + 10]
    return position + 10 + (a << 21 | b << 14 | c << 7 | d)


def _adts_frame(data: bytes, position: int) -> int | None:
    head = data[position : position + 6]
    if not is_adts(head):
        return None
    return (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5 if len(head) == 6 else 7


def _ac3_frame(data: bytes, position: int) -> int | None:
    head = data[position : position + 6]
    if head[:2] != b"\x0bw":
        return None
    if len(head) < 6:
        return 7
    if head[5] >> 3 > 10:  # E-AC-3
        return 2 * ((head[2] & 7) << 8 | head[3]) + 2
    rate, code = head[4] >> 6, head[4] & 63
    if rate == 3 or code // 2 >= len(_AC3_KBPS):
        return None
    kbps = _AC3_KBPS[code // 2]
    return (4 * kbps, 2 * (kbps * 960 // 441 + code % 2), 6 * kbps)[rate]


def _amr_frame(sizes: Sequence[int], data: bytes, position: int) -> int:
    return sizes[data[position] >> 3 & 15]


def _flv_tag(data: bytes, position: int) -> int | None:
    if data[position] & 31 not in {8, 9, 18}:
        return None
    return 11 + int.from_bytes(data[position + 1 : position + 4], "big") + 4


def _flv_starts(data: bytes) -> Iterator[int]:
    start = 0
    while data[start : start + 4] == _FLV:
        yield start
        start = max(_frame_ends(data, start + _FLV_HEADER, _flv_tag), default=len(data))


@dataclass
class _Mp3File:
    """One of several MP3 files on end: where it starts, and how many frames its header states and it has."""

    start: int
    stated: int | None = None
    frames: int = 0
    frame_s: float = 0.0


def _mp3_frame(data: bytes, position: int) -> tuple[int, float, int] | None:
    """Length in bytes, in seconds, and where an Info header would stand; None where no frame of layer III begins."""
    head = data[position : position + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return None
    version, bitrate, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or bitrate in {0, 15} or rate == 3:
        return None
    first = version == 3
    hertz = _MP3_HZ[rate] >> (0 if first else 1 if version == 2 else 2)
    samples = 1152 if first else 576
    size = samples // 8 * _MP3_KBPS[1 if first else 2][bitrate - 1] * 1000 // hertz + (head[2] >> 1 & 1)
    mono = head[3] >> 6 == 3
    return size, samples / hertz, 4 + ((17 if mono else 32) if first else (9 if mono else 17))


def _mp3_files(data: bytes) -> tuple[list[_Mp3File], int]:
    """The files on end, and where the last frame ends; no file where it isn't made of frames from its beginning on."""
    files: list[_Mp3File] = []
    position = 0
    begins = True
    while position < len(data):
        start = position
        if data[position : position + 3] == b"TAG":  # ID3v1
            position += 128
            continue
        if (behind := _behind_tag(data, position)) != position:
            begins, position = True, behind
        frame = _mp3_frame(data, position)
        if frame is None:
            break
        size, seconds, info = frame
        header = data[position + info : position + info + 12]
        if header[:4] in {b"Xing", b"Info"}:
            stated = int.from_bytes(header[8:12], "big") if header[7] & 1 else None
            files.append(_Mp3File(start, stated))
        elif begins:
            files.append(_Mp3File(start, None, 1, seconds))
        else:
            files[-1].frames += 1
            files[-1].frame_s = seconds
        begins = False
        position += size
    return files, position


def _mp3_unread(data: bytes) -> str | None:
    """What of one file is behind the frames that its header states."""
    files, _ = _mp3_files(data)
    if not files or files[0].stated is None or files[0].frames <= files[0].stated + 1:
        return None
    file, stated = files[0], files[0].stated
    return (
        f"its header tells of {stated * file.frame_s:.2f} s, and {(file.frames - stated) * file.frame_s:.2f} s more"
        " follow that nobody would read; write the file again"
    )


def _ogg_pages(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Start, end, flags and serial number of the stream of each page."""
    position = 0
    while data[position : position + 4] == b"OggS":
        if position + 27 > len(data) or position + 27 + data[position + 26] > len(data):
            yield position, len(data) + 1, 0, 0
            return
        flags, segments = data[position + 5], data[position + 26]
        (serial,) = struct.unpack_from("<I", data, position + 14)
        end = position + 27 + segments + sum(data[position + 27 : position + 27 + segments])
        yield position, end, flags, serial
        position = end


def _ogg_starts(data: bytes) -> Iterator[int]:
    """Where each of the files on end begins: with the first pages of its streams, behind those of others."""
    before = 0
    for start, _, flags, _ in _ogg_pages(data):
        if flags & _BEGINS and not before & _BEGINS:
            yield start
        before = flags


def _elements(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Id, start and end of the elements of a Matroska or WebM file, by the sizes that are stated, down to clusters'."""
    position = 0
    while position < len(data):
        start = position
        id, position = _variable(data, start, keep_marker=True)
        size, position = _variable(data, position, keep_marker=False)
        if id is None:
            return
        yield id, start, position + (size or 0)
        if id in {_SEGMENT, _CLUSTER}:
            continue
        if size is None:
            return
        position += size


def _variable(data: bytes, position: int, *, keep_marker: bool) -> tuple[int | None, int]:
    """A number of variable length, and the position behind it; None for an unknown size, and for no number."""
    first = data[position] if position < len(data) else 0
    length = 9 - first.bit_length()
    if length > 8:
        return None, position + length
    value = int.from_bytes(data[position : position + length], "big")
    if keep_marker:
        return value, position + length
    value &= (1 << 7 * length) - 1
    return None if value == (1 << 7 * length) - 1 else value, position + length


def _boxes(data: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of the boxes of an MP4 file, by the sizes that are stated."""
    start = 0
    while start + 8 <= len(data):
        (size,) = struct.unpack_from(">I", data, start)
        if size == 1 and start + 16 <= len(data):
            (size,) = struct.unpack_from(">Q", data, start + 8)
        if size == 0:  # to the end of the file
            size = len(data) - start
        if size < 8:
            return
        yield start, start + size
        start += size
