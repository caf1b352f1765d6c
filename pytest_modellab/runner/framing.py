"""Frames between a session and its worker: a length-prefixed JSON head, then raw bytes (float32 samples).

Standard library only: the worker imports this.
"""

from __future__ import annotations

import json
import struct
from typing import IO, Any

_PREFIX = struct.Struct("<II")

# A reply is text about one utterance; more than this is a fault, not an answer.
MAX_HEAD = 64 * 1024 * 1024
MAX_PAYLOAD = 2**32 - 1


class TooLarge(ValueError):
    """A frame larger than the limit."""

    def __init__(self, size: int, most: int) -> None:
        super().__init__(f"{size:,} bytes, and at most {most:,} are taken")


def send(stream: IO[bytes], message: dict[str, Any], payload: bytes = b"") -> None:
    """Write one frame and flush. Raises OSError where the other side is gone, TooLarge before anything is written."""
    head = json.dumps(message).encode()
    for size, most in ((len(head), MAX_HEAD), (len(payload), MAX_PAYLOAD)):
        if size > most:
            raise TooLarge(size, most)
    stream.write(_PREFIX.pack(len(head), len(payload)))
    stream.write(head)
    stream.write(payload)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    """Read one frame; None where the other side has closed, also in the middle of a frame.

    Raises TooLarge for a head that is too long, ValueError for one that is not JSON.
    """
    prefix = _exactly(stream, _PREFIX.size)
    if prefix is None:
        return None
    head_size, payload_size = _PREFIX.unpack(prefix)
    if head_size > MAX_HEAD:
        raise TooLarge(head_size, MAX_HEAD)
    head = _exactly(stream, head_size)
    payload = _exactly(stream, payload_size)
    if head is None or payload is None:
        return None
    message: dict[str, Any] = json.loads(head)
    return message, payload


def _exactly(stream: IO[bytes], size: int) -> bytes | None:
    chunks = []
    while size:
        chunk = stream.read(size)
        if not chunk:
            return None
        chunks.append(chunk)
        size -= len(chunk)
    return b"".join(chunks)
