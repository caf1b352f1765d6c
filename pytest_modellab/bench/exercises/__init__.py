"""What each task asks of a model, utterance by utterance, and what it keeps of the answer."""

from __future__ import annotations

from ...catalog.specs import Task
from ...datasets import Dataset
from ..artefacts import Artefacts
from .asr import AsrExercise
from .model import Ask, Exercise, Kept, Lines
from .tts import TtsExercise

__all__ = ["Ask", "Exercise", "Kept", "Lines", "exercise_for"]


def exercise_for(task: Task, dataset: Dataset, rate: int, artefacts: Artefacts) -> Exercise:
    """The exercise of a task on `dataset`, for an engine whose clips come at `rate` Hz."""
    match task:
        case "tts":
            return TtsExercise(dataset, artefacts)
        case _:
            return AsrExercise(dataset, rate)
