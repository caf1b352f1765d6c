"""The contributions of rows to metrics as columns of a table.

Of each metric `value:NAME` and `of:NAME`, null where the utterance is none that the metric is of. Where clusters are
other than speakers `cluster:NAME`, and `stratum:NAME` and `order:NAME` of a metric that has them; `list:NAME` of one
whose contributions are lists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from pytest_modellab.core.metrics.measured import Run, Utterance
from pytest_modellab.core.metrics.metric import SPEAKER, Metric
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.table import value_and_units

from ..record import UtteranceResult


def metrics_of(task: str) -> list[Metric]:
    """The metrics to which utterances of a task may contribute."""
    return [each for each in METRICS.values() if each.contribution is not None and each.why_elsewhere(task) is None]


def versions(metrics: Sequence[Metric]) -> dict[str, int]:
    """The versions of definitions, by metric."""
    return {each.name: each.version for each in metrics}


def columns(metrics: Sequence[Metric]) -> list[pa.Field]:
    """The columns of these metrics, in their order."""
    return [field for metric in metrics for field in _columns(metric)]


def _columns(metric: Metric) -> list[pa.Field]:
    found = [pa.field(f"value:{metric.name}", pa.float64()), pa.field(f"of:{metric.name}", pa.float64())]
    if has_clusters(metric):
        found.append(pa.field(f"cluster:{metric.name}", pa.string()))
    if metric.stratum is not None:
        found.append(pa.field(f"stratum:{metric.name}", pa.string()))
    if metric.order is not None:
        found.append(pa.field(f"order:{metric.name}", pa.float64()))
    if metric.width:
        found.append(pa.field(f"list:{metric.name}", pa.list_(pa.float64())))
    return found


def has_clusters(metric: Metric) -> bool:
    """Whether its clusters are a column of their own: those that are speakers are in that of the rows."""
    return metric.cluster is not None and metric.cluster is not SPEAKER


def contributed(rows: Sequence[UtteranceResult], run: Run, metrics: Sequence[Metric]) -> pa.Table:
    """What `rows` of a run contribute to metrics."""
    fields = columns(metrics)
    found: dict[str, list[Any]] = {each.name: [] for each in fields}
    for row in rows:
        utterance = Utterance(row, run)
        for metric in metrics:
            _add(metric, utterance, found)
    return pa.table([pa.array(found[each.name], each.type) for each in fields], schema=pa.schema(fields))


def _add(metric: Metric, utterance: Utterance, found: Mapping[str, list[Any]]) -> None:
    assert metric.contribution is not None  # others aren't stored
    name, contribution = metric.name, metric.contribution(utterance)
    there = contribution is not None
    value, of = (None, None) if contribution is None else map(float, value_and_units(contribution))
    found[f"value:{name}"].append(value)
    found[f"of:{name}"].append(of)
    if metric.width:
        found[f"list:{name}"].append(contribution)
    if metric.cluster is not None and has_clusters(metric):
        found[f"cluster:{name}"].append(metric.cluster.key(utterance) if there else None)
    if metric.stratum is not None:
        found[f"stratum:{name}"].append(metric.stratum(utterance) if there else None)
    if metric.order is not None:
        found[f"order:{name}"].append(metric.order(utterance) if there else None)
