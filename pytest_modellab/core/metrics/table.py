"""The table of a record's utterances: a column for each metric, read or computed when it is first asked for.

Rows in a file bring their columns with them. Others are read row by row, and what is derived from one, such as its
analysed texts, is kept no longer than that.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from .aggregate import Column
from .measured import Run, Utterance
from .metric import Metric
from .stored import StoredTable


@dataclass
class Contributions:
    """The contributions of utterances to one metric, one after the other."""

    metric: Metric
    rows: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    of: list[float] = field(default_factory=list)
    clusters: list[str | None] = field(default_factory=list)
    strata: list[str] = field(default_factory=list)
    order: list[float | None] = field(default_factory=list)
    lists: list[list[float]] = field(default_factory=list)

    def add(self, place: int, utterance: Utterance) -> None:
        """Add that of the utterance at `place` of the record, where it has one."""
        metric = self.metric
        found = None if metric.contribution is None else metric.contribution(utterance)
        if found is None:
            return
        value, units = value_and_units(found)
        if isinstance(found, list):
            self.lists.append(found)
        self.rows.append(place)
        self.values.append(value)
        self.of.append(units)
        self.clusters.append(metric.cluster.key(utterance) if metric.cluster else None)
        if metric.stratum is not None:
            self.strata.append(metric.stratum(utterance))
        if metric.order is not None:
            self.order.append(metric.order(utterance))

    def column(self) -> Column:
        """All of them."""
        import numpy as np

        return Column(
            rows=np.array(self.rows, dtype=np.intp),
            values=np.array(self.values, dtype=np.float64),
            of=np.array(self.of, dtype=np.float64),
            clusters=self.clusters,
            strata=self.strata,
            order=self.order,
            lists=self.lists,
            nouns=nouns(self.metric),
        )


def value_and_units(contribution: float | tuple[float, float] | list[float]) -> tuple[float, float]:
    """A contribution as a value and its denominator: of a list its sum and its length."""
    if isinstance(contribution, list):
        return math.fsum(contribution), float(len(contribution))
    return contribution if isinstance(contribution, tuple) else (contribution, 1.0)


def nouns(metric: Metric) -> tuple[str, str]:
    """What a cluster of a metric and an observation are called."""
    return (metric.cluster.noun, metric.cluster.observation) if metric.cluster else ("speaker", "utterance")


class Table:
    """The contributions of a run's utterances, by metric."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._columns: dict[str, Column] = {}

    def column(self, metric: Metric) -> Column:
        """What utterances contribute to a metric."""
        if metric.name not in self._columns:
            rows = self.run.utterances
            # One that is read is not kept: reading it again is quick, and a record has dozens.
            if isinstance(rows, StoredTable) and (stored := rows.contributions(metric)) is not None:
                return stored
            self.prepare([metric])
        return self._columns[metric.name]

    def prepare(self, metrics: Iterable[Metric]) -> None:
        """Compute the columns of several metrics together, which share what they derive from an utterance."""
        wanted = [each for each in metrics if each.name not in self._columns and not self._stored(each)]
        found = [Contributions(each) for each in wanted]
        if any(each.metric.contribution is not None for each in found):
            for place, row in enumerate(self.run.utterances):
                utterance = Utterance(row, self.run)
                for each in found:
                    each.add(place, utterance)
        self._columns |= {each.metric.name: each.column() for each in found}

    def _stored(self, metric: Metric) -> bool:
        rows = self.run.utterances
        return isinstance(rows, StoredTable) and rows.contributes(metric)
