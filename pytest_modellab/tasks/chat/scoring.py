"""Scoring of replies, from raw texts, rules and times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pytest_modellab.catalog.datasets.turn import TurnOf
from pytest_modellab.core.language_tags import canonical_language
from pytest_modellab.core.metrics import answers, asr, assertions
from pytest_modellab.core.metrics.measured import Row
from pytest_modellab.core.schema_base import Share, edits
from pytest_modellab.core.text import Normalizer, TextRules

from ..asr import scoring as transcripts
from ..asr.text_analysis import Terms
from ..scoring import Judged, Parts, Scoring
from .record import ChatSummary, Reply, reply_of

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Utterance


class ChatScoring(Scoring):
    """The scoring of replies, and of the model's own transcripts where it reports them."""

    by_row = True
    utterance_part = Reply
    run_part = ChatSummary
    counts_terms = False

    def raw(
        self, utterance: Utterance, line: Mapping[str, Any], times: Mapping[str, Any], judged: Judged
    ) -> tuple[str | None, Parts]:
        reply = unscored(
            utterance.id,
            utterance.turn,
            line["part"],
            times,
            transcript=None if judged.speech is None else judged.speech.texts.get(utterance.id),
            graded=judged.graded.get(utterance.id),
        )
        return (line["part"] or {}).get("heard"), {"chat": reply}

    def renewed(self, row: Row, utterance: Utterance) -> Parts | None:
        """None where the rubric has changed, about which nobody was asked."""
        reply, turn = reply_of(row), utterance.turn
        if reply is None or turn is None:
            return dict(row.parts)
        if reply.rubric != turn.rubric:
            return None
        told = {"dialogue": turn.dialogue, "context": turn.context, "rules": given(turn.rules)}
        return {**row.parts, "chat": reply.model_copy(update=told)}

    def score(self, rows: Sequence[Row], rules: TextRules) -> list[Parts]:
        return [_scored(row, rules.of(row.language)) for row in rows]

    def summarize(self, rows: Sequence[Row], before: Mapping[str, Any], rules: TextRules, terms: Terms) -> Parts:
        heard = transcripts.totals(rows, rules)
        return {**({} if heard is None else {"asr": heard}), "chat": summary(rows)}


def _scored(row: Row, normalize: Normalizer) -> Parts:
    reply = reply_of(row)
    parts: Parts = {}
    if row.hypothesis is not None:
        parts["asr"] = transcripts.transcript(row.reference, row.hypothesis, normalize)
    if reply is not None:
        parts["chat"] = judged(reply, row.reference, normalize, failed=row.error is not None)
    return parts


def unscored(
    utterance: str,
    turn: TurnOf | None,
    part: Mapping[str, Any] | None,
    times: Mapping[str, Any],
    *,
    transcript: str | None,
    graded: str | None,
) -> Reply:
    """The reply to the turn `utterance` out of the journal's `part` (None where the model failed), not yet judged.

    `transcript` is what the judge heard of its sound, `graded` what the grader said of it.
    """
    told = dict(part or {})
    told.pop("heard", None)
    return Reply(
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


def judged(reply: Reply, said: str, normalize: Normalizer, *, failed: bool) -> Reply:
    """The reply with all that is a function of raw texts and rules."""
    words = assertions.read(reply.text, normalize)
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
    rules = answers.Rules(**_tuples(reply.rules))
    english = normalize.language in {"en", ""} and canonical_language(rules.language) in {"en", ""}
    found = answers.judge(reply.text, said, rules, normalize, english=english)
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


def summary(rows: Sequence[Row]) -> ChatSummary:
    """How the turns of all dialogues were judged."""
    replies = [reply for row in rows if (reply := reply_of(row)) is not None]
    judged = [reply for reply in replies if reply.right is not None]
    asked = [reply for reply in replies if reply.graded is not None or reply.by == "rubric: no verdict on this reply"]
    undecided = sum(reply.by.startswith(("rubric: neither", "rubric: no verdict")) for reply in asked)
    return ChatSummary(
        turns=len(replies),
        dialogues=len({reply.dialogue for reply in replies}),
        judged=Share(count=sum(bool(reply.right) for reply in judged), of=len(judged)),
        undecided=Share(count=undecided, of=len(asked)),
    )
