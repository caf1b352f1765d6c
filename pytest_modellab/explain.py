"""A failing verdict in words: the figure, the limit, the worst utterances aligned, the command that reruns it."""

from __future__ import annotations

from collections.abc import Sequence

from .bench.record import Record, UtteranceResult
from .gate import Verdict, worst_utterances
from .metrics import asr
from .printable import printable
from .text import normalizer

# Metrics that single utterances explain.
_BY_UTTERANCE = frozenset({"wer", "cer", "success_rate"})


def explain(
    verdicts: Sequence[Verdict], record: Record, rerun: str, remarks: Sequence[str] = (), count: int = 3
) -> str:
    """Everything a person needs to act on failing verdicts of one test."""
    lines = []
    for verdict in verdicts:
        lines.append(str(verdict))
        if verdict.why:
            lines.append(f"    why this limit: {verdict.why}")
    if record.failure is not None:
        first, *rest = f"the model failed: {record.failure.message}".splitlines()
        lines += [first, *(f"    {line}" for line in rest)]
        lines += [f"    {line}" for line in record.failure.detail.strip().splitlines()[-8:]]
    elif any(verdict.metric in _BY_UTTERANCE for verdict in verdicts):
        worst = worst_utterances(record, count)
        if worst:
            lines.append(f"worst of {len(record.utterances)} utterances:")
        for result in worst:
            lines += ["", *_utterance(result, record)]
    lines += ["", *remarks] if remarks else []
    lines += ["", f"rerun: {rerun}"]
    # Transcripts, ids and messages come from elsewhere.
    return "\n".join(map(printable, lines))


def _utterance(result: UtteranceResult, record: Record) -> list[str]:
    words = result.words
    errors = words.substitutions + words.deletions + words.insertions
    total = words.substitutions + words.deletions + words.hits
    units = "word" if record.error_metric == "wer" else "character"
    head = (
        f"  {result.id}: {_count(errors, 'error')} in {_count(total, units)}"
        f" (S {words.substitutions}, D {words.deletions}, I {words.insertions})"
    )
    if result.error is not None:
        first, *rest = f"no answer: {result.error.kind}: {result.error.message}".splitlines()
        return [head, f"    {first}", *(f"    {line}" for line in rest)]
    normalize = normalizer(record.normalizer.name)
    # Made printable before they are aligned, so that the columns fit.
    pairs = asr.align(*(printable(normalize(text)) for text in (result.reference, result.hypothesis or "")))
    return [head, *(f"    {line}" for line in asr.render_alignment(pairs).splitlines())]


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
