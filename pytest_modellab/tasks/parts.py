"""The parts that tasks have in records, as their types have them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .registry import TASKS
from .scoring import Scoring

if TYPE_CHECKING:
    from pydantic import BaseModel


def scoring_of(task: str) -> Scoring:
    """How a task's answers are scored. Raises KeyError for a task that isn't installed here."""
    found: Scoring = import_module(TASKS[task].scoring).SCORING
    return found


def utterance_parts(parts: dict[str, Any]) -> dict[str, Any]:
    """The parts of an utterance, those of installed tasks as their types have them."""
    return {
        task: _typed(part, scoring_of(task).utterance_type if task in TASKS else None) for task, part in parts.items()
    }


def run_parts(parts: dict[str, Any]) -> dict[str, Any]:
    """The parts of a run, those of installed tasks as their types have them."""
    return {task: _typed(part, scoring_of(task).run_type if task in TASKS else None) for task, part in parts.items()}


def own_types() -> tuple[dict[str, type[BaseModel]], dict[str, type[BaseModel]]]:
    """The types of the parts of utterances and of runs, by task, of the tasks that come with Model Lab."""
    own = {name: scoring_of(name) for name, task in TASKS.items() if task.scoring.startswith("pytest_modellab.")}
    return (
        {name: each.utterance_type for name, each in own.items() if each.utterance_type is not None},
        {name: each.run_type for name, each in own.items() if each.run_type is not None},
    )


def _typed(part: Any, kind: type[BaseModel] | None) -> Any:
    return part if kind is None else kind.model_validate(part)
