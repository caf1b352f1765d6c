"""Made-up corpora for simulations: errors clustered by speaker and utterance, and over-dispersed."""

from __future__ import annotations

import numpy as np

SPEAKER_SPREAD = 0.4
UTTERANCE_SPREAD = 0.7
WORDS = (3, 25)


def corpus(
    random: np.random.Generator, rate: float, speakers: int, each: int
) -> tuple[list[int], list[int], list[str | None]]:
    """Errors, words and speakers of one corpus whose expected rate is `rate`."""
    n = speakers * each
    words = random.integers(*WORDS, size=n)
    # Lognormals of mean 1: the expected rate is the nominal one.
    speaker = np.repeat(random.lognormal(-(SPEAKER_SPREAD**2) / 2, SPEAKER_SPREAD, speakers), each)
    utterance = random.lognormal(-(UTTERANCE_SPREAD**2) / 2, UTTERANCE_SPREAD, n)
    errors = random.poisson(rate * speaker * utterance * words)
    return errors.tolist(), words.tolist(), [str(i // each) for i in range(n)]
