"""Metrics of diarization: DER and its three parts, JER, the number of speakers, and words by speaker."""

from __future__ import annotations

from collections.abc import Callable

from pytest_modellab.core.metrics.aggregate import Mean, Ratio
from pytest_modellab.core.metrics.measured import Run, Utterance
from pytest_modellab.core.metrics.metric import Metric, Missing

from .record import diarizations, diarized

TASKS = frozenset({"diarize"})
_UNSCORED = "no speech to score: nobody speaks in the references, or all of it is within collars or overlap"
_SCORED = "What of the recordings is scored, the data set's `score` says: a collar, and whether overlap is."


def _seconds(name: str) -> Callable[[Utterance], tuple[float, float] | None]:
    """A kind of error over the reference speech, seconds."""

    def errors(utterance: Utterance) -> tuple[float, float] | None:
        part = diarized(utterance)
        return None if part is None else (getattr(part, name), part.speech_s)

    return errors


def _jaccard(utterance: Utterance) -> tuple[float, float] | None:
    part = diarized(utterance)
    return None if part is None else (part.jaccard, part.speakers)


def _miscounted(utterance: Utterance) -> float | None:
    part = diarized(utterance)
    return None if part is None else float(abs(part.found - part.speakers))


def _words(name: str) -> Callable[[Utterance], tuple[float, float] | None]:
    """Errors and reference words by one of the two pairings; of an engine that tells words."""

    def errors(utterance: Utterance) -> tuple[float, float] | None:
        part, run = diarized(utterance), diarizations(utterance.run)
        edits = None if part is None or run is None or not run.words else getattr(part, name)
        return None if edits is None else (edits.errors, edits.units)

    return errors


def _no_words(run: Run) -> Missing | None:
    summary = diarizations(run)
    if summary is None:
        return None
    if not summary.words:
        return Missing("its engine tells who spoke when, and no words", possible=False)
    return Missing(summary.unscored_words) if summary.unscored_words else None


METRICS = (
    Metric(
        name="der",
        title="DER",
        unit="%",
        better="lower",
        doc="Diarization error rate: time in which speech is missed, is claimed where there is none, or is given to "
        "the wrong speaker, over the time of all speech in the reference, each speaker counted. Speakers of answer and "
        f"reference are paired for the longest time in common. May exceed 100 %. {_SCORED}",
        aggregate=Ratio(),
        contribution=_seconds("errors_s"),
        tasks=TASKS,
        empty=_UNSCORED,
        compared="error rate",
    ),
    Metric(
        name="missed_speech",
        title="Missed speech",
        unit="%",
        better="lower",
        doc="The part of DER in which fewer speakers are found than speak.",
        aggregate=Ratio(),
        contribution=_seconds("missed_s"),
        tasks=TASKS,
        empty=_UNSCORED,
    ),
    Metric(
        name="false_alarm_speech",
        title="False alarm",
        unit="%",
        better="lower",
        doc="The part of DER in which more speakers are found than speak.",
        aggregate=Ratio(),
        contribution=_seconds("false_alarm_s"),
        tasks=TASKS,
        empty=_UNSCORED,
    ),
    Metric(
        name="speaker_confusion",
        title="Confusion",
        unit="%",
        better="lower",
        doc="The part of DER in which speech is found, and given to the wrong speaker.",
        aggregate=Ratio(),
        contribution=_seconds("confusion_s"),
        tasks=TASKS,
        empty=_UNSCORED,
    ),
    Metric(
        name="jer",
        title="JER",
        unit="%",
        better="lower",
        doc="Jaccard error rate: for each speaker of the references 1 less the time shared with the speaker of the "
        "answer that it is paired with over the time of either, mean over the speakers: who says little counts as much "
        "as who says much. At most 100 %. The pairs, and what is scored, are those of DER.",
        aggregate=Ratio(),
        contribution=_jaccard,
        tasks=TASKS,
        empty=_UNSCORED,
    ),
    Metric(
        name="speaker_count_error",
        title="Speakers miscounted",
        unit="n",
        better="lower",
        doc="By how many the number of speakers is wrong, up or down; mean over the recordings.",
        aggregate=Mean((0, None)),
        contribution=_miscounted,
        tasks=TASKS,
    ),
    Metric(
        name="cpwer",
        title="cpWER",
        unit="%",
        better="lower",
        doc="Concatenated minimum-permutation word error rate: word errors of the words of each speaker, speakers of "
        "answer and reference paired for the fewest, over all words of the references. Words of recordings in which "
        "nobody speaks count as insertions. By meeteval.",
        aggregate=Ratio(),
        contribution=_words("cp"),
        tasks=TASKS,
        version=2,
        missing=_no_words,
        empty="the references have no words",
    ),
    Metric(
        name="tcpwer",
        title="tcpWER",
        unit="%",
        better="lower",
        doc="The same, where two words count as one only if their times are at most 5 s apart (time-constrained).",
        aggregate=Ratio(),
        contribution=_words("tcp"),
        tasks=TASKS,
        version=2,
        missing=_no_words,
        empty="the references have no words",
    ),
)
