"""What a record holds of speech: of each utterance, and of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ..metrics import speed
from ..metrics.intervals import Interval, mean_interval, quantile_bootstrap_interval, wilson_interval
from .stored import Edits, Range, Stored, volatile

if TYPE_CHECKING:
    from .record import UtteranceResult


PREDICTORS = ("distillmos", "dnsmos", "mcd", "voice_similarity")


class Speech(Stored):
    """What a model said for one text."""

    seconds: float
    sample_rate: int | None = Field(description="Hz; null where nothing was said")
    pieces: int = Field(description="in which it came, one by one")
    first_audio_s: float | None = volatile(default=None, description="until the first piece was there")
    audio: str | None = volatile(description="digest of its sound: reports/audio/<first two digits>/<digest>.flac")
    audible: bool
    silence: float | None = Field(description="share of pauses")
    longest_pause_s: float | None
    loudness_lufs: float | None
    faults: tuple[str, ...]
    quality: dict[str, float] = Field(default_factory=dict, description="scores by predictor")


class Judge(Stored):
    """Who wrote down what was said, and how well that one hears people."""

    model: str
    readings: str | None = Field(description="the data set of people's readings that it was held against")
    quality: tuple[str, ...] = Field(default=(), description="predictors that the data set asks for")
    words: Edits | None = None
    wer: float | None = Field(default=None, description="on these readings: what no voice can be expected to beat")


class SpeechSummary(Stored):
    """Figures of all utterances of a record."""

    judge: Judge
    first_audio_p50_s: float | None = volatile()
    first_audio_p95_s: float | None = volatile()
    first_audio_p50_s_interval: Range | None = volatile(default=None)
    first_audio_p95_s_interval: Range | None = volatile(default=None)
    flawed: float | None
    flawed_interval: Range | None = None
    loudness_lufs: float | None = Field(description="median")
    sample_rates: tuple[int, ...]
    judge_wer: float | None
    distillmos: float | None = None
    distillmos_interval: Range | None = None
    dnsmos: float | None = None
    dnsmos_interval: Range | None = None
    mcd: float | None = None
    mcd_interval: Range | None = None
    voice_similarity: float | None = None
    voice_similarity_interval: Range | None = None
    missing: dict[str, str] = Field(default_factory=dict, description="metric -> why it is null")


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
            reasons.setdefault(name, f"the data set's judge does not list `{name}` under `quality`")
    of_predictors: dict[str, Any] = {name: _mean(values) for name, values in scores.items()}
    of_predictors |= {f"{name}_interval": _range(mean_interval(values)) for name, values in scores.items()}
    return SpeechSummary(
        judge=judge,
        first_audio_p50_s=speed.quantile(first, 0.5),
        first_audio_p95_s=speed.quantile(first, 0.95),
        first_audio_p50_s_interval=_range(quantile_bootstrap_interval(first, 0.5)),
        first_audio_p95_s_interval=_range(quantile_bootstrap_interval(first, 0.95)),
        flawed=flawed / len(said) if said else None,
        flawed_interval=_range(wilson_interval(flawed, len(said))),
        loudness_lufs=speed.quantile(loudness, 0.5),
        sample_rates=tuple(sorted({each.sample_rate for each in said if each.sample_rate is not None})),
        judge_wer=judge.wer,
        **of_predictors,
        missing=reasons,
    )


def _scores(said: Sequence[Speech], name: str) -> list[float]:
    """Of every audible utterance, or none: those that can't be rated may be the worst."""
    found = [each.quality.get(name) for each in said if each.audible]
    return [value for value in found if value is not None] if None not in found else []


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _range(interval: Interval | None) -> Range | None:
    return None if interval is None else Range(**asdict(interval))
