"""Metrics of interruptions: whether the model falls silent, how soon, what it doesn't fall for, what it loses."""

from __future__ import annotations

from collections.abc import Callable

from pytest_modellab.core.metrics import asr
from pytest_modellab.core.metrics.aggregate import Mean, Quantile, Ratio, Share
from pytest_modellab.core.metrics.measured import Row, Run, Utterance
from pytest_modellab.core.metrics.metric import Metric, Missing

from .record import Scenario, scenario_of

_TASKS = frozenset({"barge_in"})


def _played(utterance: Utterance) -> Scenario | None:
    """A scenario whose event came while the model was speaking."""
    scenario = scenario_of(utterance)
    return None if scenario is None or not scenario.spoke else scenario


def _interrupted(utterance: Utterance) -> Scenario | None:
    scenario = _played(utterance)
    return scenario if scenario is not None and scenario.kind == "interruption" else None


def _went_on(utterance: Utterance) -> tuple[float, float] | None:
    """Of interruptions; a scenario on which the engine failed is one in which it didn't stop."""
    if not utterance.answered:
        return (1, 1) if utterance.row.kind == "interruption" else None
    scenario = _interrupted(utterance)
    return None if scenario is None else (not scenario.stopped, 1)


def _stopped_for_nothing(utterance: Utterance) -> tuple[float, float] | None:
    """Of all but interruptions; a scenario on which the engine failed is one in which it fell silent."""
    if not utterance.answered:
        return None if utterance.row.kind == "interruption" else (1, 1)
    scenario = _played(utterance)
    return None if scenario is None or scenario.kind == "interruption" else (scenario.stopped, 1)


def _unplayed(utterance: Utterance) -> tuple[float, float]:
    return _played(utterance) is None, 1


def _silent_after(utterance: Utterance) -> float | None:
    """Where it never fell silent, for how long it was waited for."""
    scenario = _interrupted(utterance)
    if scenario is None or scenario.began_s is None:
        return None
    found = scenario.silent_after_s
    return scenario.listened_s - scenario.began_s if found is None else found


def _silent_after_with_calls(utterance: Utterance) -> float | None:
    scenario, found = _interrupted(utterance), _silent_after(utterance)
    if scenario is None or scenario.lags_s is None or found is None:
        return None
    last = scenario.last_stretch
    return found if last is None else found + scenario.lags_s[last]


def _lost(utterance: Utterance) -> tuple[float, float] | None:
    """Of interruptions; a scenario on which the engine failed is one whose words are lost."""
    if not utterance.answered:
        units = utterance.derived(_words_of) if utterance.row.kind == "interruption" else 0
        return (units, units) if units else None
    scenario = _interrupted(utterance)
    return None if scenario is None or scenario.words is None else (scenario.words.errors, scenario.words.units)


def _words_of(row: Row, run: Run) -> int:
    """Of an interruption; 0 where the model doesn't tell what it understands."""
    tells = any((found := scenario_of(each)) is not None and found.words is not None for each in run.utterances)
    return asr.score(row.reference, None, run.rules.of(row.language)).words.reference if tells else 0


def _untimed(run: Run) -> Missing | None:
    return Missing(run.timing.no_speed) if run.timing.no_speed else None


def _never(why: str, *, interruptions: bool) -> Callable[[Run], Missing]:
    """Why no event of a kind came while it spoke: nothing is missed where the data have none."""

    def missing(run: Run) -> Missing:
        return Missing(why, possible=any((row.kind == "interruption") is interruptions for row in run.utterances))

    return missing


_NO_INTERRUPTION = _never("nobody interrupted it while it spoke", interruptions=True)


METRICS = (
    Metric(
        name="talked_over",
        title="Talked on",
        unit="%",
        better="lower",
        doc="Share of the interruptions after which the model doesn't fall silent within the time of the data set.",
        aggregate=Share(),
        contribution=_went_on,
        tasks=_TASKS,
        empty=_NO_INTERRUPTION,
    ),
    Metric(
        name="false_stops",
        title="Stopped for nothing",
        unit="%",
        better="lower",
        doc='Share of the backchannels ("mhm"), noises and voices of strangers during or soon after which it falls '
        "silent for a second or more, or takes it for the user's turn.",
        aggregate=Share(),
        contribution=_stopped_for_nothing,
        tasks=_TASKS,
        empty=_never("nothing but interruptions came while it spoke", interruptions=False),
    ),
    Metric(
        name="fall_silent_s",
        title="Falls silent",
        unit="s",
        better="lower",
        doc="Time from where an interruption begins to the last of the model's speech, by the clock of the sound, "
        "mean; where it talks on, for as long as it was listened to.",
        aggregate=Mean((0, None)),
        contribution=_silent_after,
        tasks=_TASKS,
        empty=_NO_INTERRUPTION,
    ),
    Metric(
        name="fall_silent_p95_s",
        title="Falls silent p95",
        unit="s",
        better="lower",
        doc="95th percentile of the same time and of what the calls took beyond the sound.",
        aggregate=Quantile(0.95),
        contribution=_silent_after_with_calls,
        timed="calls",
        tasks=_TASKS,
        missing=_untimed,
        empty=_NO_INTERRUPTION,
    ),
    Metric(
        name="interruption_wer",
        title="Interruption WER",
        unit="%",
        better="lower",
        doc="Word errors in what the model understood of interruptions: what it lost of them while it spoke. All words "
        "of one on which it failed, or of which it understood nothing.",
        aggregate=Ratio(),
        contribution=_lost,
        tasks=_TASKS,
        empty=lambda run: Missing("it doesn't tell what it understood", possible=False),
        compared="intervals",
    ),
    Metric(
        name="unplayed",
        title="Not played",
        unit="%",
        better="lower",
        doc="Share of the scenarios that came to nothing: the model failed, or wasn't speaking when their event began.",
        aggregate=Share(),
        contribution=_unplayed,
        tasks=_TASKS,
    ),
)
