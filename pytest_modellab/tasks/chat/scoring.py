"""Replies, and the figures of a record of dialogues, out of raw texts, rules and times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from pytest_modellab.catalog.datasets.turn import TurnOf
from pytest_modellab.core.metrics import answers, asr, speed
from pytest_modellab.core.schema_base import Edits, Range, Share, edits, ranged
from pytest_modellab.core.stats.intervals import error_rate_interval, quantile_interval, share_interval, wilson_interval
from pytest_modellab.core.text import Normalizer

from .record import NOT_TIMED, ChatSummary, Reply

if TYPE_CHECKING:
    from pytest_modellab.results.record import UtteranceResult


def reply_of(
    utterance: str,
    said: str,
    turn: TurnOf | None,
    part: Mapping[str, Any] | None,
    times: Mapping[str, Any],
    *,
    transcript: str | None,
    graded: str | None,
    normalize: Normalizer,
) -> Reply:
    """The reply to `said`, the turn `utterance`, out of the journal's `part` (None where the model failed), judged.

    `transcript` is what the judge heard of its sound, `graded` what the grader said of it.
    """
    told = dict(part or {})
    told.pop("heard", None)
    raw = Reply(
        **{"text": "", **told, **times},
        dialogue=turn.dialogue if turn else utterance,
        context=turn.context if turn else False,
        rules=given(turn.rules) if turn else {},
        rubric=turn.rubric if turn else None,
        graded=graded,
        right=None,
        missed=False,
        words=0,
        transcript=transcript,
    )
    return judged(raw, said, normalize, failed=part is None)


def judged(reply: Reply, said: str, normalize: Normalizer, *, failed: bool) -> Reply:
    """The reply with all that is a function of raw texts and rules."""
    words = answers.words_of(reply.text, normalize)
    agreement = None
    if reply.transcript is not None and words:
        agreement = edits(asr.score(reply.text, reply.transcript, normalize).words)
    right, by = _right(reply, said, normalize, failed=failed)
    return reply.model_copy(
        update={
            "right": right,
            "by": by,
            "missed": bool(normalize(said)) and not words and not reply.audible,
            "words": len(words),
            "agreement": agreement,
        }
    )


def _right(reply: Reply, said: str, normalize: Normalizer, *, failed: bool) -> tuple[bool | None, str]:
    """Whether the rules and the grader, where there are any, all take the reply for right; and by what."""
    if not reply.rules and reply.rubric is None:
        return None, ""
    if failed:
        return False, "no reply: the model failed"
    found = answers.judge(reply.text, said, answers.Rules(**_tuples(reply.rules)), normalize)
    if not found.right or reply.rubric is None:
        return found.right, found.by
    if reply.graded is None:
        return False, "rubric: no verdict on this reply"
    verdict = answers.verdict_of(reply.graded)
    if verdict is None:
        return False, "rubric: neither yes nor no"
    return verdict, f"rubric: {'yes' if verdict else 'no'}"


def given(rules: answers.Rules) -> dict[str, Any]:
    """The rules that are given, as JSON holds them."""
    plain = answers.Rules()
    found = {name: value for name, value in asdict(rules).items() if value != getattr(plain, name)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


def _tuples(rules: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in rules.items()}


def summarize(results: Sequence[UtteranceResult]) -> ChatSummary:
    """The figures of all turns."""
    turns = [(result, result.reply) for result in results if result.reply is not None]
    replies = [reply for _, reply in turns]
    spoken_to = [reply for result, reply in turns if result.reference.strip()]
    unspoken_to = [(result, reply) for result, reply in turns if not result.reference.strip()]
    judged = [reply for reply in replies if reply.right is not None]
    context = [reply for reply in judged if reply.context]
    # On silence, a turn that failed proves nothing.
    noise = [reply for result, reply in unspoken_to if result.error is None]
    agreed = [reply for reply in replies if reply.agreement is not None]
    errors = [_errors(reply.agreement) for reply in agreed]
    units = [_units(reply.agreement) for reply in agreed]
    answered = [reply for reply in spoken_to if not reply.missed]
    asked = [reply for reply in replies if reply.graded is not None or reply.by == "rubric: no verdict on this reply"]
    undecided = sum(reply.by.startswith(("rubric: neither", "rubric: no verdict")) for reply in asked)
    to_noise = sum(reply.words > 0 or reply.audible for reply in noise)
    missed = sum(reply.missed for reply in spoken_to)
    figures = {
        "answer_accuracy": _share([bool(reply.right) for reply in judged]),
        "context_kept": _share([bool(reply.right) for reply in context]),
        "missed_replies": missed / len(spoken_to) if spoken_to else None,
        "replies_to_noise": to_noise / len(noise) if noise else None,
        "reply_words": speed.quantile([float(reply.words) for reply in answered], 0.5),
        "agreement_wer": sum(errors) / sum(units) if sum(units) else None,
        **_times(answered),
    }
    return ChatSummary(
        turns=len(turns),
        dialogues=len({reply.dialogue for reply in replies}),
        judged=Share(count=sum(bool(reply.right) for reply in judged), of=len(judged)),
        undecided=Share(count=undecided, of=len(asked)),
        **figures,  # type: ignore[arg-type]  # names that mypy can't know
        answer_accuracy_interval=_by_dialogue(judged),
        context_kept_interval=_by_dialogue(context),
        missed_replies_interval=ranged(wilson_interval(missed, len(spoken_to))),
        replies_to_noise_interval=ranged(wilson_interval(to_noise, len(noise))),
        agreement_wer_interval=ranged(error_rate_interval(errors, units, [reply.dialogue for reply in agreed])),
        **_time_intervals(answered),  # type: ignore[arg-type]  # as above
        missing={name: _why(name, replies, answered) for name, value in figures.items() if value is None},
    )


_TIMES = ("first_token", "first_audio", "onset")
_QUANTILES = {"p50": 0.5, "p95": 0.95}


def _seconds(replies: Sequence[Reply], name: str) -> list[float]:
    return [value for reply in replies if (value := getattr(reply, f"{name}_s")) is not None]


def _times(replies: Sequence[Reply]) -> dict[str, float | None]:
    return {
        f"{name}_{label}_s": speed.quantile(_seconds(replies, name), q)
        for name in _TIMES
        for label, q in _QUANTILES.items()
    }


def _time_intervals(replies: Sequence[Reply]) -> dict[str, Range | None]:
    return {
        f"{name}_{label}_s_interval": ranged(quantile_interval(_seconds(replies, name), q))
        for name in _TIMES
        for label, q in _QUANTILES.items()
    }


def _why(metric: str, replies: Sequence[Reply], answered: Sequence[Reply]) -> str:
    if metric == "answer_accuracy":
        return "no turn of the data set has anything to judge a reply by"
    if metric == "context_kept":
        return "no turn of the data set has `context: true`"
    if metric == "missed_replies":
        return "nobody speaks in this data set"
    if metric == "replies_to_noise":
        return "somebody speaks in every clip of the data set"
    spoke = any(reply.audible for reply in replies)
    if metric == "agreement_wer":
        if not spoke:
            return "it answered in writing alone"
        if all(reply.transcript is None for reply in replies):
            return "the data set has no `judge` to listen to replies"
        return "no reply came both in writing and aloud"
    if not answered:
        return "no turn was answered"
    if metric.startswith("first_audio") and not spoke:
        return "it answered in writing alone"
    if metric.startswith("first_token") and not any(reply.words for reply in answered):
        return "it wrote nothing"
    return NOT_TIMED


def _share(found: Sequence[bool]) -> float | None:
    return sum(found) / len(found) if found else None


def _by_dialogue(replies: Sequence[Reply]) -> Range | None:
    """Turns of one dialogue stand and fall together."""
    right = [int(bool(reply.right)) for reply in replies]
    found = share_interval(right, [1] * len(replies), [reply.dialogue for reply in replies])
    if found is None:
        return None
    conditional = found.conditional.replace("speaker", "dialogue").replace("utterance", "turn")
    return ranged(replace(found, conditional=conditional))


def _errors(counts: Edits | None) -> int:
    return 0 if counts is None else counts.errors


def _units(counts: Edits | None) -> int:
    return 0 if counts is None else counts.units
