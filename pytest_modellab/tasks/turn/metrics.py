"""Metrics of end-of-turn detection: turns that are cut off, ends that are missed, and how long one waits for an end."""

from __future__ import annotations

from collections.abc import Callable

from pytest_modellab.core.metrics.aggregate import Mean, Quantile, Share
from pytest_modellab.core.metrics.measured import Run, Utterance
from pytest_modellab.core.metrics.metric import SPEAKER, Fault, Metric, Missing

from .record import GIVE_UP_S, cut_of, turns_of
from .truth import finished

_TASKS = frozenset({"turn"})


def _ended(utterance: Utterance) -> bool | None:
    """Whether the turn was taken as finished while there was silence; None where there is no answer."""
    cut = cut_of(utterance)
    return None if cut is None or not utterance.answered else cut.fires_at(cut.threshold) is not None


def _wrong(utterance: Utterance) -> tuple[float, float]:
    """Where the engine failed, whatever it would have said is wrong."""
    return _ended(utterance) is not finished(utterance.row.reference), 1


def _cut_off(utterance: Utterance) -> tuple[float, float] | None:
    return None if finished(utterance.row.reference) else _wrong(utterance)


def _late(utterance: Utterance) -> tuple[float, float] | None:
    return _wrong(utterance) if finished(utterance.row.reference) else None


def _ranked(utterance: Utterance) -> float | None:
    """What a cut adds to the area, so that the mean over both kinds is the area and its error that of DeLong (1988)."""
    turns = turns_of(utterance.run)
    if turns is None or turns.auc is None:
        return None
    cut = cut_of(utterance)
    placement = 0.0 if cut is None or cut.placement is None else cut.placement
    own = turns.finished if finished(utterance.row.reference) else turns.unfinished
    return turns.auc + (turns.finished + turns.unfinished) / own * (placement - turns.auc)


def _silences(run: Run) -> Missing | None:
    """Why no wait can be told: clips that aren't made of a pause or an end, and silence behind it."""
    cuts = [cut for row in run.utterances if (cut := cut_of(row)) is not None]
    if not cuts:
        return Missing(run.timing.no_speed or "no cut was answered")
    if any(cut.silences_s[-1:] > (0.0,) for cut in cuts):
        return None
    return Missing("how much silence there is in its clips isn't known: only `cuts` tell it", possible=False)


def _waited(utterance: Utterance, threshold: float) -> float | None:
    """Silence until a finished turn counts as one; where it never does, or the engine failed, until one gives up."""
    from .sweep import wait_s

    if not finished(utterance.row.reference):
        return None
    cut = cut_of(utterance)
    return GIVE_UP_S if cut is None else wait_s(cut, threshold)


def _wait(utterance: Utterance) -> float | None:
    cut = cut_of(utterance)
    return _waited(utterance, 0.0 if cut is None else cut.threshold)


def _wait_at_5(utterance: Utterance) -> float | None:
    turns = turns_of(utterance.run)
    if turns is None or turns.at_5 is None:
        return None
    return _waited(utterance, 2.0 if turns.at_5.threshold is None else turns.at_5.threshold)


def _delay(utterance: Utterance) -> float | None:
    """With the call that told so, of those that were timed."""
    cut, waited_s = cut_of(utterance), _wait(utterance)
    if cut is None or cut.calls_s is None or waited_s is None:
        return None
    place = cut.fires_at(cut.threshold)
    return waited_s if place is None else waited_s + cut.calls_s[place]


def _untimed(run: Run) -> Missing | None:
    return Missing(run.timing.no_speed) if run.timing.no_speed else _silences(run)


def _fault(note: str, of: bool) -> Callable[[Utterance], Fault | None]:
    """A cut of one kind that was taken for the other; the surer the model was, the worse."""

    def fault(utterance: Utterance) -> Fault | None:
        cut = cut_of(utterance)
        if cut is None or finished(utterance.row.reference) is not of or not _wrong(utterance)[0]:
            return None
        highest = max(cut.probabilities, default=0.0)
        return Fault(f"{note} ({highest:.2f} at most)", 1 - highest if of else highest)

    return fault


