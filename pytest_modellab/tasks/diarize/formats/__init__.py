"""File formats of who spoke when, one module each: RTTM, STM, CTM, SegLST."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ..segments import Segment
from . import ctm, rttm, seglst, stm

Sessions: TypeAlias = "Mapping[str, Sequence[Segment]]"
"""Segments by the recording's name in a file."""


@dataclass(frozen=True)
class Format:
    """A format.

    Attributes:
        suffixes: of its files.
        read: the segments of a file, by recording; raises FormatError, naming the line.
        write: the text of a file.
    """

    suffixes: tuple[str, ...]
    read: Callable[[str], dict[str, list[Segment]]]
    write: Callable[[Sessions], str]


FORMATS: Mapping[str, Format] = {
    "rttm": Format((".rttm",), rttm.read, rttm.write),
    "stm": Format((".stm",), stm.read, stm.write),
    "ctm": Format((".ctm",), ctm.read, ctm.write),
    "seglst": Format((".json",), seglst.read, seglst.write),
}


def format_of(name: str) -> str | None:
    """The format that a file's suffix tells; None where it tells none."""
    return next((each for each, made in FORMATS.items() if name.lower().endswith(made.suffixes)), None)
