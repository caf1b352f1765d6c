"""Tasks by name, from the entry-point group `modellab.tasks`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from pytest_modellab.catalog import base as catalog
from pytest_modellab.engines.registry import imported_from

from .base import Task

TASKS = cast("Mapping[str, Task]", catalog.TASKS)
"""In their order."""


def task_named(name: str) -> Task:
    """The task of that name; of a record whose task isn't installed here, a task with nothing of its own."""
    return TASKS[name] if name in TASKS else _Unknown(name)


def place_of(name: str) -> int:
    """Where a task stands among all; one that isn't installed here comes last."""
    return [*TASKS].index(name) if name in TASKS else len(TASKS)


def modules_of(name: str) -> tuple[str, str]:
    """The modules that make the requests of a task, and that answer them in the worker."""
    found = task_named(name)
    return found.request_module or type(found).__module__, found.handler


def handlers_of(names: Iterable[str]) -> dict[str, str | None]:
    """The modules that answer requests of these tasks in a worker -> a folder to import one from.

    None for those of this package, which a worker finds by itself.
    """
    found = {}
    for name in names:
        handler = task_named(name).handler
        found[handler] = None if handler.startswith("pytest_modellab.") else imported_from(f"{handler}:answer")
    return found


class _Unknown(Task):
    def __init__(self, name: str) -> None:
        self.name = name  # type: ignore[misc]  # of a record, where others have it of their class
