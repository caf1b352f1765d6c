"""Metadata of the Hugging Face hub: `.eval_results/*.yaml` of a benchmark, and `model-index` of a model card."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.results.record import Record
from pytest_modellab.tasks.registry import task_named

from .tables import ExportError


def eval_results(records: Sequence[Record], dataset: str, task: str, revision: str | None) -> str:
    """YAML for `.eval_results/`: the error rate, in percent, of one model on the benchmark `dataset` of the hub.

    `task` is the benchmark's own name for it. Raises ExportError where there are several, or no error rate.
    """
    from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

    if len(records) > 1:
        told = ", ".join(record.case.id for record in records)
        raise ExportError(f"a benchmark has one result of a model, here are {len(records)}: {told}; name the case")
    (record,) = records
    metric = record.error_metric
    value = record.value(metric)
    if value is None:
        raise ExportError(f"{record.case.id} has no {metric}: {record.why_missing(metric)}")
    entry = EvalResultEntry(
        dataset_id=dataset,
        task_id=task,
        value=_percent(metric, value),
        dataset_revision=revision,
        date=record.provenance.created,
        notes=f"{METRICS[metric].title}, %, {_notes(record)}",
    )
    return str(yaml.safe_dump(eval_result_entries_to_yaml([entry]), sort_keys=False, allow_unicode=True))


def model_index(records: Sequence[Record], metrics: Sequence[str]) -> str:
    """YAML for the head of a model card: `metrics` of each record, or its error rate and RTF; rates in percent.

    Raises ExportError for several models, a task that the hub has no word for, or where nothing was measured.
    """
    from huggingface_hub import EvalResult
    from huggingface_hub.repocard_data import eval_results_to_model_index

    models = sorted({record.case.model for record in records})
    if len(models) > 1:
        raise ExportError(f"a model card is of one model, here are {', '.join(models)}; name cases by `MODEL:*`")
    found = []
    for record in records:
        kind = task_named(record.case.task).hub_task
        if not kind:
            raise ExportError(f"{record.case.id}: the hub has no word for the task {record.case.task}")
        for name in metrics or (record.error_metric, task_named(record.case.task).speed):
            value = record.value(name)
            if value is None or METRICS[name].noise(record.timing.noisy, record.timing.noisy_loading) is not None:
                continue
            found.append(
                EvalResult(
                    task_type=kind,
                    dataset_type=record.case.dataset,
                    dataset_name=record.case.dataset,
                    metric_type=name,
                    metric_value=_percent(name, value),
                    metric_name=_titled(record, name),
                )
            )
    if not found:
        raise ExportError(f"nothing to tell of {models[0]}: no value, or only times of a noisy machine")
    index = eval_results_to_model_index(models[0], found)
    return str(yaml.safe_dump({"model-index": index}, sort_keys=False, allow_unicode=True))


def _titled(record: Record, name: str) -> str:
    metric, interval = METRICS[name], record.interval(name)
    unit = f", {metric.unit}" if metric.unit not in {"", "1"} else ""
    if interval is None:
        return f"{metric.title}{unit}"
    return f"{metric.title}{unit} (95 % interval {_percent(name, interval.low):g} to {_percent(name, interval.high):g})"


def _percent(metric: str, value: float) -> Any:
    return round(100 * value, 4) if METRICS[metric].unit == "%" else round(value, 6)


def _notes(record: Record) -> str:
    interval = record.interval(record.error_metric)
    told = [f"pytest-modellab {record.provenance.lab}", f"scorer {record.normalizer.name} {record.normalizer.version}"]
    if interval is not None:
        told.append(f"95 % interval {100 * interval.low:.2f} to {100 * interval.high:.2f}")
    return ", ".join([*told, f"{record.reference_units} words", f"device {record.case.device}"])
