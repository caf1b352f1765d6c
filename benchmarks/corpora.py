"""Made-up corpora for simulations: errors clustered by speaker and utterance, and over-dispersed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pytest_modellab.core.stats.paired import Paired, compare

SPEAKER_SPREAD = 0.4
UTTERANCE_SPREAD = 0.7
WORDS = (3, 25)
RATE = 0.10
"""Word error rate of the first of two sets of answers."""

Kind = Literal["scattered", "loops in 1 %", "loops in 5 %"]
KINDS: dict[Kind, float] = {"scattered": 0.0, "loops in 1 %": 0.01, "loops in 5 %": 0.05}
"""How a rise comes about: error by error, or by loops in so many of the answers."""


def corpus(
    random: np.random.Generator, rate: float, speakers: int, each: int
) -> tuple[list[int], list[int], list[str | None]]:
    """Errors, words and speakers of one corpus whose expected rate is `rate`."""
    errors, words, names, _ = corpus_and_its_rate(random, rate, speakers, each)
    return errors, words, names


def corpus_and_its_rate(
    random: np.random.Generator, rate: float, speakers: int, each: int
) -> tuple[list[int], list[int], list[str | None], float]:
    """The same, and the rate that is expected of these very speakers."""
    n = speakers * each
    words = random.integers(*WORDS, size=n)
    names = np.repeat(np.arange(speakers), each)
    by_speaker, of_its_own = difficulty(random, names)
    errors = random.poisson(rate * words * by_speaker * of_its_own)
    of_these = rate * float((words * by_speaker).sum() / words.sum())
    return errors.tolist(), words.tolist(), [str(name) for name in names], of_these


@dataclass(frozen=True)
class Speakers:
    """Of the clips of a set; the first may have a share of these, the others equal ones. 0 for one of each clip."""

    count: int
    first: float = 0.0

    def of(self, n: int) -> NDArray[np.intp] | None:
        """The number of the speaker of each of `n` clips; None of fewer clips than speakers."""
        if n < self.count:
            return None
        clips = np.arange(n)
        if not self.count:
            return clips
        if not self.first:
            return clips % self.count
        return np.where(clips < self.first * n, 0, 1 + clips % (self.count - 1))

    def __str__(self) -> str:
        if not self.count:
            return "a speaker of each clip"
        one = f", one of {self.first:.0%} of the clips" if self.first else ""
        return f"{self.count} speaker{'s' * (self.count > 1)}{one}"


SPEAKERS = (Speakers(1), Speakers(3), Speakers(10), Speakers(10, first=0.5), Speakers(10, first=0.75))
MANY = (Speakers(0), *SPEAKERS[2:])


def difficulty(
    random: np.random.Generator, speakers: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each utterance its speaker's and its own. Lognormals of mean 1: the expected rate is the nominal one."""
    by_speaker = random.lognormal(-(SPEAKER_SPREAD**2) / 2, SPEAKER_SPREAD, int(speakers.max()) + 1)
    of_its_own = random.lognormal(-(UTTERANCE_SPREAD**2) / 2, UTTERANCE_SPREAD, len(speakers))
    return by_speaker[speakers], of_its_own


@dataclass(frozen=True)
class Pair:
    """Two sets of answers to the same utterances: errors of each, words, speakers (None where unknown).

    `of_these` is the rise of the rate that is expected of these very speakers.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    words: NDArray[np.int64]
    speakers: list[str | None]
    of_these: float

    @property
    def change(self) -> NDArray[np.int64]:
        return self.second - self.first

    def compared(self, replicates: int) -> Paired:
        """As a gate compares them."""
        found = compare(self.first, self.second, self.words, self.speakers, replicates)
        assert found is not None  # there are words
        return found


def pair(
    random: np.random.Generator,
    n: int,
    speakers: int | None,
    rise: float,
    *,
    kind: Kind = "scattered",
    redrawn: float = 1.0,
    loops: float = 0.0,
) -> Pair:
    """A pair whose second set has a higher expected rate by `rise` (a ratio).

    Args:
        speakers: number of them, utterances in turn; None where they aren't known.
        kind: how the rise comes about.
        redrawn: share of the utterances whose errors are drawn anew for the second set; the others keep theirs.
        loops: share of the utterances in which one of the two sets, either with equal chance, has a loop that takes
            30 words.
    """
    words = random.integers(*WORDS, size=n)
    names = np.arange(n) if speakers is None else np.arange(n) % speakers
    by_speaker, of_its_own = difficulty(random, names)
    expected = words * by_speaker * of_its_own
    first = random.poisson(RATE * expected)
    second = np.where(random.random(n) < redrawn, random.poisson(RATE * expected), first)
    looping, on_first = random.random(n) < loops, random.random(n) < 0.5
    first = first + np.where(looping & on_first, 30, 0)
    second = second + np.where(looping & ~on_first, 30, 0)
    share = KINDS[kind]
    if share:
        size = rise / share * sum(WORDS) / 2
        second = second + np.where(random.random(n) < share, random.poisson(size, n), 0)
    else:
        second = second + random.poisson(rise * expected)
    these = rise * float((words * by_speaker).sum() / words.sum()) if not share and speakers is not None else rise
    return Pair(first, second, words, [None] * n if speakers is None else [str(name) for name in names], these)
