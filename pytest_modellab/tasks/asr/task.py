"""Speech recognition: a clip in, a text out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_modellab.engines.base import BatchTranscriber

from ..base import Task
from ..requests import Requests

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Dataset
    from pytest_modellab.core.audio_artifacts import AudioArtifacts
    from pytest_modellab.engines.base import Engine

    from ..scoring import Scoring


class SpeechRecognition(Task):
    """Each recording of a data set is transcribed, and the text is compared with the reference."""

    name = "asr"
    hub_task = "automatic-speech-recognition"
    title = "speech recognition"
    order = 10
    handler = f"{__package__}.handler"
    request_module = f"{__package__}.batches"
    columns = (("wer", "WER"), ("cer", "CER"), ("rtf", "RTF"), ("load_s", "load"), ("peak_rss_mb", "memory"))
    least_needed = ("load_s", "cer", "peak_rss_mb", "device", "interval", "weakest", "rtf")
    grades: ClassVar[Mapping[str, Any]] = {
        "provisional_below_words": 5000,
        "criteria": {
            "wer": (0.05, 0.10, 0.15, 0.25),
            "rtf": (0.05, 0.20, 0.50, 1.0),
            "success_rate": (1.0, 0.999, 0.995, 0.99),
        },
    }

    def scoring(self) -> Scoring:
        from .scoring import AsrScoring

        return AsrScoring(self.name)

    def requests(self, dataset: Dataset, engine: type[Engine], artifacts: AudioArtifacts) -> Requests:
        from .request import AsrRequests

        return AsrRequests(dataset, engine.rate)

    def requests_with(
        self, dataset: Dataset, engine: type[Engine], artifacts: AudioArtifacts, options: Mapping[str, Any]
    ) -> Requests:
        size = options.get("batch_size", 1)
        if size == 1 or not issubclass(engine, BatchTranscriber):
            return self.requests(dataset, engine, artifacts)
        from .batches import AsrBatches

        return AsrBatches(dataset, engine.rate, size)


TASK = SpeechRecognition()
