"""Spoken chat: a user's turn, in speech or text, in; a reply out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ..base import Task
from ..requests import Requests

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Dataset
    from pytest_modellab.core.audio_artifacts import AudioArtifacts
    from pytest_modellab.engines.base import Engine

    from ..scoring import Scoring


class SpokenChat(Task):
    """Each turn of a data set's dialogues is answered, and the reply is judged by the rules of the turn."""

    name = "chat"
    title = "spoken chat"
    order = 30
    handler = f"{__package__}.handler"
    request_module = f"{__package__}.request"
    quality = "answer_accuracy"
    speed = "onset_p50_s"
    columns = (
        *(("answer_accuracy", "right"), ("context_kept", "context"), ("replies_to_noise", "to noise")),
        *(("onset_p50_s", "onset"), ("latency_p50_s", "response"), ("peak_rss_mb", "memory")),
    )
    least_needed = (
        *("replies_to_noise", "peak_rss_mb", "context_kept", "latency_p50_s", "device", "interval", "weakest"),
        "onset_p50_s",
    )

    grades: ClassVar[Mapping[str, Any]] = {
        "provisional_below_turns": 100,
        "criteria": {
            "answer_accuracy": (0.98, 0.95, 0.85, 0.70),
            "onset_p50_s": (0.5, 1.0, 2.0, 4.0),
            "missed_replies": (0.0, 0.005, 0.02, 0.05),
            "success_rate": (1.0, 0.999, 0.995, 0.99),
        },
    }
    may_be_written = True
    may_speak = True

    def scoring(self) -> Scoring:
        from .scoring import ChatScoring

        return ChatScoring(self.name)

    def requests(self, dataset: Dataset, engine: type[Engine], artifacts: AudioArtifacts) -> Requests:
        from .request import ChatRequests

        return ChatRequests(dataset, artifacts, engine.rate, hears=_hears(engine))

    def speaks(self, engine: type[Engine]) -> bool:
        from pytest_modellab.engines.registry import speaks

        return speaks(engine)

    def hears_prompts(self, engine: type[Engine]) -> bool:
        return _hears(engine)

    def takes_silence(self, engine: Callable[[], type[Engine] | None]) -> bool:
        found = engine()
        return found is not None and _hears(found)  # silence can't be given to a model with text input


def _hears(engine: type[Engine]) -> bool:
    from pytest_modellab.engines.registry import hears

    return hears(engine)


TASK = SpokenChat()
