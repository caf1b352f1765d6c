"""Speaker diarization: a recording in; who spoke when out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ..base import Task
from ..requests import Requests

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Dataset
    from pytest_modellab.core.audio_artifacts import AudioArtifacts
    from pytest_modellab.core.metrics.measured import Row
    from pytest_modellab.engines.base import Engine

    from ..scoring import Scoring
    from ..timeline import Lane


class Diarization(Task):
    """Each recording of a data set is divided among speakers, and the segments are compared with the reference's."""

    name = "diarize"
    title = "speaker diarization"
    order = 60
    handler = f"{__package__}.handler"
    request_module = f"{__package__}.request"
    error_metric = "der"
    columns = (
        *(("der", "DER"), ("missed_speech", "missed"), ("false_alarm_speech", "false alarm")),
        *(("speaker_confusion", "confusion"), ("jer", "JER"), ("speaker_count_error", "miscounted"), ("rtf", "RTF")),
    )
    least_needed = (
        *("speaker_count_error", "false_alarm_speech", "missed_speech", "device", "interval", "weakest", "jer"),
        *("speaker_confusion", "rtf"),
    )
    grades: ClassVar[Mapping[str, Any]] = {
        "provisional_below_utterances": 50,
        "criteria": {
            "der": (0.05, 0.10, 0.20, 0.30),
            "jer": (0.10, 0.20, 0.30, 0.45),
            "rtf": (0.05, 0.20, 0.50, 1.0),
            "success_rate": (1.0, 0.999, 0.995, 0.99),
        },
    }

    def scoring(self) -> Scoring:
        from .scoring import DiarizationScoring

        return DiarizationScoring(self.name)

    def requests(self, dataset: Dataset, engine: type[Engine], artifacts: AudioArtifacts) -> Requests:
        from .request import DiarizationRequests

        return DiarizationRequests(engine.rate)

    def show(self, row: Row) -> Iterable[str]:
        from .shown import notes

        return notes(row)

    def lanes(self, row: Row) -> Iterable[Lane]:
        from .shown import lanes

        return lanes(row)


TASK = Diarization()
