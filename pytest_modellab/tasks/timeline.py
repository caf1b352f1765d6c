"""Lanes of a timeline: what happened when in one utterance, for a page to draw; words are drawn as text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stretch:
    """Something from `start_s` to `end_s` seconds of the recording.

    Attributes:
        key: what is drawn in one colour, such as a speaker.
        note: what is told of it.
    """

    start_s: float
    end_s: float
    key: str
    note: str = ""


@dataclass(frozen=True)
class Lane:
    """One line of a timeline, with its name; stretches may overlap."""

    name: str
    stretches: tuple[Stretch, ...]
