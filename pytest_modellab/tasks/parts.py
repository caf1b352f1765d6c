"""Task parts of records: typed for installed tasks, kept as JSON for others."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError

from .registry import task_named


def utterance_parts(parts: dict[str, Any]) -> dict[str, Any]:
    """The parts of an utterance in their types. Raises PydanticCustomError, naming the place."""
    return {task: _typed(task, utterance_part(task), part) for task, part in parts.items()}


def run_parts(parts: dict[str, Any]) -> dict[str, Any]:
    """The parts of a run in their types. Raises PydanticCustomError, naming the place."""
    return {task: _typed(task, run_part(task), part) for task, part in parts.items()}


@cache
def utterance_part(task: str) -> type[BaseModel] | None:
    """The type of a task's part of an utterance; None for JSON."""
    return task_named(task).scoring().utterance_part


@cache
def run_part(task: str) -> type[BaseModel] | None:
    """The type of a task's part of a run; None for JSON."""
    return task_named(task).scoring().run_part


def _typed(task: str, kind: type[BaseModel] | None, part: Any) -> Any:
    if kind is None:
        return part
    try:
        return kind.model_validate(part)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = "".join(f"{each}: " for each in (task, *first["loc"]))
        raise PydanticCustomError("part", "{told}", {"told": f"{place}{first['msg']}"}) from error
