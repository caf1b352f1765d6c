"""Metrics of synthesis: audible faults, predicted opinion scores, voice consistency, time to first audio."""

from __future__ import annotations

import math
from collections.abc import Callable

from pytest_modellab.core.metrics.aggregate import Mean, Quantile, Ratio, Share, Single
from pytest_modellab.core.metrics.hidden_errors import REPEAT_FEWEST
from pytest_modellab.core.metrics.measured import Run, Utterance
from pytest_modellab.core.metrics.metric import Fault, Metric, Missing, NotCompared
from pytest_modellab.core.metrics.pace import units_spoken
from pytest_modellab.engines.predictor import Predictor
from pytest_modellab.engines.registry import PREDICTORS

from ..asr.metrics import languages_counted
from ..asr.text_analysis import analysis

_TASKS = frozenset({"tts"})
_SPEAKING = frozenset({"tts", "chat"})


def _flawed(utterance: Utterance) -> tuple[float, float] | None:
    speech = utterance.parts.get("tts")
    return None if speech is None else (bool(speech.faults), 1)


def _flaws(utterance: Utterance) -> Fault | None:
    speech = utterance.parts.get("tts")
    return None if speech is None else Fault.of("; ".join(speech.faults), len(speech.faults))


def _judge_wer(run: Run) -> float | None:
    part = run.parts.get("tts")
    return None if part is None else part.judge.wer


def _no_judge_wer(run: Run) -> Missing:
    part = run.parts.get("tts")
    readings = part is not None and part.judge.readings
    return Missing("the readings hold no words" if readings else "the data set's judge has no `readings`")


def rating(name: str, predictor: Predictor) -> Metric:
    """The metric of a predictor's score of each audible utterance, where the data set's judge names the predictor."""

    def score(utterance: Utterance) -> float | None:
        speech = utterance.parts.get("tts")
        return speech.quality.get(name, math.nan) if speech is not None and speech.audible else None

    def unrated(run: Run) -> Missing:
        part = run.parts.get("tts")
        if part is None:
            return Missing("nothing was said")
        asked = name in part.judge.quality
        unasked = f"the data set's judge does not list `{name}` under `quality`"
        why = "not everything that was said was rated" if asked else unasked
        return Missing(part.unrated.get(name, why), possible=asked)

    def fault(utterance: Utterance) -> Fault | None:
        speech = utterance.parts.get("tts")
        if speech is None or name not in speech.quality:
            return None
        value = speech.quality[name]
        return Fault(f"{predictor.title} {metric.format(value)}", value if predictor.better == "lower" else -value)

    metric = Metric(
        name=name,
        title=predictor.title,
        unit=predictor.unit,
        better=predictor.better,
        doc=predictor.doc,
        aggregate=Mean(predictor.scale),
        contribution=score,
        tasks=_TASKS,
        empty=unrated,
        fault=fault,
    )
    return metric


PREDICTED = tuple(rating(name, PREDICTORS[name]) for name in sorted(PREDICTORS))


def _heard(name: str) -> Callable[[Utterance], float | None]:
    """A time of speech, or of a spoken reply to somebody who spoke, by the field of its part; seconds."""

    def time(utterance: Utterance) -> float | None:
        part, reply = utterance.parts.get("tts"), utterance.parts.get("chat")
        if part is None:
            if reply is None or reply.missed or not utterance.row.reference.strip():
                return None
            part = reply
        found: float | None = getattr(part, name)
        return None if found is None else float(found)

    return time


_first_audible, _first_piece, _stalled = map(_heard, ("first_audible_s", "first_audio_s", "stalled_s"))


def _speech_time(utterance: Utterance) -> tuple[float, float] | None:
    """Processing time and seconds of speech."""
    speech, seconds = utterance.parts.get("tts"), utterance.row.processing_s
    if speech is None or speech.speech_s is None or seconds is None:
        return None
    return float(seconds), float(speech.speech_s)


def _spoken_rate(utterance: Utterance) -> tuple[float, float] | None:
    """Words, or letters where words aren't divided by spaces, and seconds of speech."""
    speech, row = utterance.parts.get("tts"), utterance.row
    if speech is None or not speech.speech_s:
        return None
    units = units_spoken(row.reference, utterance.run.rules.of(row.language).unit)
    return (units, float(speech.speech_s)) if units else None


def _mixed_units(run: Run) -> Missing | None:
    counted = languages_counted(run)
    if not all(counted.values()):
        return None
    return Missing(f"words are counted in {counted['words']}, letters in {counted['characters']}", possible=False)


def _bandwidth(utterance: Utterance) -> float | None:
    speech = utterance.parts.get("tts")
    return None if speech is None else speech.bandwidth_hz


def _repeated(utterance: Utterance) -> tuple[float, float] | None:
    texts = analysis(utterance)
    return (texts.times > 1, 1) if texts.answered and len(texts.reference) >= REPEAT_FEWEST else None


def _repetition(utterance: Utterance) -> Fault | None:
    times = analysis(utterance).times
    return Fault.of(f"said {times} times", times - 1)


