"""Events of the Wyoming protocol over a socket: a line of JSON, then more JSON and a payload of the lengths it gives.

See <https://github.com/OHF-Voice/wyoming>. Standard library alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, BinaryIO

MOST_LINE = 2**16
MOST_DATA = 2**24
"""Bytes of what a server may send at once; its list of models is the longest."""


class ProtocolError(ConnectionError):
    """A server that doesn't keep to the protocol."""


@dataclass(frozen=True)
class Event:
    """An event: its type, its data, and bytes such as audio."""

    type: str
    data: dict[str, Any] = field(default_factory=dict)
    payload: bytes = b""

    def text(self, name: str) -> str:
        """A text of its data. Raises ProtocolError."""
        found = self.data.get(name)
        if not isinstance(found, str):
            raise ProtocolError(f"the server sent `{self.type}` without the text `{name}`")
        return found


def to_bytes(event: Event) -> bytes:
    """The event as it is sent."""
    data = json.dumps(event.data, ensure_ascii=False).encode() if event.data else b""
    head = {"type": event.type, "data_length": len(data), "payload_length": len(event.payload)}
    return json.dumps(head).encode() + b"\n" + data + event.payload


def read(stream: BinaryIO) -> Event | None:
    """The next event; None where the connection is closed between two. Raises ProtocolError, OSError."""
    line = stream.readline(MOST_LINE)
    if not line:
        return None
    if not line.endswith(b"\n"):
        raise ProtocolError("the server sent a line that is too long, or broke off in one")
    head = _object(line)
    kind, data = head.get("type"), head.get("data") or {}
    if not isinstance(kind, str) or not isinstance(data, dict):
        raise ProtocolError(f"the server sent an event without a type: {line[:100]!r}")
    more = _bytes(stream, head.get("data_length"))
    payload = _bytes(stream, head.get("payload_length"))
    return Event(kind, {**data, **(_object(more) if more else {})}, payload)


def _object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"the server sent what is no JSON: {text[:100]!r}") from error
    if not isinstance(found, dict):
        raise ProtocolError(f"the server sent JSON that is no object: {text[:100]!r}")
    return found


def _bytes(stream: BinaryIO, length: object) -> bytes:
    if length is None:
        return b""
    if not isinstance(length, int) or not 0 <= length <= MOST_DATA:
        raise ProtocolError(f"the server states a length of {length!r:.50} bytes")
    found = stream.read(length)
    if len(found) < length:
        raise ProtocolError("the server broke off in an event")
    return found
