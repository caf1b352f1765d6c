"""Speech translation: a clip in one language in, a text in another out."""

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


class SpeechTranslation(Task):
    """Each recording is translated into the language of the references, with which the text is compared."""

    name = "translate"
    hub_task = "automatic-speech-recognition"
    title = "speech translation"
    order = 17
    handler = f"{__package__}.handler"
    request_module = f"{__package__}.request"
    error_metric = "ter"
    quality = "chrf"
    columns = (("chrf", "chrF"), ("bleu", "BLEU"), ("ter", "TER"), ("rtf", "RTF"), ("peak_rss_mb", "memory"))
    least_needed = ("ter", "peak_rss_mb", "device", "interval", "weakest", "rtf")
    grades: ClassVar[Mapping[str, Any]] = {
        "provisional_below_utterances": 200,
        "criteria": {
            "chrf": (65.0, 55.0, 45.0, 35.0),
            "rtf": (0.05, 0.20, 0.50, 1.0),
            "success_rate": (1.0, 0.999, 0.995, 0.99),
        },
    }

    def scoring(self) -> Scoring:
        from .scoring import TranslationScoring

        return TranslationScoring(self.name)

    def requests(self, dataset: Dataset, engine: type[Engine], artifacts: AudioArtifacts) -> Requests:
        from .request import TranslationRequests

        return TranslationRequests(dataset, engine.rate)

    def inputs(self, dataset: DatasetSpec) -> Mapping[str, Any]:
        return {"target": dataset.target}


TASK = SpeechTranslation()
