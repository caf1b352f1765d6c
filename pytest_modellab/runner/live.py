"""A live model for tests that call it directly: a worker of its own, no record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_modellab.catalog.cases import Case
from pytest_modellab.core import audio
from pytest_modellab.engines.base import Clip, Transcript
from pytest_modellab.engines.registry import engine_class
from pytest_modellab.tasks.asr.request import transcription

from .executor import Worker

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Utterance

    from .runner import Runner


class ModelError(Exception):
    """The model could not be loaded, or raised on a clip."""


class LiveModel:
    """A loaded model. Close it, or use it as a context manager."""

    def __init__(self, worker: Worker, case: Case, rate: int) -> None:
        self._worker = worker
        self._case = case
        self.rate = rate

    @classmethod
    def start(cls, runner: Runner, case: Case) -> LiveModel:
        """Load the model of `case`, once no other is on its device.

        Raises ModelError, WorkerDied, or store.StoreError.
        """
        order = runner.order(case)
        runner.reserve(case, lambda _: None)
        worker = runner.start_worker(order)
        live = cls(worker, case, engine_class(order.engine).rate)
        try:
            reply = worker.request(order.message(), timeout=order.timeout_s)
            if "error" in reply:
                raise ModelError(f"{case.group} could not be loaded:\n{reply['error']['traceback']}")
        except BaseException:
            live.close()
            raise
        return live

    def transcribe(self, clip: Clip | Utterance | Path | str) -> Transcript:
        """Recognise one clip, an utterance of a data set, or an audio file.

        Raises ModelError for what the engine raised, WorkerDied where it took the process down.
        """
        if isinstance(clip, Path | str):
            clip = Clip(audio.load(Path(clip), self.rate), self.rate)
        elif not isinstance(clip, Clip):
            clip = clip.clip(self.rate)
        timeouts = self._case.model.timeouts
        timeout = timeouts.utterance_s + timeouts.per_audio_second * clip.seconds
        request = transcription(clip)
        reply = self._worker.request(request.message, request.payload, timeout=timeout)
        if "error" in reply:
            raise ModelError(f"{self._case.group} raised:\n{reply['error']['traceback']}")
        return Transcript(reply["text"], reply["language"])

    def close(self) -> None:
        self._worker.close()

    def __enter__(self) -> LiveModel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
