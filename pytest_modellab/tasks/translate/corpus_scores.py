"""Corpus BLEU and chrF out of the sums of what is counted of each utterance, as sacrebleu computes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_modellab.core.stats.student_t import CONFIDENCE

if TYPE_CHECKING:
    from pytest_modellab.core.metrics.aggregate import Column, Numbers
    from pytest_modellab.core.stats.intervals import Interval

WORD_ORDER = 4
CHARACTER_ORDER = 6
BETA = 2
"""Recall counts so many times as much as precision in chrF."""


@dataclass(frozen=True)
class CorpusScore:
    """BLEU or chrF2 of a corpus, from 0 to 100. A contribution is the list of an utterance's counts."""

    score: Literal["bleu", "chrf"]
    has_interval: Literal[True] = True

    @property
    def width(self) -> int:
        return 2 + 2 * WORD_ORDER if self.score == "bleu" else 3 * CHARACTER_ORDER

    def value(self, column: Column) -> float | None:
        return self._of(column.several(self.width))

    def interval(self, column: Column, confidence: float = CONFIDENCE) -> Interval | None:
        from pytest_modellab.core.stats.pooled import jackknife_interval

        several = column.several(self.width)
        found = jackknife_interval(
            self._of, several, column.clusters, confidence, sizes=_reference_size, scale=(0.0, 100.0)
        )
        return column.named(found)

    def _of(self, several: Sequence[Numbers]) -> float | None:
        import numpy as np

        if not several:
            return None
        sums = np.concatenate(several).sum(axis=0).tolist()
        return bleu(sums) if self.score == "bleu" else chrf(sums)


def _reference_size(counts: Numbers) -> float:
    """Words, or characters, of an utterance's reference: what both lists of counts have in the second place."""
    return float(counts[:, 1].sum())


def bleu(sums: Sequence[float]) -> float:
    """BLEU (Papineni et al. 2002), with exponential smoothing of orders without a match.

    Args:
        sums: length, the reference's, then matches and n-grams of 1 to 4 words.
    """
    length, reference = sums[:2]
    matches, ngrams = sums[2 : 2 + WORD_ORDER], sums[2 + WORD_ORDER :]
    if not any(matches) or not all(ngrams):
        return 0.0
    logarithms, smoothed = 0.0, 1.0
    for found, all_of_them in zip(matches, ngrams, strict=True):
        if not found:
            smoothed *= 2
        logarithms += math.log((found or 1 / smoothed) / all_of_them)
    brevity = min(0.0, 1 - reference / length)
    return 100 * math.exp(brevity + logarithms / WORD_ORDER)


def chrf(sums: Sequence[float]) -> float:
    """chrF2 (Popović 2015): the F score of the mean precision and recall of character n-grams.

    Args:
        sums: of each order from 1 to 6 the n-grams of the translations, of the references, and matches.
    """
    orders = [sums[i : i + 3] for i in range(0, len(sums), 3)]
    known = [(found / ours, found / theirs) for ours, theirs, found in orders if ours and theirs]
    if not known:
        return 0.0
    precision = math.fsum(each for each, _ in known) / len(known)
    recall = math.fsum(each for _, each in known) / len(known)
    if precision + recall == 0:
        return 0.0
    return 100 * (1 + BETA * BETA) * precision * recall / (BETA * BETA * precision + recall)
