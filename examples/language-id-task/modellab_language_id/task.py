"""The task `language_id`: a recording for the code of its language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pytest_modellab import Answer, Request, Scoring, Task, fixed_clip

from .metrics import primary

HANDLER = "modellab_language_id.handler"


class Requests:
    """Each recording, whole."""

    def __init__(self, rate: int) -> None:
        self._rate = rate

    def seconds(self, utterance: Any) -> float:
        return utterance.seconds

    def request(self, utterance: Any, answers: Any, *, timed: bool) -> Request:
        return self._request(utterance.samples(self._rate))

    def answer(self, request: Request, reply: Mapping[str, Any]) -> Answer:
        part = {"confidence": reply["confidence"]}
        return Answer(reply["language"], request.audio_s, language=reply["language"], part=part)

    def fixed(self, whole: Any) -> Request:
        return self._request(fixed_clip(whole, self._rate).samples)

    def _request(self, samples: Any) -> Request:
        message = {"op": "identify", "handler": HANDLER, "rate": self._rate}
        return Request(message, samples.astype("<f4").tobytes(), len(samples) / self._rate)


class LanguageIdScoring(Scoring):
    """What was taken for what: `{"confusion": {"es": {"es": 3, "it": 1}}}`, true language first."""

    def errors(self, row: Any, hypothesis: str | None, normalize: Any) -> tuple[int, int]:
        return primary(hypothesis) != primary(row.language), 1

    def summarize(self, rows: Sequence[Any], before: Any, normalize: Any, terms: Any) -> dict[str, Any]:
        pairs = Counter((primary(row.language), primary(row.detected_language) or "none") for row in rows)
        confusion: dict[str, dict[str, int]] = {}
        for (true, found), count in sorted(pairs.items()):
            confusion.setdefault(true, {})[found] = count
        return {self.task: {"confusion": confusion}}


class LanguageId(Task):
    """Each recording of a data set is identified; its `language` there is the truth."""

    name = "language_id"
    title = "spoken language identification"
    order = 50
    handler = HANDLER
    error_metric = "language_id_error"
    quality = "language_id_accuracy"
    columns = (
        *(("language_id_accuracy", "accuracy"), ("language_id_confidence", "confidence")),
        *(("language_id_false_confidence", "where wrong"), ("rtf", "RTF"), ("peak_rss_mb", "memory")),
    )
    least_needed = ("peak_rss_mb", "language_id_false_confidence", "device", "interval", "rtf")
    grades: ClassVar[Mapping[str, Any]] = {
        "criteria": {
            "language_id_accuracy": (0.99, 0.97, 0.9, 0.8),
            "rtf": (0.05, 0.2, 0.5, 1.0),
            "success_rate": (1.0, 0.999, 0.995, 0.99),
        }
    }

    def requests(self, dataset: Any, engine: Any, artifacts: Any) -> Requests:
        return Requests(engine.rate)

    def scoring(self) -> Scoring:
        return LanguageIdScoring(self.name)

    def show(self, row: Any) -> Iterator[str]:
        yield f"{primary(row.detected_language) or 'nothing'} for {primary(row.language)}"
        if "language_id" in row.parts:
            yield f"confidence {row.parts['language_id']['confidence']:.0%}"


TASK = LanguageId()
