"""Size limits of answers, so that a model that never stops generating can't exhaust a session."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_modellab.tasks.requests import Answer

MOST_CHARACTERS = 400_000
"""Of one text. Some 60,000 words, six hours of speech; to score and to explain more takes minutes."""


def bounded(value: Any) -> tuple[Any, int]:
    """A reply with every text in it cut to `MOST_CHARACTERS`, and how long the longest was; 0 if none was cut."""
    if isinstance(value, str):
        return (value[:MOST_CHARACTERS], len(value)) if len(value) > MOST_CHARACTERS else (value, 0)
    if isinstance(value, dict):
        kept = {name: bounded(each) for name, each in value.items()}
        return {name: each for name, (each, _) in kept.items()}, max((cut for _, cut in kept.values()), default=0)
    if isinstance(value, list):
        pairs = [bounded(each) for each in value]
        return [each for each, _ in pairs], max((cut for _, cut in pairs), default=0)
    return value, 0


def bounded_answer(answer: Answer) -> tuple[Answer, int]:
    """As `bounded`, of an answer that has others beside it in its reply."""
    values, cut = bounded({"text": answer.text, "part": answer.part, "times": answer.times})
    return (replace(answer, **values), cut) if cut else (answer, 0)
