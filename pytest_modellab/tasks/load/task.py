"""Load: recognition for many users at once."""

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


class Load(Task):
    """The recordings of a data set are recognised several at once; texts and times are judged together."""

    name = "load"
    hub_task = "automatic-speech-recognition"
    title = "recognition under load"
    order = 50
    handler = f"{__package__}.handler"
    request_module = f"{__package__}.request"
    alone = True
    whole = True
    speed = "load_p95_s"
    curve = ("load_rtfx", "load_p95_s")
    columns = (
        *(("wer", "WER"), ("achieved_rate", "answers"), ("load_rtfx", "RTFx"), ("load_p50_s", "p50")),
        *(("load_p95_s", "p95"), ("success_rate", "answered")),
    )
    least_needed = ("load_p50_s", "device", "interval", "weakest", "success_rate", "load_rtfx")
    grades: ClassVar[Mapping[str, Any]] = {
        "provisional_below_words": 5000,
        "criteria": {
            "wer": (0.05, 0.10, 0.15, 0.25),
            "load_p95_s": (0.5, 1.0, 2.0, 4.0),
            "success_rate": (1.0, 0.999, 0.995, 0.99),
        },
    }

    def scoring(self) -> Scoring:
        from .scoring import LoadScoring

        return LoadScoring(self.name)

    def requests(self, dataset: Dataset, engine: type[Engine], artifacts: AudioArtifacts) -> Requests:
        from .request import LoadRequests

        assert dataset.spec.load is not None  # the catalog was checked
        return LoadRequests(dataset.spec.load, engine.rate)

    def inputs(self, dataset: DatasetSpec) -> Mapping[str, Any]:
        assert dataset.load is not None  # the catalog was checked
        return {"load": dataset.load.model_dump(mode="json")}


TASK = Load()
