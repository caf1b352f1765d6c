"""What a record holds of dialogues: of each turn, and of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ..datasets.turn import TurnOf
from ..metrics import answers, asr, speed
from ..metrics.intervals import (
    Interval,
    error_rate_interval,
    quantile_bootstrap_interval,
    share_interval,
    wilson_interval,
)
from ..text import Normalizer
from .stored import Edits, Range, Share, Stored, edits, volatile

if TYPE_CHECKING:
    from .record import UtteranceResult


class Reply(Stored):
    """How a model answered one turn. What the user said is the utterance's reference, what the model took it to be its
    hypothesis, null where it doesn't tell."""

    text: str = Field(description="raw")
    dialogue: str
    context: bool = Field(default=False, description="only who remembers an earlier turn can answer")
    rules: dict[str, Any] = Field(default_factory=dict, description="by which it is judged; {} for none")
    rubric: str | None = Field(default=None, description="what the data set's grader was asked beside")
    graded: str | None = Field(default=None, description="what the grader said, raw; null where it wasn't asked")
    right: bool | None = Field(description="null where there is nothing to judge by")
    by: str = Field(default="", description="the rule that decided, and what it found")
    missed: bool = Field(description="no word, and nothing to be heard, though something was said")
    words: int = Field(description="of the reply, after normalisation")
    audio: str | None = volatile(default=None, description="digest of its sound, as of a text that was spoken")
    audible: bool = False
    sample_rate: int | None = None
    seconds: float = Field(default=0.0, description="of its sound")
    pieces: int = Field(default=0, description="of sound, in which it came")
    transcript: str | None = Field(default=None, description="of its sound, by the data set's judge")
    agreement: Edits | None = Field(default=None, description="words of the transcript, against the reply's text")
    first_token_s: float | None = volatile(default=None, description="until the first of its text was there")
    first_audio_s: float | None = volatile(default=None, description="until the first of its sound could be played")
    stalled_s: float | None = volatile(default=None, description="silence while it was played as it came")

    @property
    def onset_s(self) -> float | None:
        """Until the user had the first of the reply: its sound, or its text where it has no sound."""
        return self.first_audio_s if self.audible else self.first_token_s


class ChatSummary(Stored):
    """Figures of all turns of a record; a turn on which the model failed counts as wrong and as missed."""

    turns: int
    dialogues: int
    judged: Share = Field(description="right, of turns with anything to judge by")
    answer_accuracy: float | None
    answer_accuracy_interval: Range | None = None
    context_kept: float | None
    context_kept_interval: Range | None = None
    missed_replies: float | None
    missed_replies_interval: Range | None = None
    replies_to_noise: float | None
    replies_to_noise_interval: Range | None = None
    reply_words: float | None = Field(description="median")
    agreement_wer: float | None
    agreement_wer_interval: Range | None = None
    undecided: Share = Field(description="judgements of the grader that were neither yes nor no, of those asked for")
    first_token_p50_s: float | None = volatile()
    first_token_p95_s: float | None = volatile()
    first_audio_p50_s: float | None = volatile()
    first_audio_p95_s: float | None = volatile()
    onset_p50_s: float | None = volatile()
    onset_p95_s: float | None = volatile()
    first_token_p50_s_interval: Range | None = volatile(default=None)
    first_token_p95_s_interval: Range | None = volatile(default=None)
    first_audio_p50_s_interval: Range | None = volatile(default=None)
    first_audio_p95_s_interval: Range | None = volatile(default=None)
    onset_p50_s_interval: Range | None = volatile(default=None)
    onset_p95_s_interval: Range | None = volatile(default=None)
    missing: dict[str, str] = Field(default_factory=dict, description="metric -> why it is null")


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
        missed_replies_interval=_range(wilson_interval(missed, len(spoken_to))),
        replies_to_noise_interval=_range(wilson_interval(to_noise, len(noise))),
        agreement_wer_interval=_range(error_rate_interval(errors, units, [reply.dialogue for reply in agreed])),
        **_time_intervals(answered),  # type: ignore[arg-type]  # as above
        missing={name: _why(name, replies, answered) for name, value in figures.items() if value is None},
    )


NOT_TIMED = "no reply was timed with the machine held alone"

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
        f"{name}_{label}_s_interval": _range(quantile_bootstrap_interval(_seconds(replies, name), q))
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
    return _range(replace(found, conditional=conditional))


def _errors(counts: Edits | None) -> int:
    return 0 if counts is None else counts.substitutions + counts.deletions + counts.insertions


def _units(counts: Edits | None) -> int:
    return 0 if counts is None else counts.substitutions + counts.deletions + counts.hits


def _range(interval: Interval | None) -> Range | None:
    return None if interval is None else Range(**asdict(interval))
