"""Recordings and lines of the script in `queen.1c`, the resource file of the game "Flight of the Amazon Queen".

The file: `QTBL`, nine bytes, the number of resources (uint16), and for each its name (12 bytes, NUL at the end), a
byte, offset and size (uint32); all big-endian. `.SB` is a recording, MP3, `.DOG` a dialogue as ScummVM's engine reads
it (engines/queen/talk.cpp): offsets of its texts in the header, and behind two uint16, the first of them 0, a length
and a text in code page 437.

An animation command `*XX` within a text ends one recording and begins the next. Which dialogue, which line, who speaks
(J the player, P another) and which part of it make the name of a recording.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_MAGIC = b"QTBL"
_ENTRY = struct.Struct(">12sxII")
_HEADER = 20
"""Bytes of a dialogue before what its offsets count from."""
_COMMAND = re.compile(r"\*..")


class NoResources(ValueError):
    """The file isn't the game's, or is truncated."""


@dataclass(frozen=True)
class Resource:
    start: int
    size: int


@dataclass(frozen=True)
class Line:
    """A line of the script, and the position of its recording."""

    name: str
    text: str
    speaker: str
    sound: Resource


def lines(data: bytes) -> Iterator[Line]:
    """Every line with a recording, by name. Left out: recordings that the script gives two texts.

    Raises NoResources.
    """
    found = resources(data)
    said: dict[str, set[tuple[str, str]]] = {}
    for name, resource in sorted(found.items()):
        stem, _, kind = name.rpartition(".")
        if kind == "DOG":
            try:
                recorded = list(_dialogue(stem, data[resource.start : resource.start + resource.size]))
            except struct.error:
                raise NoResources(f"{name} is no dialogue") from None
            for key, text, speaker in recorded:
                if f"{key}.SB" in found:
                    said.setdefault(key, set()).add((text, speaker))
    for key, texts in sorted(said.items()):
        if len(texts) == 1:
            ((text, speaker),) = texts
            yield Line(key, text, speaker, found[f"{key}.SB"])


def resources(data: bytes) -> Mapping[str, Resource]:
    """Where each resource lies. Raises NoResources."""
    if data[:4] != _MAGIC or len(data) < 15:
        raise NoResources("it doesn't begin with a table of resources")
    (count,) = struct.unpack_from(">H", data, 13)
    if len(data) < 15 + count * _ENTRY.size:
        raise NoResources("its table of resources is cut off")
    found = {}
    for i in range(count):
        name, start, size = _ENTRY.unpack_from(data, 15 + i * _ENTRY.size)
        label = name.rstrip(b"\0").decode("latin-1")
        if start + size > len(data):
            raise NoResources(f"{label} lies behind its end")
        found[label] = Resource(start, size)
    return found


def _dialogue(stem: str, data: bytes) -> Iterator[tuple[str, str, str]]:
    """Name, text and speaker of every recorded part of a dialogue."""
    levels, _, talk = struct.unpack_from(">3h", data, _HEADER)
    others, cutaway, more = (_HEADER + offset for offset in struct.unpack_from(">3H", data, 42))
    # A character has several dialogues, and is one person.
    person = re.sub(r"\d+$", "", stem).lower()
    for start, end, who in ((52 + abs(levels) * 96, others, "J"), (others, cutaway, "P"), (more, len(data), "P")):
        for number, text in _texts(data, start, min(end, len(data))):
            for part, words in enumerate(_COMMAND.split(text), 1):
                if words.strip():
                    key = f"{talk:02d}{number:04X}{who}{part:X}".ljust(8, "0")
                    yield key, words.strip(), "joe" if who == "J" else person


def _texts(data: bytes, start: int, end: int) -> Iterator[tuple[int, str]]:
    """Number and text of each line between two places. What is none is passed over, a word of four bytes at a time."""
    at = start
    while at + 5 <= end:
        zero, number, length = struct.unpack_from(">HHB", data, at)
        text = data[at + 5 : at + 5 + length]
        if zero == 0 and length and len(text) == length and min(text) >= 32:
            yield number, text.decode("cp437")
            at += 5 + length
            at += -(at - _HEADER) % 4
        else:
            at += 4
