"""The change of the error rate between two records in tables: by their stored counts, without scoring texts again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_modellab.core.metrics.stored import field, labels
from pytest_modellab.core.stats.paired import compare
from pytest_modellab.core.stats.regression import no_worse
from pytest_modellab.tasks.asr.counts import counts_of
from pytest_modellab.tasks.asr.record import transcripts_of
from pytest_modellab.tasks.registry import task_named
from pytest_modellab.tasks.scoring import Scoring

from .aligned import same_order
from .baseline import Comparison, UtteranceChange
from .baseline_lines import BaselineError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_modellab.core.stats.regression import Allowed

    from .record import Record


def comparable(before: Record, after: Record) -> bool:
    """Whether the counts of two records tell the change: of the same data in tables, scored alike, all transcribed."""
    scoring = type(task_named(after.case.task).scoring())
    return (
        scoring.errors is Scoring.errors
        and before.normalizer == after.normalizer
        and before.provenance.inputs.get("dataset") == after.provenance.inputs.get("dataset")
        and same_order(before.utterances, after.utterances)
        and not after.unscorable
        and all(counts_of(each.utterances)[1].all() for each in (before, after))
    )


def against(before: Record, after: Record, allowed: Allowed, replicates: int, most: int) -> Comparison:
    """As `baseline.against`, with `most` utterances at the most on either side. Raises BaselineError without words."""
    old, new = (counts_of(each.utterances)[0] for each in (before, after))
    weights = _weights(after)
    units = weights * new.units
    clusters = labels(after.utterances, "speaker")
    paired = compare(weights * old.errors, weights * new.errors, units, clusters, replicates)
    if paired is None:
        raise BaselineError(f"{after.case.id}: no reference has a word to compare by")
    change = new.errors - old.errors
    total = sum(units.tolist())

    def changes(places: NDArray[np.intp]) -> tuple[UtteranceChange, ...]:
        largest = places[np.argsort(-np.abs(change[places]), kind="stable")][:most]
        return tuple(_change(before, after, place, old.errors, new.errors) for place in largest.tolist())

    return Comparison(
        paired=paired,
        wer_before=sum((weights * old.errors).tolist()) / total,
        wer_after=sum((weights * new.errors).tolist()) / total,
        worse=changes(np.flatnonzero(change > 0)),
        better=changes(np.flatnonzero(change < 0)),
        worse_count=int((change > 0).sum()),
        better_count=int((change < 0).sum()),
        finding=no_worse(paired, allowed),
        metric=after.error_metric,
    )


def _weights(record: Record) -> NDArray[np.float64] | NDArray[np.int64]:
    """Of each utterance, as `baseline` weighs them."""
    transcripts = transcripts_of(record)
    if transcripts is None or len(record.units) < 2:
        return np.ones(len(record.utterances), dtype=np.int64)
    by_language, rules = transcripts.weights, record.rules
    tags = list(field(record.utterances, "language"))
    weight = {tag: by_language.get(rules.of(tag).language, 0.0) for tag in dict.fromkeys(tags)}
    return np.array([weight[tag] for tag in tags], dtype=np.float64)


def _change(
    before: Record, after: Record, place: int, old: NDArray[np.int64], new: NDArray[np.int64]
) -> UtteranceChange:
    now = after.utterances[place]
    return UtteranceChange(
        now.id, now.reference, before.utterances[place].hypothesis, now.hypothesis, int(old[place]), int(new[place])
    )
