"""The explanation of a failing verdict: value, limit, worst utterances aligned, and the command that reruns it."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_modellab.core.console import printable
from pytest_modellab.core.metrics import asr
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.results.record import Record, UtteranceResult
from pytest_modellab.results.verdicts import Verdict
from pytest_modellab.results.worst_utterances import behind, worst_utterances
from pytest_modellab.tasks.asr.record import transcript_of
from pytest_modellab.tasks.tts.record import speech_of

# A loop may go on for hundreds of words.
_MOST_LINES = 24


def explain(
    verdicts: Sequence[Verdict], record: Record, rerun: str, remarks: Sequence[str] = (), count: int = 3
) -> str:
    """The explanation of the failing verdicts of one test."""
    lines = []
    for verdict in verdicts:
        lines.append(str(verdict))
        if verdict.why:
            lines.append(f"    why this limit: {verdict.why}")
    if record.failure is not None:
        first, *rest = f"the model failed: {record.failure.message}".splitlines()
        lines += [first, *(f"    {line}" for line in rest)]
        lines += [f"    {line}" for line in record.failure.detail.strip().splitlines()[-8:]]
    else:
        if any(_explained_by_errors(verdict.metric) for verdict in verdicts):
            worst = worst_utterances(record, count)
            if worst:
                lines.append(f"worst of {len(record.utterances)} utterances:")
            for result in worst:
                lines += ["", *_utterance(result, record)]
        for metric in dict.fromkeys(verdict.metric for verdict in verdicts):
            lines += _behind(record, metric, count)
    lines += ["", *remarks] if remarks else []
    lines += ["", f"rerun: {rerun}"]
    # Transcripts, ids and messages come from elsewhere.
    return "\n".join(map(printable, lines))


def _explained_by_errors(metric: str) -> bool:
    """Whether the utterances with the most word errors, failures first, explain a metric."""
    return METRICS[metric].comparison == "error rate" or metric == "success_rate"


def _behind(record: Record, metric: str, count: int) -> list[str]:
    found = behind(record, metric)
    if not found:
        return []
    lines = [f"in {len(found)} of {len(record.utterances)} utterances, the worst first:"]
    for each in found[:count]:
        result = each.result
        lines += ["", f"  {result.id}: {each.note}"]
        if each.raw:
            lines += [f"    REF: {result.reference}", f"    HYP: {result.hypothesis}"]
        else:
            lines += _answer(result, record)
    return lines


def _utterance(result: UtteranceResult, record: Record) -> list[str]:
    transcript = transcript_of(result)
    if transcript is None:
        return [f"  {result.id}", *_answer(result, record)]
    words = transcript.words
    units = "word" if record.error_metric == "wer" else "character"
    head = (
        f"  {result.id}: {_count(words.errors, 'error')} in {_count(words.units, units)}"
        f" (S {words.substitutions}, D {words.deletions}, I {words.insertions})"
    )
    if result.cut_from is not None:
        head += f"; the answer, of {result.cut_from:,} characters, was cut"
    return [head, *_answer(result, record)]


def _answer(result: UtteranceResult, record: Record) -> list[str]:
    """Why there is no answer; or reference and answer aligned, or the answer alone where nothing was said."""
    if result.error is not None:
        first, *rest = f"no answer: {result.error.kind}: {result.error.message}".splitlines()
        return [f"    {first}", *(f"    {line}" for line in rest)]
    normalize = record.rules.of(result.language)
    # Made printable before they are aligned, so that the columns fit.
    reference, hypothesis = map(printable, normalize.pair(result.reference, result.hypothesis or ""))
    if not reference:
        words = hypothesis.split()
        rest_of = f" ... and {len(words) - 30} words more" if len(words) > 30 else ""
        return [f"    HYP: {' '.join(words[:30])}{rest_of}"]
    lines = [f"    {line}" for line in asr.render_alignment(asr.align(reference, hypothesis)).splitlines()]
    rest_of_lines = len(lines) - _MOST_LINES
    shown = lines if rest_of_lines <= 0 else [*lines[:_MOST_LINES], f"    ... and {rest_of_lines} lines more"]
    return [*shown, *_sound(result)]


def _sound(result: UtteranceResult) -> list[str]:
    """Where to hear what was said, below the folder of reports."""
    speech = speech_of(result)
    if speech is None or speech.audio is None:
        return []
    return [f"    sound: audio/{speech.audio[:2]}/{speech.audio}.flac, under the reports"]


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
