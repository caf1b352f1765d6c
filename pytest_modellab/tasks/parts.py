"""The parts that tasks have in records, as their types have them."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError

from .registry import TASKS, task_named
from .scoring import Scoring


@cache
def scoring_of(task: str) -> Scoring:
    """How a task's answers are scored; of one that isn't installed here they are kept as they are."""
    found: Scoring = import_module(task_named(task).scoring).SCORING
    return found


def utterance_parts(parts: dict[str, Any]) -> dict[str, Any]:
    """The parts of an utterance, those of installed tasks as their types have them."""
    return {task: _typed(task, scoring_of(task).utterance_type, part) for task, part in parts.items()}


def run_parts(parts: dict[str, Any]) -> dict[str, Any]:
    """The parts of a run, those of installed tasks as their types have them."""
    return {task: _typed(task, scoring_of(task).run_type, part) for task, part in parts.items()}


def own_types() -> tuple[dict[str, type[BaseModel]], dict[str, type[BaseModel]]]:
    """The types of the parts of utterances and of runs, by task, of the tasks that come with Model Lab."""
    own = {name: scoring_of(name) for name, task in TASKS.items() if task.scoring.startswith("pytest_modellab.")}
    return (
        {name: each.utterance_type for name, each in own.items() if each.utterance_type is not None},
        {name: each.run_type for name, each in own.items() if each.run_type is not None},
    )


def _typed(task: str, kind: type[BaseModel] | None, part: Any) -> Any:
    """Raises PydanticCustomError, naming the place."""
    if kind is None:
        return part
    try:
        return kind.model_validate(part)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = "".join(f"{each}: " for each in (task, *first["loc"]))
        raise PydanticCustomError("part", "{told}", {"told": f"{place}{first['msg']}"}) from error
