"""Speech scored: faults that only show beside the other utterances, and what is known of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_modellab.core.metrics import speed
from pytest_modellab.core.metrics.measured import Row
from pytest_modellab.core.metrics.speech import hurried, pace
from pytest_modellab.core.text import Normalizer
from pytest_modellab.tasks.asr import scoring as transcripts
from pytest_modellab.tasks.asr.text_analysis import Terms

from .record import Judge, Speech, SpeechSummary

QUICK = "times as quick as this voice is in the other texts: a part of it may be missing"


def score(rows: Sequence[Row], normalize: Normalizer) -> list[dict[str, Any]]:
    """The parts of each row: the errors of what the judge wrote down, and the speech with its faults."""
    spoken = _paced(rows)
    return [
        {**transcript, **({"tts": spoken[row.id]} if row.id in spoken else {})}
        for row, transcript in zip(rows, transcripts.score(rows, normalize), strict=True)
    ]


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


def summarize(rows: Sequence[Row], before: Mapping[str, Any], normalize: Normalizer, terms: Terms) -> dict[str, Any]:
    """The parts of a run whose `rows` are scored; `before` holds its judge, and why predictors gave no scores."""
    parts = transcripts.summarize(rows, before, normalize, terms)
    known: SpeechSummary | None = before.get("tts")
    return parts if known is None else {**parts, "tts": summary(rows, known.judge, known.unrated)}


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
