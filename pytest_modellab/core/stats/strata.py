"""The interval of an error rate over strata that are sampled apart, such as the macro average over languages."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .evidence import FEWEST_UNITS
from .intervals import Interval
from .labels import Labels
from .student_t import CONFIDENCE, student_t_quantile
from .units import FEWEST_CLUSTERS, Units, Values, degrees_of_freedom, independent, ratio_variance

METHOD = "linearised stratified t on log"
LEAST_ERROR = 1e-6
FEWEST_OF_STRATUM = 2
"""Speakers: of one there is no variance."""


def stratified_rate_interval(
    errors: Values,
    units: Values,
    clusters: Sequence[str | None],
    strata: Sequence[str | None],
    confidence: float = CONFIDENCE,
) -> Interval | None:
    """The interval of sum(errors) / sum(units) over strata whose shares of the units are fixed.

    The variance is the sum of those of the strata, each linearised over its clusters (`units.ratio_variance`), on the
    log scale with Student's t; its degrees of freedom are Satterthwaite's (1946), so that a stratum of few clusters
    that makes most of the variance has the few degrees that it has. A stratum without any error adds to the upper end
    what the rule of three leaves open in it.

    Args:
        errors, units: of each utterance, weighted.
        clusters: speaker of each utterance; None is a cluster of its own.
        strata: language of each utterance.

    Returns:
        None where a stratum has fewer than five utterances that have units. Those without units or errors are left
        out. Utterances stand in for speakers where fewer than five are known in all, or one alone in a stratum.
    """
    x, n = np.asarray(errors, dtype=np.float64), np.asarray(units, dtype=np.float64)
    kept = (n > 0) | (x > 0)
    x, n, clusters = x[kept], n[kept], Labels.of(clusters).at(kept)
    places = [own for _, own in Labels.of(strata).at(kept).places()]
    total = float(n.sum())
    if total <= 0 or min(np.count_nonzero(n[own] > 0) for own in places) < FEWEST_UNITS:
        return None
    found, conditional = _units(clusters, places)
    strata_sums = [(each.sums(x[own]), each.sums(n[own])) for each, own in zip(found, places, strict=True)]
    rate, count = float(x.sum()) / total, sum(each.count for each in found)
    unseen = math.hypot(*(_unseen(top, bottom, total, confidence) for top, bottom in strata_sums))
    if rate == 0:
        return Interval(0.0, unseen, "rule of three", count, conditional)
    variances = [(bottom.sum() / total) ** 2 * ratio_variance(top, bottom) for top, bottom in strata_sums]
    error = math.sqrt(sum(variances)) / rate
    if error < LEAST_ERROR:
        share = 1 - ((1 - confidence) / 2) ** (1 / count)
        return Interval(rate * (1 - share), rate * (1 + share), "no variation", count, conditional)
    own = [v**2 / degrees_of_freedom(bottom) for v, (_, bottom) in zip(variances, strata_sums, strict=True)]
    df = sum(variances) ** 2 / sum(own)
    reach = math.exp(student_t_quantile((1 + confidence) / 2, df) * error)
    high = rate + math.hypot(rate * reach - rate, unseen)
    return Interval(rate / reach, high, METHOD, count, conditional, df)


def _units(clusters: Sequence[str | None], places: Sequence[NDArray[np.intp]]) -> tuple[list[Units], str]:
    """The independent observations of each stratum, and why they hold only for these recordings."""
    labels = Labels.of(clusters)
    names = [labels.at(own) for own in places]
    speakers = [independent(own, FEWEST_OF_STRATUM) for own in names]
    enough = not labels.known or len(labels.known) >= FEWEST_CLUSTERS
    if enough and not any(each.conditional for each in speakers):
        return speakers, ""
    return [independent(own, len(own) + 1) for own in names], independent(clusters, len(clusters) + 1).conditional


def _unseen(top: NDArray[np.float64], bottom: NDArray[np.float64], total: float, confidence: float) -> float:
    """What the rule of three leaves open of a stratum without errors, of the whole rate; 0 of one with errors."""
    return 0.0 if top.any() else float(bottom.sum()) / total * (1 - (1 - confidence) ** (1 / len(top)))