def _cannot(why: str) -> Callable[[Run], Missing]:
    """What the data can't show."""
    return lambda run: Missing(why, possible=False)


_ONE_KIND = "the data set has cuts of one kind alone"
_NO_PAUSE = "no cut of the data set is unfinished"
_NO_END = "no cut of the data set is finished"


METRICS = (
    Metric(
        name="turn_error",
        title="Turn error",
        unit="%",
        better="lower",
        doc="Share of the cuts that are taken for the other kind at the model's own threshold: unfinished ones that it "
        "takes as finished at any moment of the pause, and finished ones that it never does.",
        aggregate=Share(clustered=True),
        contribution=_wrong,
        cluster=SPEAKER,
        tasks=_TASKS,
        compared="error rate",
    ),
    Metric(
        name="cut_off_rate",
        title="Cut off",
        unit="%",
        better="lower",
        doc="Share of the unfinished cuts whose speaker it interrupts: it takes the turn as finished while they pause.",
        aggregate=Share(clustered=True),
        contribution=_cut_off,
        cluster=SPEAKER,
        tasks=_TASKS,
        empty=_cannot(_NO_PAUSE),
        fault=_fault("taken for finished in a pause", False),
    ),
    Metric(
        name="late_rate",
        title="Ends not found",
        unit="%",
        better="lower",
        doc="Share of the finished cuts that it doesn't take as finished within the silence behind them.",
        aggregate=Share(clustered=True),
        contribution=_late,
        cluster=SPEAKER,
        tasks=_TASKS,
        empty=_cannot(_NO_END),
        fault=_fault("finished, and never taken for it", True),
    ),
    Metric(
        name="turn_auc",
        title="AUC",
        unit="1",
        better="higher",
        doc="Area under the ROC curve of the first probability of each cut, which all have after the same silence: how "
        "often a finished cut has a higher one than an unfinished. 0.5 is chance.",
        aggregate=Mean((0, 1)),
        contribution=_ranked,
        of_groups=False,
        cluster=SPEAKER,
        tasks=_TASKS,
        empty=_cannot(_ONE_KIND),
    ),
    Metric(
        name="turn_wait_s",
        title="Wait",
        unit="s",
        better="lower",
        doc="Silence behind a finished turn until it is taken as finished at the model's own threshold, mean; 3 s "
        "where it never is, or later. The call itself comes on top.",
        aggregate=Mean((0, GIVE_UP_S)),
        contribution=_wait,
        cluster=SPEAKER,
        tasks=_TASKS,
        missing=_silences,
        empty=_cannot(_NO_END),
    ),
    Metric(
        name="turn_wait_at_5_s",
        title="Wait at 5 % cut off",
        unit="s",
        better="lower",
        doc="The same at the lowest threshold by which at most 5 % of the unfinished cuts are cut off. The threshold "
        "is found on the same cuts, for which the interval makes no allowance.",
        aggregate=Mean((0, GIVE_UP_S)),
        contribution=_wait_at_5,
        cluster=SPEAKER,
        tasks=_TASKS,
        missing=_silences,
        empty=_cannot(_ONE_KIND),
    ),
    Metric(
        name="turn_delay_p50_s",
        title="Turn delay p50",
        unit="s",
        better="lower",
        doc="Median, over the finished cuts that were timed, of the silence until the turn is taken as finished and "
        "the call that says so; 3 s where none does.",
        aggregate=Quantile(0.5),
        contribution=_delay,
        timed="calls",
        tasks=_TASKS,
        missing=_untimed,
        empty="no finished cut was timed with the machine held alone",
    ),
    Metric(
        name="turn_delay_p95_s",
        title="Turn delay p95",
        unit="s",
        better="lower",
        doc="95th percentile of the same.",
        aggregate=Quantile(0.95),
        contribution=_delay,
        timed="calls",
        tasks=_TASKS,
        missing=_untimed,
        empty="no finished cut was timed with the machine held alone",
    ),
)
