"""Recognition with word times: a clip in, a text out whose words have times, confidence, or both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ..base import Task, TimedText
from ..requests import Requests

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Dataset
    from pytest_modellab.core.audio_artifacts import AudioArtifacts
    from pytest_modellab.core.metrics.measured import Row
    from pytest_modellab.engines.base import Engine

    from ..scoring import Scoring
    from .record import RecognisedWord

_SHOWN_S = 0.3
"""A word without an end lights up for so long."""


class WordTimes(Task):
    """Each recording is transcribed; the times of words are held against where speech is known to begin and end."""

    name = "words"
    hub_task = "automatic-speech-recognition"
    title = "word times and confidence"
    order = 15
    handler = f"{__package__}.handler"
    request_module = f"{__package__}.request"
    columns = (
        *(("wer", "WER"), ("word_boundary_median_s", "boundary error"), ("boundaries_within_200ms", "within 200 ms")),
        *(("untimed_words", "untimed"), ("words_in_silence", "in silence")),
        *(("word_calibration_error", "ECE"), ("word_nce", "NCE"), ("rtf", "RTF")),
    )
    least_needed = (
        *("word_nce", "untimed_words", "words_in_silence", "boundaries_within_200ms", "device", "interval", "weakest"),
        *("word_calibration_error", "rtf"),
    )
    grades: ClassVar[Mapping[str, Any]] = {
        "provisional_below_words": 5000,
        "criteria": {
            "wer": (0.05, 0.10, 0.15, 0.25),
            "word_boundary_median_s": (0.05, 0.1, 0.2, 0.4),
            "boundaries_found": (0.98, 0.95, 0.9, 0.8),
            "untimed_words": (0.0, 0.001, 0.01, 0.05),
            "success_rate": (1.0, 0.999, 0.995, 0.99),
        },
    }

    def scoring(self) -> Scoring:
        from .scoring import WordScoring

        return WordScoring(self.name)

    def requests(self, dataset: Dataset, engine: type[Engine], artifacts: AudioArtifacts) -> Requests:
        from .request import WordRequests

        return WordRequests(dataset, engine.rate)

    def show(self, row: Row) -> list[str]:
        from .record import words_of

        found = words_of(row)
        if found is None or not found.boundaries:
            return []
        worst = max(found.boundaries, key=lambda each: abs(each.error_s))
        return [f"word boundaries up to {abs(worst.error_s):.2f} s off (`{worst.word}`)"]

    def timed_words(self, row: Row) -> Sequence[TimedText]:
        from .record import words_of

        found = words_of(row)
        return () if found is None else [_timed(each) for each in found.words if each.start_s is not None]


def _timed(word: RecognisedWord) -> TimedText:
    start_s = word.start_s or 0.0
    end_s = start_s + _SHOWN_S if word.end_s is None else word.end_s
    told = [f"{start_s:.2f} s" if word.end_s is None else f"{start_s:.2f} to {end_s:.2f} s"]
    told += [] if word.probability is None else [f"{word.probability:.0%} sure"]
    told += ["wrong"] if word.right is False else []
    return TimedText(word.text, start_s, end_s, ", ".join(told))


TASK = WordTimes()
