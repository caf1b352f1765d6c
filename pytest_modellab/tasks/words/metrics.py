"""Metrics of word times and of confidence."""

from __future__ import annotations

from collections.abc import Callable

from pytest_modellab.core.metrics.aggregate import Share
from pytest_modellab.core.metrics.measured import Run, Utterance
from pytest_modellab.core.metrics.metric import SPEAKER, Fault, Metric, Missing, NotCompared
from pytest_modellab.core.metrics.pooled import CalibrationError, NormalizedCrossEntropy, PooledQuantile

from .record import summary_of, words_of

_TASKS = frozenset({"words"})
_DIGITS = 6
"""Of seconds: what a difference of two times has beyond them is no part of either."""
_KEPT = 0.9
"""Share of the words of which the errors are counted, the most confident ones."""
_MOST_UNLISTED = 0.01
"""Share of the words of the texts that may lack a probability as engines split words otherwise than normalization does.
Beyond it those without may be the wrong ones."""


def _boundaries(utterance: Utterance) -> list[float] | None:
    part = words_of(utterance)
    found = [] if part is None else [abs(each.error_s) for each in part.boundaries]
    return found or None


def _within(seconds: float) -> Callable[[Utterance], tuple[float, float] | None]:
    """Those within so many seconds, of all known boundaries whose word was found."""

    def contribution(utterance: Utterance) -> tuple[float, float] | None:
        found = _boundaries(utterance)
        return None if found is None else (sum(round(each, _DIGITS) <= seconds for each in found), len(found))

    return contribution


def _worst_boundary(utterance: Utterance) -> Fault | None:
    part = words_of(utterance)
    if part is None or not part.boundaries:
        return None
    worst = max(part.boundaries, key=lambda each: abs(each.error_s))
    side = "end" if worst.end else "beginning"
    late = "late" if worst.error_s > 0 else "early"
    return Fault.of(f"the {side} of `{worst.word}` is {abs(worst.error_s):.2f} s {late}", abs(worst.error_s))


def _found(utterance: Utterance) -> tuple[float, float] | None:
    part = words_of(utterance)
    return None if part is None or not part.known_boundaries else (len(part.boundaries), part.known_boundaries)


def _untimed(utterance: Utterance) -> tuple[float, float] | None:
    part = words_of(utterance)
    if part is None:
        return None
    written = (len(part.words) if part.told is None else part.told) + part.missing
    return (part.untimed + part.missing, written) if written else None


def _in_silence(utterance: Utterance) -> tuple[float, float] | None:
    part = words_of(utterance)
    if part is None or part.in_silence is None:
        return None
    timed = sum(each.start_s is not None for each in part.words)
    return (part.in_silence, timed) if timed else None


def _pairs(utterance: Utterance) -> list[float] | None:
    from .scoring import pairs_of

    part = words_of(utterance)
    return None if part is None else pairs_of(part) or None


def _wrong_kept(utterance: Utterance) -> tuple[float, float] | None:
    """Wrong words among those kept, at the run's threshold."""
    run, pairs = summary_of(utterance.run), _pairs(utterance)
    kept = None if run is None else next((each for each in run.kept if each.coverage >= _KEPT), None)
    if kept is None or pairs is None:
        return None
    own = [right for probability, right in zip(pairs[::2], pairs[1::2], strict=True) if probability >= kept.threshold]
    return (len(own) - sum(own), len(own)) if own else None


def _spans_known(run: Run) -> Missing | None:
    parts = [part for row in run.utterances if (part := words_of(row)) is not None]
    if parts and not any(part.spans for part in parts):
        return Missing("the data set doesn't tell when anything is said: join recordings, or give a `ctm`")
    return None


def _times_told(run: Run) -> Missing:
    parts = [part for row in run.utterances if (part := words_of(row)) is not None]
    if any(word.start_s is not None for part in parts for word in part.words):
        return Missing("no word at a known boundary was found")
    return Missing("the model tells no times of words")


def _confidence_told(run: Run) -> Missing | None:
    """Why there is no figure of confidence where it isn't told of all words: those without may be the wrong ones."""
    parts = [part for row in run.utterances if (part := words_of(row)) is not None]
    words = [word for part in parts for word in part.words if word.right is not None]
    without = sum(word.probability is None for word in words)
    if 0 < without < len(words):
        return Missing(f"{without} of {len(words)} words have no probability")
    unlisted = sum(part.missing for part in parts)
    if without == 0 and unlisted > _MOST_UNLISTED * (unlisted + len(words)):
        of, are = unlisted + len(words), "is" if unlisted == 1 else "are"
        return Missing(f"{unlisted} of {of} words of the texts {are} not among those that have a probability")
    return None


