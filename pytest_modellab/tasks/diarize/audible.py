"""Where a recording can be heard: its first and its last audible sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_modellab.catalog.datasets.recording import Recording

RATE = 16_000
AUDIBLE_DB = -40.0
"""A sample is audible from this level on, relative to the recording's peak: above the noise of most rooms and tapes."""
VERSION = 1


def bounds(recordings: Iterable[Recording]) -> list[tuple[int, int]]:
    """Of each recording, ms from its beginning to the first audible sample, and to behind the last.

    What was found once is kept per user. Raises audio.AudioError.
    """
    from pytest_modellab.catalog.datasets.sound_facts import SoundFacts

    facts, found = SoundFacts(), []
    for each in recordings:
        what = ("audible", VERSION, RATE, AUDIBLE_DB, list(each.identity))
        known = facts.of(*what)
        if known is None:
            known = [*_bounds(each.samples(RATE))]
            facts.keep(known, *what)
        found.append((int(known[0]), int(known[1])))
    facts.save()
    return found


def _bounds(samples: Any) -> tuple[int, int]:
    """Whole ms, rounded outwards; all of it where nothing can be heard."""
    import numpy as np

    level = np.abs(np.asarray(samples, dtype=np.float64))
    heard = np.flatnonzero(level >= level.max(initial=0.0) * 10 ** (AUDIBLE_DB / 20))
    first, last = (int(heard[0]), int(heard[-1]) + 1) if len(heard) else (0, len(level))
    return first * 1000 // RATE, -(-last * 1000 // RATE)
