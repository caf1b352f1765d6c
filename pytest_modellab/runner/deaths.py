"""Descriptions of dead workers, for records."""

from __future__ import annotations

from pytest_modellab.core.schema_base import Failure

from .executor import WorkerDied


def died(death: WorkerDied) -> Failure:
    return Failure(kind=death.kind, message=death.reason, detail=death.stderr)


def not_tried(deaths: list[WorkerDied]) -> Failure:
    return Failure(kind="crash", message=f"not tried: the worker had died {len(deaths)} times")


def given_up(deaths: list[WorkerDied]) -> Failure:
    """Why a case was aborted, by the first of the deaths: the later ones usually follow from it."""
    first = deaths[0]
    message = f"given up after the worker died {len(deaths)} times; the first time: {first.reason}"
    return Failure(kind="crash", message=message, detail=first.stderr)
