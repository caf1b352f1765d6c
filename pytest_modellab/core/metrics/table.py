"""The table of a record's utterances: a column for each metric, computed once when it is first asked for."""

from __future__ import annotations

from functools import cached_property

from .aggregate import Column
from .measured import Run, Utterance
from .metric import Metric


class Table:
    """The contributions of a run's utterances, by metric."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._columns: dict[str, Column] = {}

    @cached_property
    def utterances(self) -> list[Utterance]:
        """The utterances in the record's order, as contributions read them."""
        return [Utterance(row, self.run) for row in self.run.utterances]

    def column(self, metric: Metric) -> Column:
        """What utterances contribute to a metric."""
        if metric.name not in self._columns:
            self._columns[metric.name] = self._column(metric)
        return self._columns[metric.name]

    def _column(self, metric: Metric) -> Column:
        import numpy as np

        rows: list[int] = []
        values: list[float] = []
        of: list[float] = []
        clusters: list[str | None] = []
        strata: list[str] = []
        order: list[float | None] = []
        if metric.contribution is not None:
            for i, utterance in enumerate(self.utterances):
                found = metric.contribution(utterance)
                if found is None:
                    continue
                value, units = found if isinstance(found, tuple) else (found, 1.0)
                rows.append(i)
                values.append(value)
                of.append(units)
                clusters.append(metric.cluster.key(utterance) if metric.cluster else None)
                if metric.stratum is not None:
                    strata.append(metric.stratum(utterance))
                if metric.order is not None:
                    order.append(metric.order(utterance))
        return Column(
            rows=np.array(rows, dtype=np.intp),
            values=np.array(values, dtype=np.float64),
            of=np.array(of, dtype=np.float64),
            clusters=clusters,
            strata=strata,
            order=order,
            nouns=(metric.cluster.noun, metric.cluster.observation) if metric.cluster else ("speaker", "utterance"),
        )
