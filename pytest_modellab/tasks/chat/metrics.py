"""Metrics of dialogues: right answers, use of context, missed replies, and response times."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pytest_modellab.core.metrics import answers
from pytest_modellab.core.metrics.aggregate import Quantile, Ratio, Share
from pytest_modellab.core.metrics.measured import Row, Run, Utterance
from pytest_modellab.core.metrics.metric import Cluster, Metric, Missing, NotCompared

if TYPE_CHECKING:
    from .record import Reply

_TASKS = frozenset({"chat"})
DIALOGUE = Cluster(lambda utterance: utterance.parts["chat"].dialogue, noun="dialogue", observation="turn")
"""Turns of one dialogue stand and fall together."""


def _reply(row: Row) -> Reply | None:
    found: Reply | None = row.parts.get("chat")
    return found


def _answer(row: Row) -> Reply | None:
    """The reply to something that was said, if there was one."""
    reply = _reply(row)
    return None if reply is None or reply.missed or not row.reference.strip() else reply


def _right(utterance: Utterance) -> tuple[float, float] | None:
    reply = _reply(utterance.row)
    return None if reply is None or reply.right is None else (reply.right, 1)


def _context(utterance: Utterance) -> tuple[float, float] | None:
    reply = _reply(utterance.row)
    return _right(utterance) if reply is not None and reply.context else None


def _missed(utterance: Utterance) -> tuple[float, float] | None:
    reply = _reply(utterance.row)
    return None if reply is None or not utterance.row.reference.strip() else (reply.missed, 1)


def _to_noise(utterance: Utterance) -> tuple[float, float] | None:
    """Of clips in which nobody speaks; a turn that failed there proves nothing."""
    reply = _reply(utterance.row)
    if reply is None or utterance.row.reference.strip() or not utterance.answered:
        return None
    return reply.words > 0 or reply.audible, 1


def _agreement(utterance: Utterance) -> tuple[float, float] | None:
    reply = _reply(utterance.row)
    counts = None if reply is None else reply.agreement
    return None if counts is None else (counts.errors, counts.units)


def _words(utterance: Utterance) -> float | None:
    reply = _answer(utterance.row)
    return None if reply is None else float(reply.words)


def _first_token(utterance: Utterance) -> float | None:
    reply = _answer(utterance.row)
    return None if reply is None else reply.first_token_s


def _onset(utterance: Utterance) -> float | None:
    reply = _answer(utterance.row)
    return None if reply is None else reply.onset_s


def _cannot(why: str) -> Callable[[Run], Missing]:
    """What the data, or the model, has nothing to show of."""
    return lambda run: Missing(why, possible=False)


def _no_agreement(run: Run) -> Missing:
    replies = [reply for row in run.utterances if (reply := _reply(row)) is not None]
    if not any(reply.audible for reply in replies):
        return Missing("it answered in writing alone", possible=False)
    if all(reply.transcript is None for reply in replies):
        return Missing("the data set has no `judge` to listen to replies", possible=False)
    return Missing("no reply came both in writing and aloud", possible=False)


def _no_times(run: Run) -> Missing:
    if not any(_answer(row) for row in run.utterances):
        return Missing("no turn was answered", possible=False)
    return Missing("no reply was timed with the machine held alone")


def _no_tokens(run: Run) -> Missing:
    answers = [reply for row in run.utterances if (reply := _answer(row)) is not None]
    if answers and not any(reply.words for reply in answers):
        return Missing("it wrote nothing", possible=False)
    return _no_times(run)


METRICS = (
    Metric(
        name="answer_accuracy",
        title="Answer accuracy",
        unit="%",
        better="higher",
        doc="Share of the turns with rules whose reply is right by them; one without a reply is wrong.",
        aggregate=Share(clustered=True),
        contribution=_right,
        cluster=DIALOGUE,
        tasks=_TASKS,
        empty=_cannot("no turn of the data set has anything to judge a reply by"),
        version=answers.VERSION,
    ),
    Metric(
        name="context_kept",
        title="Context kept",
        unit="%",
        better="higher",
        doc="Answer accuracy of the turns that only who remembers an earlier one can answer (`context: true`).",
        aggregate=Share(clustered=True),
        contribution=_context,
        cluster=DIALOGUE,
        tasks=_TASKS,
        empty=_cannot("no turn of the data set has `context: true`"),
        version=answers.VERSION,
    ),
    Metric(
        name="agreement_wer",
        title="Agreement WER",
        unit="%",
        better="lower",
        doc="Word errors of what the judge wrote down from spoken replies, against the text of the same replies.",
        aggregate=Ratio(),
        contribution=_agreement,
        cluster=DIALOGUE,
        tasks=_TASKS,
        empty=_no_agreement,
        compared="intervals",
    ),
    Metric(
        name="missed_replies",
        title="Missed replies",
        unit="%",
        better="lower",
        doc="Share of the turns with speech to which neither text nor audio was returned.",
        aggregate=Share(),
        contribution=_missed,
        tasks=_TASKS,
        empty=_cannot("no speech in this data set"),
    ),
    Metric(
        name="replies_to_noise",
        title="Replies to noise",
        unit="%",
        better="lower",
        doc="Share of the clips without speech that were answered, by text or audio.",
        aggregate=Share(),
        contribution=_to_noise,
        tasks=_TASKS,
        empty=_cannot("somebody speaks in every clip of the data set"),
    ),
    Metric(
        name="reply_words",
        title="Reply length",
        unit="1",
        better="lower",
        doc="Words of a reply, the median of those that have any.",
        aggregate=Quantile(0.5, has_interval=False),
        contribution=_words,
        tasks=_TASKS,
        empty=_no_times,
        compared=NotCompared("whether a shorter reply is better depends on the question"),
    ),
    Metric(
        name="first_token_p50_s",
        title="First token p50",
        unit="s",
        better="lower",
        doc="Time until the first of a reply's text was there, the median.",
        aggregate=Quantile(0.5),
        contribution=_first_token,
        timed="calls",
        tasks=_TASKS,
        empty=_no_tokens,
    ),
    Metric(
        name="first_token_p95_s",
        title="First token p95",
        unit="s",
        better="lower",
        doc="Time until the first of a reply's text was there, 95 % of replies.",
        aggregate=Quantile(0.95),
        contribution=_first_token,
        timed="calls",
        tasks=_TASKS,
        empty=_no_tokens,
    ),
    Metric(
        name="onset_p50_s",
        title="Onset p50",
        unit="s",
        better="lower",
        doc="Time to the first part of a reply: audio where the model speaks, else text; the median.",
        aggregate=Quantile(0.5),
        contribution=_onset,
        timed="calls",
        tasks=_TASKS,
        empty=_no_times,
        version=2,
    ),
    Metric(
        name="onset_p95_s",
        title="Onset p95",
        unit="s",
        better="lower",
        doc="Time to the first part of a reply: audio where the model speaks, else text; the 95th percentile.",
        aggregate=Quantile(0.95),
        contribution=_onset,
        timed="calls",
        tasks=_TASKS,
        empty=_no_times,
        version=2,
    ),
)
