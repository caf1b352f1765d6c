"""The data set form `conversations`: who speaks when is exact, because a seed put it together."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from pytest_modellab.catalog.datasets.form import DatasetForm
from pytest_modellab.catalog.datasets.utterance import DatasetError, Utterance
from pytest_modellab.catalog.errors import suggest
from pytest_modellab.core import audio

from .audible import bounds
from .data_specs import ConversationsSpec
from .mixing import ConversationRecording
from .segments import Segment, label, written

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets.access import DatasetAccess
    from pytest_modellab.catalog.specs import DatasetSpec

T = TypeVar("T")

EDGE_MS = 300
"""Silence before the first and behind the last word of a conversation."""
SAME_SPEAKER = 0.2
"""How likely who has just spoken goes on after a pause, where others could."""


@dataclass(frozen=True)
class Said:
    """A recording of the source: its speaker, and ms of the first audible sample and behind the last."""

    utterance: Utterance
    speaker: str
    first: int
    last: int


class _Conversations(DatasetForm[ConversationsSpec]):
    Options = ConversationsSpec

    def check(self, spec: DatasetSpec, given: ConversationsSpec) -> None:
        if spec.tasks != ("diarize",):
            raise ValueError("`conversations` are for `tasks: [diarize]`: their references are times and speakers")
        if given.source == spec.id:
            raise ValueError("`from` names another data set")

    def read(self, spec: DatasetSpec, given: ConversationsSpec, access: DatasetAccess) -> Sequence[Utterance]:
        known = access.catalog.datasets
        if given.source not in known:
            raise DatasetError(f"{spec.origin}: unknown data set `{given.source}`; {suggest(given.source, known)}")
        if "diarize" in known[given.source].tasks:
            raise DatasetError(
                f"{spec.origin}: conversations are made of recordings of one speaker each, not of others"
            )
        try:
            return made(spec, given, access.utterances_of(given.source))
        except audio.AudioError as error:
            raise DatasetError(f"data set {spec.id} can't be made: {error}") from error

    def summary(self, given: ConversationsSpec) -> str:
        return f"{given.count} of {given.source}"


def made(spec: DatasetSpec, given: ConversationsSpec, source: Sequence[Utterance]) -> Sequence[Utterance]:
    """The conversations. Raises DatasetError where the source has too few speakers, and audio.AudioError."""
    voices = _voices(source)
    fewest, most = given.speakers
    if len(voices) < most:
        raise DatasetError(
            f"{spec.origin}: {given.source} has {len(voices)} speakers, and a conversation has up to {most};"
            " lower `speakers`"
        )
    found = []
    for number in range(1, given.count + 1):
        draw = random.Random(_entropy(given.seed, number))
        count = fewest + (number - 1) % (most - fewest + 1)
        turns = _turns(voices, count, given.turns, draw)
        found.append(_conversation(spec, given, number, turns, draw))
    return tuple(found)


def _voices(source: Sequence[Utterance]) -> dict[str, list[Said]]:
    """The recordings by speaker, in their order; those without a speaker are left out."""
    own = [each for each in source if each.speaker and each.recording is not None]
    found: dict[str, list[Said]] = {}
    for utterance, (first, last) in zip(own, bounds(each.sound for each in own), strict=True):
        said = Said(utterance, label(utterance.speaker or ""), first, last)
        found.setdefault(said.speaker, []).append(said)
    return found


def _turns(voices: dict[str, list[Said]], speakers: int, turns: int, draw: random.Random) -> list[Said]:
    """Who says what, in order: first each speaker once, then at random; nobody says the same twice."""
    chosen = _shuffled(voices, draw)[:speakers]
    left = {name: _shuffled(voices[name], draw) for name in chosen}
    found = [left[name].pop() for name in chosen]
    while len(found) < turns and any(left.values()):
        able = [name for name in chosen if left[name]]
        last = found[-1].speaker
        others = [name for name in able if name != last]
        goes_on = last in able and (not others or draw.random() < SAME_SPEAKER)
        name = last if goes_on else _drawn(others, draw)
        found.append(left[name].pop())
    return found


def _conversation(
    spec: DatasetSpec, given: ConversationsSpec, number: int, turns: Sequence[Said], draw: random.Random
) -> Utterance:
    """The turns one after the other, with pauses and overlaps."""
    lead = max(EDGE_MS, *(each.first for each in turns))
    segments: list[Segment] = []
    starts, at = [], lead
    for said in turns:
        if segments:
            at = max(_next(segments[-1], said, given, draw), lead)
        # Nobody is laid over two others, nor over themselves: at most two speak at once.
        at = max([at, *(each.end for each in segments[:-1]), *(e.end for e in segments if e.speaker == said.speaker)])
        starts.append(at - said.first)
        segments.append(Segment(at, at + said.last - said.first, said.speaker, said.utterance.text))
    length = max(each.end for each in segments) + EDGE_MS
    speakers = len({each.speaker for each in segments})
    sounds = tuple(each.utterance.sound for each in turns)
    return Utterance(
        id=f"conversation-{number:03d}",
        text=written(segments),
        recording=ConversationRecording(sounds, tuple(starts), length, given.room_dbfs, _entropy(number) % 2**32),
        language=spec.language,
        attributes={"speakers": str(speakers), **given.score.attributes},
    )


def _next(before: Segment, said: Said, given: ConversationsSpec, draw: random.Random) -> int:
    """Where the next turn begins, ms: after a pause, or before the last has ended."""
    overlaps = before.speaker != said.speaker and draw.random() < given.overlaps
    low, high = given.overlap_s if overlaps else given.pause_s
    between = round(1000 * (low + (high - low) * draw.random()))
    if not overlaps:
        return before.end + between
    # At most half of the shorter one, so that turns stay in their order.
    shorter = min(before.end - before.start, said.last - said.first)
    return before.end - min(between, shorter // 2)


def _drawn(names: Sequence[str], draw: random.Random) -> str:
    # Of `random` only `random()` gives the same numbers in every version of Python.
    return names[int(draw.random() * len(names))]


def _shuffled(items: Iterable[T], draw: random.Random) -> list[T]:
    keyed = [(draw.random(), place, each) for place, each in enumerate(items)]
    return [each for _, _, each in sorted(keyed, key=lambda item: item[:2])]


def _entropy(*parts: object) -> int:
    return int.from_bytes(hashlib.sha256("\n".join(map(str, ("conversation", *parts))).encode()).digest()[:8], "big")


FORM = _Conversations()
