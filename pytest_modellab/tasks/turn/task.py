"""End-of-turn detection: the sound of a turn up to a moment in a pause in; whether the speaker has finished out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ..base import Task
from ..requests import Requests
from ..sweeps import Axis, SweptRun

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Dataset
    from pytest_modellab.core.audio_artifacts import AudioArtifacts
    from pytest_modellab.core.metrics.measured import HasParts, Row
    from pytest_modellab.engines.base import Engine

    from ..scoring import Scoring


class TurnTaking(Task):
    """Each cut of a data set is judged after several lengths of silence; its reference says whether it is finished."""

    name = "turn"
    title = "end-of-turn detection"
    order = 60
    handler = f"{__package__}.handler"
    request_module = f"{__package__}.request"
    error_metric = "turn_error"
    speed = "turn_delay_p50_s"
    columns = (
        *(("turn_error", "wrong"), ("cut_off_rate", "cut off"), ("late_rate", "not found"), ("turn_wait_s", "wait")),
        *(("turn_wait_at_5_s", "wait at 5 %"), ("turn_auc", "AUC"), ("latency_p50_s", "call")),
    )
    least_needed = ("turn_auc", "latency_p50_s", "device", "interval", "weakest", "turn_wait_at_5_s")
    grades: ClassVar[Mapping[str, Any]] = {
        "provisional_below_utterances": 200,
        "criteria": {
            "cut_off_rate": (0.02, 0.05, 0.10, 0.20),
            "late_rate": (0.02, 0.05, 0.10, 0.20),
            "turn_wait_s": (0.3, 0.6, 1.0, 1.5),
            "success_rate": (1.0, 0.999, 0.995, 0.99),
        },
    }

    def scoring(self) -> Scoring:
        from .scoring import TurnScoring

        return TurnScoring(self.name)

    def requests(self, dataset: Dataset, engine: type[Engine], artifacts: AudioArtifacts) -> Requests:
        from .request import TurnRequests

        return TurnRequests(dataset, engine.rate)

    def show(self, row: Row) -> Iterator[str]:
        from .record import cut_of

        cut = cut_of(row)
        if cut is not None:
            told = zip(cut.silences_s, cut.probabilities, strict=True)
            yield ", ".join(f"{found:.2f} after {silence:g} s" for silence, found in told)

    def swept(self, run: HasParts) -> SweptRun | None:
        """The wait for an end against the share of pauses that are cut off, over all thresholds."""
        from .record import turns_of

        turns = turns_of(run)
        if turns is None or turns.own is None or len(turns.curve) < 2:
            return None
        call_s = turns.call_s or 0.0
        points = tuple((each.cut_off_rate, each.wait_s + call_s) for each in turns.curve)
        x, y = Axis("Unfinished turns cut off", "%"), Axis("Wait for an end", "s")
        return SweptRun(x, y, points, (turns.own.cut_off_rate, turns.own.wait_s + call_s))


TASK = TurnTaking()
