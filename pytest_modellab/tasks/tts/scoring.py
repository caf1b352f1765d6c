"""Speech scored: faults that only show beside the other utterances, and what is known of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_modellab.core.metrics import speed
from pytest_modellab.core.metrics.measured import Row
from pytest_modellab.core.metrics.speech import hurried, pace
from pytest_modellab.core.text import Normalizer
from pytest_modellab.tasks.asr.scoring import AsrScoring
from pytest_modellab.tasks.asr.text_analysis import Terms
from pytest_modellab.tasks.scoring import Judged

from .record import Judge, Speech, SpeechSummary

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Utterance
    from pytest_modellab.catalog.specs import DatasetSpec

QUICK = "times as quick as this voice is in the other texts: a part of it may be missing"


def _paced(rows: Sequence[Row]) -> dict[str, Speech]:
    """The speech of each row, with a fault where it is much quicker than its voice is in the others."""
    said: list[tuple[Row, Speech]] = [(row, row.parts["tts"]) for row in rows if "tts" in row.parts]
    paces = [pace(row.reference, speech.seconds, speech.silence) for row, speech in said]
    found = {}
    for (row, speech), times in zip(said, hurried(paces), strict=True):
        faults = tuple(each for each in speech.faults if not each.endswith(QUICK))
        if times is not None:
            faults = (*faults, f"{times:.1f} {QUICK}")
        found[row.id] = speech.model_copy(update={"faults": faults})
    return found


def summary(rows: Sequence[Row], judge: Judge, unrated: Mapping[str, str]) -> SpeechSummary:
    """What is known of the speech of all `rows`."""
    said: list[Speech] = [row.parts["tts"] for row in rows if "tts" in row.parts]
    loudness = [each.loudness_lufs for each in said if each.loudness_lufs is not None]
    return SpeechSummary(
        judge=judge.model_copy(update={"wer": None if judge.words is None else judge.words.rate}),
        unrated=dict(unrated),
        loudness_lufs=speed.quantile(loudness, 0.5),
        sample_rates=tuple(sorted({each.sample_rate for each in said if each.sample_rate is not None})),
    )


class TtsScoring(AsrScoring):
    """What the judge transcribed, held against the text, and the speech with its faults."""

    utterance_type = Speech
    run_type = SpeechSummary

    def hypothesis(self, utterance: Utterance, answer: Mapping[str, Any], judged: Judged) -> str | None:
        text: str | None = answer["text"]
        return text if judged.speech is None else judged.speech.texts.get(utterance.id)

    def part(
        self, utterance: Utterance, answer: Mapping[str, Any], times: Mapping[str, Any], judged: Judged
    ) -> object | None:
        if judged.speech is None or answer["part"] is None:
            return None
        return Speech(**{**answer["part"], **times, "quality": dict(judged.speech.quality.get(utterance.id, {}))})

    def known(self, dataset: DatasetSpec, judged: Judged) -> dict[str, Any]:
        found = judged.speech
        return {} if found is None else {"tts": summary([], found.judge, found.missing)}

    def score(self, rows: Sequence[Row], normalize: Normalizer) -> list[dict[str, Any]]:
        spoken = _paced(rows)
        return [
            {**transcript, **({"tts": spoken[row.id]} if row.id in spoken else {})}
            for row, transcript in zip(rows, super().score(rows, normalize), strict=True)
        ]

    def summarize(
        self, rows: Sequence[Row], before: Mapping[str, Any], normalize: Normalizer, terms: Terms
    ) -> dict[str, Any]:
        parts = super().summarize(rows, before, normalize, terms)
        known: SpeechSummary | None = before.get("tts")
        return parts if known is None else {**parts, "tts": summary(rows, known.judge, known.unrated)}


SCORING = TtsScoring()