def _not_streamed(run: Run) -> Missing | None:
    said = [speech for row in run.utterances if (speech := row.parts.get("tts")) is not None]
    return Missing("it doesn't stream") if said and not any(each.pieces > 1 for each in said) else None


def _no_first_audio(run: Run) -> Missing:
    turns = [(row, reply) for row in run.utterances if (reply := row.parts.get("chat")) is not None]
    if not turns:
        return Missing("no first audio was timed with the machine held alone")
    if all(reply.missed or not row.reference.strip() for row, reply in turns):
        return Missing("no turn was answered", possible=False)
    if not any(reply.audible for _, reply in turns):
        return Missing("it answered in writing alone", possible=False)
    return Missing("no reply was timed with the machine held alone")


METRICS = (
    Metric(
        name="judge_wer",
        title="Judge's WER",
        unit="%",
        better="lower",
        doc="WER of the judge on human readings: the lowest that can be expected of a TTS model.",
        aggregate=Single(_judge_wer),
        tasks=_TASKS,
        empty=_no_judge_wer,
        compared=NotCompared("it describes the judge, not the model"),
    ),
    Metric(
        name="flawed",
        title="Flawed",
        unit="%",
        better="lower",
        doc="Share of what was spoken that has a fault of structure: silence, clipping, an offset, a length that "
        "no text of this size has, an end that is cut off, a narrow band, a rate at which nobody reads, a text that is "
        "repeated.",
        aggregate=Share(),
        contribution=_flawed,
        tasks=_TASKS,
        empty="nothing was said",
        fault=_flaws,
        version=3,
    ),
    Metric(
        name="repeated",
        title="Repeated",
        unit="%",
        better="lower",
        doc="Share of the texts of three or more words of which the judge hears more than half again: the whole twice, "
        "or up to eight times.",
        aggregate=Share(),
        contribution=_repeated,
        tasks=_TASKS,
        empty="no text of three or more words was answered",
        compared="intervals",
        fault=_repetition,
    ),
    Metric(
        name="speaking_rate",
        title="Speaking rate",
        unit="/s",
        better="higher",
        doc="Words per second of speech, of texts without digits; letters where words aren't divided by spaces.",
        aggregate=Ratio(method="time"),
        contribution=_spoken_rate,
        tasks=_TASKS,
        missing=_mixed_units,
        empty="nothing without digits was said, or it was measured before seconds of speech were",
        compared=NotCompared("neither quicker nor slower speech is better"),
    ),
    Metric(
        name="bandwidth_hz",
        title="Bandwidth",
        unit="Hz",
        better="higher",
        doc="Highest frequency at which the spectrum of the speech is within 50 dB of its maximum and 10 dB above the "
        "noise in its pauses; mean of what is audible.",
        aggregate=Mean((0, None)),
        contribution=_bandwidth,
        tasks=_TASKS,
        empty="nothing audible was said, or it was measured before bandwidths were",
    ),
    *PREDICTED,
    Metric(
        name="first_audio_p50_s",
        title="First audio p50",
        unit="s",
        better="lower",
        doc="Median time until the first audible sample is heard, of a model that streams: leading silence counts.",
        aggregate=Quantile(0.5),
        contribution=_first_audible,
        version=2,
        timed="calls",
        tasks=_SPEAKING,
        missing=_not_streamed,
        empty=_no_first_audio,
    ),
    Metric(
        name="first_audio_p95_s",
        title="First audio p95",
        unit="s",
        better="lower",
        doc="95th percentile of the time until the first audible sample is heard.",
        aggregate=Quantile(0.95),
        contribution=_first_audible,
        version=2,
        timed="calls",
        tasks=_SPEAKING,
        missing=_not_streamed,
        empty=_no_first_audio,
    ),
    Metric(
        name="first_piece_p50_s",
        title="First piece p50",
        unit="s",
        better="lower",
        doc="Median time until the first piece of audio was there, silent or not.",
        aggregate=Quantile(0.5),
        contribution=_first_piece,
        timed="calls",
        tasks=_SPEAKING,
        missing=_not_streamed,
        empty=_no_first_audio,
    ),
    Metric(
        name="stalled_s",
        title="Stalled",
        unit="s",
        better="lower",
        doc="Silence while speech is played as it comes, because the next piece was not there yet; mean per utterance.",
        aggregate=Mean((0, None)),
        contribution=_stalled,
        timed="calls",
        tasks=_SPEAKING,
        missing=_not_streamed,
        empty=_no_first_audio,
    ),
    Metric(
        name="speech_rtf",
        title="Speech RTF",
        unit="1",
        better="lower",
        doc="Processing time over the seconds of speech: without leading and trailing silence, and without what pauses "
        "have beyond a second. Silence improves `rtf`, not this.",
        aggregate=Ratio(method="time"),
        contribution=_speech_time,
        timed="calls",
        tasks=_TASKS,
        empty="no utterance was timed with the machine held alone",
    ),
)
