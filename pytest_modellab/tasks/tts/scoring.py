"""The figures of a record of speech, out of what is known of each utterance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pytest_modellab.core.metrics import speed
from pytest_modellab.core.metrics.speech import hurried, pace
from pytest_modellab.core.schema_base import ranged
from pytest_modellab.core.stats.intervals import mean_interval, quantile_interval, wilson_interval

from .record import PREDICTORS, Judge, Speech, SpeechSummary

QUICK = "times as quick as this voice is in the other texts: a part of it may be missing"

if TYPE_CHECKING:
    from pytest_modellab.results.record import UtteranceResult


def paced(results: Sequence[UtteranceResult]) -> list[UtteranceResult]:
    """The results with a fault where an utterance is much quicker than its voice is in the others."""
    said = [(result, result.speech) for result in results if result.speech is not None]
    paces = [pace(result.reference, speech.seconds, speech.silence) for result, speech in said]
    found: dict[str, UtteranceResult] = {}
    for (result, speech), times in zip(said, hurried(paces), strict=True):
        faults = tuple(each for each in speech.faults if not each.endswith(QUICK))
        if times is not None:
            faults = (*faults, f"{times:.1f} {QUICK}")
        found[result.id] = result.model_copy(update={"speech": speech.model_copy(update={"faults": faults})})
    return [found.get(result.id, result) for result in results]


def summarize(results: Sequence[UtteranceResult], judge: Judge, missing: dict[str, str]) -> SpeechSummary:
    """The figures of `results`; `missing` says why a predictor gave none."""
    said = [result.speech for result in results if result.speech is not None]
    streams = any(each.pieces > 1 for each in said)
    first = [each.first_audio_s for each in said if each.first_audio_s is not None] if streams else []
    flawed = sum(bool(each.faults) for each in said)
    loudness = [each.loudness_lufs for each in said if each.loudness_lufs is not None]
    reasons = dict(missing)
    if not first:
        reasons["first_audio_p50_s"] = reasons["first_audio_p95_s"] = (
            "no first audio was timed with the machine held alone" if streams or not said else "it doesn't stream"
        )
    if not said:
        reasons["flawed"] = "nothing was said"
    if judge.wer is None:
        reasons["judge_wer"] = (
            "the readings hold no words" if judge.readings else "the data set's judge has no `readings`"
        )
    scores = {name: _scores(said, name) for name in PREDICTORS}
    for name, values in scores.items():
        if not values:
            asked = name in judge.quality
            unasked = f"the data set's judge does not list `{name}` under `quality`"
            reasons.setdefault(name, "not everything that was said was rated" if asked else unasked)
    of_predictors: dict[str, Any] = {name: _mean(values) for name, values in scores.items()}
    of_predictors |= {f"{name}_interval": ranged(mean_interval(values)) for name, values in scores.items()}
    return SpeechSummary(
        judge=judge,
        first_audio_p50_s=speed.quantile(first, 0.5),
        first_audio_p95_s=speed.quantile(first, 0.95),
        first_audio_p50_s_interval=ranged(quantile_interval(first, 0.5)),
        first_audio_p95_s_interval=ranged(quantile_interval(first, 0.95)),
        flawed=flawed / len(said) if said else None,
        flawed_interval=ranged(wilson_interval(flawed, len(said))),
        loudness_lufs=speed.quantile(loudness, 0.5),
        sample_rates=tuple(sorted({each.sample_rate for each in said if each.sample_rate is not None})),
        judge_wer=judge.wer,
        **of_predictors,
        missing=reasons,
    )


def again(summary: SpeechSummary, results: Sequence[UtteranceResult]) -> SpeechSummary:
    """The summary of a record whose utterances are `results` now."""
    return summarize(results, summary.judge, {name: why for name, why in summary.missing.items() if name in PREDICTORS})


def _scores(said: Sequence[Speech], name: str) -> list[float]:
    """Of every audible utterance, or none: those that can't be rated may be the worst."""
    found = [each.quality.get(name) for each in said if each.audible]
    return [value for value in found if value is not None] if None not in found else []


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
