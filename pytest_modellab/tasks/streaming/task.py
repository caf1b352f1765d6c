"""Streaming recognition: a clip in chunks in; partial results and a final text out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ..base import Task
from ..requests import Requests

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Dataset
    from pytest_modellab.catalog.specs import DatasetSpec
    from pytest_modellab.core.audio_artifacts import AudioArtifacts
    from pytest_modellab.engines.base import Engine

    from ..scoring import Scoring


class StreamingRecognition(Task):
    """Each recording of a data set is handed over in chunks; partial results and the final text are judged."""

    name = "streaming"
    hub_task = "automatic-speech-recognition"
    title = "streaming recognition"
    order = 40
    handler = f"{__package__}.handler"
    request_module = f"{__package__}.request"
    speed = "final_p95_s"
    columns = (
        *(("wer", "final WER"), ("streaming_loss", "loss"), ("first_partial_p50_s", "first partial")),
        *(("final_p95_s", "final p95"), ("unstable_words", "unstable"), ("kept_up", "kept up"), ("rtf", "RTF")),
    )
    least_needed = (
        *("unstable_words", "streaming_loss", "kept_up", "first_partial_p50_s", "device", "interval", "rtf", "weakest"),
        "final_p95_s",
    )
    grades: ClassVar[Mapping[str, Any]] = {
        "provisional_below_words": 5000,
        "criteria": {
            "wer": (0.05, 0.10, 0.15, 0.25),
            "final_p95_s": (0.3, 1.0, 2.0, 4.0),
            "first_partial_p50_s": (1.3, 2.0, 3.0, 5.0),
            "unstable_words": (0.1, 0.33, 0.6, 1.0),
            "kept_up": (1.0, 0.99, 0.95, 0.90),
            "success_rate": (1.0, 0.999, 0.995, 0.99),
        },
    }

    def scoring(self) -> Scoring:
        from .scoring import StreamingScoring

        return StreamingScoring(self.name)

    def requests(self, dataset: Dataset, engine: type[Engine], artifacts: AudioArtifacts) -> Requests:
        from .request import StreamingRequests

        return StreamingRequests(dataset.spec.streaming, engine.rate)

    def anchored(self, dataset: DatasetSpec) -> bool:
        return dataset.streaming.endpoint_s is not None

    def inputs(self, dataset: DatasetSpec) -> Mapping[str, Any]:
        stream = dataset.streaming
        # Without ends of speech the inputs are those of records from before there were any.
        left_out = {"endpoint_s"} if stream.endpoint_s is None else None
        return {"stream": stream.model_dump(mode="json", exclude=left_out)}


TASK = StreamingRecognition()
