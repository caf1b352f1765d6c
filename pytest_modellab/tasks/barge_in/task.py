"""Interruptions of a spoken reply: a user who speaks while the model does in; when it falls silent out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ..base import Task
from ..requests import Requests

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Dataset
    from pytest_modellab.core.audio_artifacts import AudioArtifacts
    from pytest_modellab.core.metrics.measured import Row
    from pytest_modellab.engines.base import Engine

    from ..scoring import Scoring


class BargeIn(Task):
    """Each scenario of a data set is played to a model that hears while it speaks."""

    name = "barge_in"
    title = "interruptions of spoken replies"
    order = 35
    handler = f"{__package__}.handler"
    request_module = f"{__package__}.request"
    quality = "talked_over"
    texts_tell = False
    speed = "fall_silent_p95_s"
    columns = (
        *(("talked_over", "talked on"), ("fall_silent_s", "silent"), ("fall_silent_p95_s", "silent p95")),
        *(("false_stops", "for nothing"), ("interruption_wer", "lost"), ("unplayed", "not played")),
    )
    least_needed = ("unplayed", "interruption_wer", "device", "interval", "weakest", "fall_silent_s")
    grades: ClassVar[Mapping[str, Any]] = {
        "provisional_below_utterances": 100,
        "criteria": {
            "talked_over": (0.0, 0.02, 0.05, 0.10),
            "fall_silent_s": (0.5, 0.8, 1.2, 2.0),
            "false_stops": (0.0, 0.05, 0.10, 0.25),
            "unplayed": (0.0, 0.05, 0.10, 0.20),
            "success_rate": (1.0, 0.999, 0.995, 0.99),
        },
    }

    def scoring(self) -> Scoring:
        from .scoring import BargeInScoring

        return BargeInScoring(self.name)

    def requests(self, dataset: Dataset, engine: type[Engine], artifacts: AudioArtifacts) -> Requests:
        from .request import BargeInRequests

        return BargeInRequests(engine.rate)

    def show(self, row: Row) -> Iterator[str]:
        from .record import scenario_of

        found = scenario_of(row)
        if found is not None:
            silent_s = found.silent_after_s
            yield f"{found.kind} at {found.began_s:.2f} s" if found.began_s is not None else "it never spoke"
            yield "talked on" if silent_s is None else f"silent {silent_s:.2f} s later"


TASK = BargeIn()