def _no_confidence(run: Run) -> Missing:
    return Missing("the model tells no probabilities of words", possible=False)


def _nce_missing(run: Run) -> Missing:
    summary = summary_of(run)
    if summary is not None and summary.reliability:
        return Missing("all words are right, or all are wrong: there is nothing to tell apart")
    return _no_confidence(run)


def _share(seconds: float) -> Metric:
    milliseconds = round(1000 * seconds)
    return Metric(
        name=f"boundaries_within_{milliseconds}ms",
        title=f"Within {milliseconds} ms",
        unit="%",
        better="higher",
        doc=f"Share of the known beginnings and ends of speech, of those whose word was recognised, that the model's"
        f" time of the word is at most {milliseconds} ms from.",
        version=2,
        aggregate=Share(clustered=True),
        contribution=_within(seconds),
        cluster=SPEAKER,
        tasks=_TASKS,
        missing=_spans_known,
        empty=_times_told,
    )


METRICS = (
    Metric(
        name="word_boundary_median_s",
        title="Boundary error",
        unit="s",
        better="lower",
        doc="Median distance of the model's times of words from where speech is known to begin and end, before or "
        "after it: in joined recordings the first and the last audible sample of each, in a data set with a CTM file "
        "each word. Only words that were recognised.",
        aggregate=PooledQuantile(0.5),
        contribution=_boundaries,
        cluster=SPEAKER,
        tasks=_TASKS,
        missing=_spans_known,
        empty=_times_told,
        fault=_worst_boundary,
    ),
    *(_share(seconds) for seconds in (0.05, 0.1, 0.2)),
    Metric(
        name="boundaries_found",
        title="Boundaries found",
        unit="%",
        better="higher",
        doc="Share of the known beginnings and ends of speech whose word was recognised and has a time: those that the "
        "errors of boundaries are about.",
        aggregate=Share(clustered=True),
        contribution=_found,
        cluster=SPEAKER,
        tasks=_TASKS,
        missing=_spans_known,
        empty=_times_told,
    ),
    Metric(
        name="untimed_words",
        title="Untimed words",
        unit="%",
        better="lower",
        doc="Share of the words of the answers without a time, or with one that can't be: beyond the recording, before "
        "that of the word before, or with an end before its beginning.",
        aggregate=Share(clustered=True),
        contribution=_untimed,
        cluster=SPEAKER,
        tasks=_TASKS,
        empty="no answer has a word",
    ),
    Metric(
        name="words_in_silence",
        title="Words in silence",
        unit="%",
        better="lower",
        doc="Share of the words with a time that lie where nobody speaks, more than 0.2 s from all speech that is "
        "known: times, or words, that the model made up.",
        aggregate=Share(clustered=True),
        contribution=_in_silence,
        cluster=SPEAKER,
        tasks=_TASKS,
        missing=_spans_known,
        empty=_times_told,
    ),
    Metric(
        name="word_calibration_error",
        title="Calibration error",
        unit="%",
        better="lower",
        doc="Expected calibration error of the words' probabilities: the mean difference between them and the share of "
        "words that are right, over ten bins of equal width (Guo et al. 2017). Few words raise it by chance.",
        aggregate=CalibrationError(),
        contribution=_pairs,
        cluster=SPEAKER,
        tasks=_TASKS,
        missing=_confidence_told,
        empty=_no_confidence,
        compared=NotCompared("it is above 0 by chance, the more the fewer words there are: see `word_nce`"),
    ),
    Metric(
        name="word_nce",
        title="NCE",
        unit="1",
        better="higher",
        doc="Normalized cross entropy of the words' probabilities (NIST): 1 for certainty that is always right, 0 for "
        "probabilities that tell no more than the share of right words does, negative for ones that mislead.",
        aggregate=NormalizedCrossEntropy(),
        contribution=_pairs,
        cluster=SPEAKER,
        tasks=_TASKS,
        missing=_confidence_told,
        empty=_nce_missing,
    ),
    Metric(
        name="wrong_of_confident",
        title="Wrong of 90 %",
        unit="%",
        better="lower",
        doc="Share of wrong words among the 90 % that the model is most sure of.",
        aggregate=Share(clustered=True),
        contribution=_wrong_kept,
        cluster=SPEAKER,
        tasks=_TASKS,
        missing=_confidence_told,
        empty=_no_confidence,
        compared="intervals",
    ),
)
