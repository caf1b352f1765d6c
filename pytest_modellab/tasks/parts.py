"""What tasks keep in records: the types of their parts, and how these are made out of raw answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any, Protocol, cast

from pydantic import BaseModel

from pytest_modellab.core.metrics.measured import Row
from pytest_modellab.core.text import Normalizer

from .asr import scoring as asr
from .asr.record import Transcript, TranscriptSummary
from .asr.text_analysis import Terms
from .chat import scoring as chat
from .chat.record import ChatSummary, Reply
from .streaming import scoring as streaming
from .streaming.record import Streamed, StreamingSummary
from .tts import scoring as tts
from .tts.record import Speech, SpeechSummary

UTTERANCE: Mapping[str, type[BaseModel]] = {
    "asr": Transcript,
    "tts": Speech,
    "streaming": Streamed,
    "chat": Reply,
}
"""The type of a task's part of an utterance. Parts of other tasks are kept as they are."""
RUN: Mapping[str, type[BaseModel]] = {
    "asr": TranscriptSummary,
    "tts": SpeechSummary,
    "streaming": StreamingSummary,
    "chat": ChatSummary,
}
"""The type of a task's part of a run."""
_SCORING: Mapping[str, ModuleType] = {"asr": asr, "tts": tts, "streaming": streaming, "chat": chat}


class Scoring(Protocol):
    """How the parts of a task are made of raw answers."""

    def score(self, rows: Sequence[Row], normalize: Normalizer) -> list[dict[str, Any]]:
        """The parts of each row, by task."""
        ...

    def summarize(
        self, rows: Sequence[Row], before: Mapping[str, Any], normalize: Normalizer, terms: Terms
    ) -> dict[str, Any]:
        """The parts of a run, by task, whose `rows` are scored.

        `before` holds what of them was known without the answers; `terms` are what the data set's spec lists.
        """
        ...


def scoring_of(task: str) -> Scoring:
    """How a task's answers are scored. Raises KeyError for a task that is unknown here."""
    return cast(Scoring, _SCORING[task])


def utterance_parts(parts: dict[str, Any]) -> dict[str, Any]:
    """The parts of an utterance, those of known tasks as their types have them."""
    return _typed(parts, UTTERANCE)


def run_parts(parts: dict[str, Any]) -> dict[str, Any]:
    """The parts of a run, those of known tasks as their types have them."""
    return _typed(parts, RUN)


def _typed(parts: dict[str, Any], types: Mapping[str, type[BaseModel]]) -> dict[str, Any]:
    return {task: types[task].model_validate(part) if task in types else part for task, part in parts.items()}
