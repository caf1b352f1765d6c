"""Speech synthesis: a text in, speech out, which judges rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ..base import Task
from ..requests import Requests

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Dataset
    from pytest_modellab.core.audio_artifacts import AudioArtifacts
    from pytest_modellab.engines.base import Engine

    from ..scoring import Scoring


class SpeechSynthesis(Task):
    """Each text of a data set is spoken; a judge transcribes it, and predictors rate it."""

    name = "tts"
    hub_task = "text-to-speech"
    title = "speech synthesis"
    order = 20
    handler = f"{__package__}.handler"
    request_module = f"{__package__}.request"
    columns = (
        *(("wer", "round-trip WER"), ("judge_wer", "judge's own"), ("distillmos", "MOS"), ("flawed", "flawed")),
        *(("rtf", "RTF"), ("first_audio_p50_s", "first audio"), ("peak_rss_mb", "memory")),
    )
    least_needed = (
        *("judge_wer", "peak_rss_mb", "first_audio_p50_s", "flawed", "device", "interval", "weakest", "rtf"),
        "distillmos",
    )
    given_audio = False
    needs_judge = True

    grades: ClassVar[Mapping[str, Any]] = {
        "provisional_below_words": 300,
        "criteria": {
            "wer": (0.05, 0.08, 0.12, 0.20),
            "distillmos": (4.3, 4.0, 3.5, 2.5),
            "flawed": (0.0, 0.02, 0.05, 0.10),
            "rtf": (0.10, 0.30, 0.60, 1.0),
            "success_rate": (1.0, 0.999, 0.995, 0.99),
        },
    }
    may_speak = True

    def scoring(self) -> Scoring:
        from .scoring import TtsScoring

        return TtsScoring(self.name)

    def requests(self, dataset: Dataset, engine: type[Engine], artifacts: AudioArtifacts) -> Requests:
        from .request import TtsRequests

        return TtsRequests(dataset, artifacts)

    def speaks(self, engine: type[Engine]) -> bool:
        return True


TASK = SpeechSynthesis()
