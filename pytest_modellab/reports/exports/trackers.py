"""Experiment trackers: MLflow, Weights & Biases, Trackio. A record is a run; one that is there isn't made again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_modellab.core.redaction import redacted
from pytest_modellab.results.record import Record

from .tables import ExportError

RECORD_TAG = "modellab.record"


def to_mlflow(records: Sequence[tuple[Record, Path]], project: str, where: str | None) -> Iterator[str]:
    """What was done with each record; `where` is a tracking URI, by default that of MLflow's environment.

    Raises ExportError.
    """
    try:
        from mlflow import MlflowClient
        from mlflow.entities import Metric, Param, RunTag
        from mlflow.exceptions import MlflowException
    except ImportError:
        raise ExportError("MLflow is not installed; pip install mlflow") from None
    try:
        client = MlflowClient(tracking_uri=where)
        found = client.get_experiment_by_name(project)
        experiment = client.create_experiment(project) if found is None else found.experiment_id
        for record, path in records:
            if client.search_runs([experiment], f"tags.`{RECORD_TAG}` = '{record.id}'", max_results=1):
                yield f"{record.case.id}: there already"
                continue
            run = client.create_run(experiment, run_name=record.case.id)
            at, id = run.info.start_time, run.info.run_id
            metrics = [Metric(name, value, at, 0) for name, value in metrics_of(record).items()]
            params = [Param(name, str(value)[:500]) for name, value in params_of(record).items()]
            client.log_batch(id, metrics, params, [RunTag(name, value) for name, value in tags_of(record).items()])
            client.log_artifact(id, str(path))
            client.set_terminated(id, "FAILED" if record.failure is not None else "FINISHED")
            yield f"{record.case.id}: run {id}"
    except MlflowException as error:
        raise ExportError(f"MLflow: {error}") from None


def to_wandb(records: Sequence[tuple[Record, Path]], project: str, where: str | None) -> Iterator[str]:
    """As `to_mlflow`; `where` is the entity. Where the run goes is W&B's own setting (WANDB_MODE, WANDB_DIR)."""
    try:
        import wandb
    except ImportError:
        raise ExportError("Weights & Biases is not installed; pip install wandb") from None
    for record, path in records:
        run = wandb.init(
            project=project,
            entity=where,
            id=record.id,
            name=record.case.id,
            config=params_of(record),
            tags=[record.case.task],
            resume="allow",
            reinit="finish_previous",
        )
        run.summary.update({**metrics_of(record), **tags_of(record)})
        run.save(str(path), base_path=str(path.parent), policy="now")
        run.finish(exit_code=int(record.failure is not None))
        yield f"{record.case.id}: run {record.id}"


def to_trackio(records: Sequence[tuple[Record, Path]], project: str, where: str | None) -> Iterator[str]:
    """As `to_mlflow`; `where` is a Space of the hub, by default this machine."""
    try:
        import trackio
    except ImportError:
        raise ExportError("Trackio is not installed; pip install trackio") from None
    for record, _ in records:
        name = f"{record.case.id}-{record.id}"
        trackio.init(project=project, name=name, space_id=where, config={**params_of(record), **tags_of(record)})
        trackio.log(metrics_of(record))
        trackio.finish()
        yield f"{record.case.id}: run {name}"


TRACKERS = {"mlflow": to_mlflow, "wandb": to_wandb, "trackio": to_trackio}


def metrics_of(record: Record) -> dict[str, float]:
    """Values, and the ends of their intervals, by metric; what is missing is left out."""
    found: dict[str, float] = {}
    for name, each in record.values.items():
        if each.value is None:
            continue
        found[name] = each.value
        if each.interval is not None:
            found |= {f"{name}.low": each.interval.low, f"{name}.high": each.interval.high}
    return {name: value for name, value in found.items() if math.isfinite(value)}


def params_of(record: Record) -> dict[str, Any]:
    """What the run was of: case, options, scorer, what the engine chose."""
    case, inputs = record.case, record.provenance.inputs
    options: Mapping[str, Any] = redacted(dict(inputs.get("options") or {}))
    return {
        "task": case.task,
        "model": case.model,
        "device": case.device,
        "dataset": case.dataset,
        "scorer": f"{record.normalizer.name} {record.normalizer.version}",
        **{f"option.{name}": value for name, value in options.items() if value is not None},
        **{f"loaded.{name}": value for name, value in record.loaded.items() if value is not None},
    }


def tags_of(record: Record) -> dict[str, str]:
    """Where it comes from."""
    origin = record.provenance
    told = {
        RECORD_TAG: record.id,
        "modellab.key": origin.key,
        "modellab.created": origin.created,
        "modellab.commit": None if origin.commit is None else f"{origin.commit}{'+' if origin.dirty else ''}",
        "modellab.noisy": record.timing.noisy,
        "modellab.failure": None if record.failure is None else record.failure.message,
    }
    return {name: value for name, value in told.items() if value is not None}
