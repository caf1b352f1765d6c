"""What each task asks of a model, utterance by utterance, and what it keeps of the answer."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_modellab.catalog.datasets import Dataset
from pytest_modellab.catalog.specs import Task
from pytest_modellab.core.audio_artifacts import Artefacts
from pytest_modellab.engines.base import Engine
from pytest_modellab.engines.registry import hears

from .asr.request import AsrExercise
from .base import Ask, Exercise, Kept, Lines
from .chat.request import ChatExercise
from .streaming.request import StreamingExercise
from .tts.request import TtsExercise

__all__ = ["Ask", "Exercise", "Kept", "Lines", "exercise_for", "module_of"]


_OF: Mapping[Task, type] = {
    "asr": AsrExercise,
    "tts": TtsExercise,
    "chat": ChatExercise,
    "streaming": StreamingExercise,
}


def module_of(task: Task) -> str:
    """The module that makes the requests of a task, and keeps what is answered."""
    return _OF[task].__module__


def exercise_for(task: Task, dataset: Dataset, engine: type[Engine], artefacts: Artefacts) -> Exercise:
    """The exercise of a task on `dataset`, for an `engine` that does the task."""
    match task:
        case "tts":
            return TtsExercise(dataset, artefacts)
        case "streaming":
            return StreamingExercise(dataset.spec.streaming, engine.rate)
        case "chat":
            return ChatExercise(dataset, artefacts, engine.rate, hears=hears(engine))
        case _:
            return AsrExercise(dataset, engine.rate)
