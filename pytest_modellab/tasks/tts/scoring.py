"""Scoring of speech: faults found by comparison with the other utterances, and sums over all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_modellab.core.metrics import speed
from pytest_modellab.core.metrics.measured import Row
from pytest_modellab.core.metrics.pace import TOO_FAST, TOO_SLOW, hurried, odd_rate, pace
from pytest_modellab.core.text import TextRules

from ..asr.scoring import AsrScoring
from ..asr.text_analysis import Terms, times_said
from ..scoring import Judged, Parts
from .record import Judge, Speech, SpeechSummary

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Utterance
    from pytest_modellab.catalog.specs import DatasetSpec

QUICK = "times as fast as the other texts of this model: a part of it may be missing"
REPEATED = "times: the text is repeated"
OF_SCORING = (QUICK, REPEATED, TOO_FAST, TOO_SLOW)
"""The ends of faults that show by text: each scoring finds them anew."""


class TtsScoring(AsrScoring):
    """The scoring of speech and of the judge's transcripts of it."""

    by_row = False  # whether speech is hurried is told by that of the others
    utterance_part = Speech
    run_part = SpeechSummary

    def raw(
        self, utterance: Utterance, line: Mapping[str, Any], times: Mapping[str, Any], judged: Judged
    ) -> tuple[str | None, Parts]:
        heard = judged.speech
        if heard is None:
            return line["text"], {}
        text = heard.texts.get(utterance.id)
        if line["part"] is None:
            return text, {}
        quality = dict(heard.quality.get(utterance.id, {}))
        return text, {"tts": Speech(**{**line["part"], **times, "quality": quality})}

    def known(self, dataset: DatasetSpec, judged: Judged) -> Parts:
        return {} if judged.speech is None else {"tts": summary([], judged.speech.judge, judged.speech.missing)}

    def rescorable(self, parts: Parts) -> bool:
        """A record doesn't hold what its judge made of the readings that it was measured on."""
        return "tts" not in parts or parts["tts"].judge.wer is None

    def merged(self, parts: Sequence[Parts]) -> Parts:
        """A predictor that failed in one shard has no value in the whole."""
        known = super().merged(parts)
        spoken: list[SpeechSummary] = [each["tts"] for each in parts if "tts" in each]
        if spoken:
            unrated = {name: why for each in spoken for name, why in each.unrated.items()}
            known["tts"] = spoken[0].model_copy(update={"unrated": unrated})
        return known

    def score(self, rows: Sequence[Row], rules: TextRules) -> list[Parts]:
        spoken = _compared(rows, rules)
        return [
            {**transcript, **({"tts": spoken[row.id]} if row.id in spoken else {})}
            for row, transcript in zip(rows, super().score(rows, rules), strict=True)
        ]

    def summarize(self, rows: Sequence[Row], before: Mapping[str, Any], rules: TextRules, terms: Terms) -> Parts:
        parts = super().summarize(rows, before, rules, terms)
        known: SpeechSummary | None = before.get("tts")
        return parts if known is None else {**parts, "tts": summary(rows, known.judge, known.unrated)}


def _compared(rows: Sequence[Row], rules: TextRules) -> dict[str, Speech]:
    """The speech of each row, with the faults that show by its text, its transcript and the speech of the others."""
    said: list[tuple[Row, Speech]] = [(row, row.parts["tts"]) for row in rows if "tts" in row.parts]
    paces = [pace(row.reference, speech.seconds, speech.silence) for row, speech in said]
    found = {}
    for (row, speech), times in zip(said, hurried(paces), strict=True):
        of_sound = [each for each in speech.faults if not each.endswith(OF_SCORING)]
        faults = (*of_sound, *_faults(row, speech, times, times_said(row, rules.of(row.language))))
        found[row.id] = speech.model_copy(update={"faults": faults})
    return found


def _faults(row: Row, speech: Speech, times_as_fast: float | None, said: int) -> Iterator[str]:
    """What is wrong with speech by its text, one by one; scoring again finds it anew."""
    if said > 1:
        yield f"said {said} {REPEATED}"
    if rate := odd_rate(row.reference, speech.speech_s):
        yield rate
    if times_as_fast is not None:
        yield f"{times_as_fast:.1f} {QUICK}"


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
