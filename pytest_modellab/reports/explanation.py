"""The explanation of a failing verdict: value, limit, worst utterances aligned, and the command that reruns it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_modellab.core.console import printable
from pytest_modellab.core.metrics import asr
from pytest_modellab.core.metrics.loops import folded, folded_words
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.schema_base import Failure
from pytest_modellab.results.record import Record, UtteranceResult
from pytest_modellab.results.verdicts import Verdict
from pytest_modellab.results.worst_utterances import behind, worst_utterances
from pytest_modellab.tasks.asr.record import transcript_of
from pytest_modellab.tasks.tts.record import speech_of

MOST_LINES = 23
"""Of an explanation: with the two that repeat the assertion, twenty-five lines a failure."""
_MOST_OF_REMARKS = 9
_MOST_VERDICTS = 6
_MORE = "the scorecard's page has the rest"


def explain(
    verdicts: Sequence[Verdict], record: Record, rerun: str, remarks: Sequence[str] = (), count: int = 3
) -> str:
    """The explanation of the failing verdicts of one test, in at most MOST_LINES lines."""
    head = _cut([line for verdict in verdicts for line in _verdict(verdict)], _MOST_VERDICTS)
    tail = ["", f"rerun: {rerun}"]
    room = MOST_LINES - len(head) - len(tail)
    told = _cut(["", *remarks], min(_MOST_OF_REMARKS, room)) if remarks else []
    behind_it = _failure(record.failure) if record.failure is not None else []
    behind_it = behind_it or list(_utterances(verdicts, record, count, room - len(told)))
    lines = [*head, *_cut(behind_it, room - len(told)), *told, *tail]
    # Transcripts, ids and messages come from elsewhere.
    return "\n".join(map(printable, lines))


def _verdict(verdict: Verdict) -> list[str]:
    return [str(verdict), *([f"    why this limit: {verdict.why}"] if verdict.why else [])]


def _failure(failure: Failure) -> list[str]:
    first, *rest = f"the model failed: {failure.message}".splitlines()
    detail = [f"    {line}" for line in failure.detail.strip().splitlines()[-8:]]
    return [first, *(f"    {line}" for line in rest), *detail]


def _cut(lines: Sequence[str], most: int) -> list[str]:
    """At most `most` lines: what belongs to a line, deeper or without a heading of its own, isn't shown without it."""
    if len(lines) <= most:
        return list(lines)
    end = max(0, most - 1)
    while end > 1 and lines[end].startswith(" ") and not lines[end].startswith("  ..."):
        end -= 1
    end = end if end > 1 else max(0, most - 1)
    return [*lines[:end], f"  ... {len(lines) - end} lines more: {_MORE}"]


def _utterances(verdicts: Sequence[Verdict], record: Record, count: int, room: int) -> Iterator[str]:
    """The utterances behind failing verdicts, the worst first."""
    left = room
    for heading, found in _groups(verdicts, record, count):
        if not found or left < 6:
            continue
        yield heading
        left -= 1
        for i, (result, head, raw) in enumerate(found[:count]):
            share = max(5, left // (len(found[:count]) - i))
            lines = ["", head, *(_raw(result) if raw else _answer(result, record, share - 2))]
            if len(lines) > left:
                return
            left -= len(lines)
            yield from lines


Shown = tuple[UtteranceResult, str, bool]
"""An utterance, what is said above its texts, and whether these are shown raw."""


def _groups(verdicts: Sequence[Verdict], record: Record, count: int) -> Iterator[tuple[str, list[Shown]]]:
    if any(_explained_by_errors(verdict.metric) for verdict in verdicts):
        worst = [(result, _head(result, record), False) for result in worst_utterances(record, count)]
        yield f"worst of {len(record.utterances)} utterances:", worst
    for metric in dict.fromkeys(verdict.metric for verdict in verdicts):
        found = behind(record, metric)
        heading = f"in {len(found)} of {len(record.utterances)} utterances, the worst first:"
        yield heading, [(each.result, f"  {each.result.id}: {each.note}", each.raw) for each in found]


def _explained_by_errors(metric: str) -> bool:
    """Whether the utterances with the most word errors, failures first, explain a metric."""
    return METRICS[metric].comparison == "error rate" or metric == "success_rate"


def _head(result: UtteranceResult, record: Record) -> str:
    transcript = transcript_of(result)
    if transcript is None:
        return f"  {result.id}"
    words = transcript.words
    units = "word" if record.error_metric == "wer" else "character"
    head = (
        f"  {result.id}: {_count(words.errors, 'error')} in {_count(words.units, units)}"
        f" (S {words.substitutions}, D {words.deletions}, I {words.insertions})"
    )
    if result.cut_from is not None:
        head += f"; the answer, of {result.cut_from:,} characters, was cut"
    return head


def _raw(result: UtteranceResult) -> list[str]:
    return [f"    REF: {result.reference}", f"    HYP: {result.hypothesis}"]


def _answer(result: UtteranceResult, record: Record, room: int) -> list[str]:
    """Why there is no answer; or reference and answer aligned, or the answer alone where nothing was said."""
    if result.error is not None:
        first, *rest = f"no answer: {result.error.kind}: {result.error.message}".splitlines()
        return [f"    {first}", *(f"    {line}" for line in rest)][:room]
    normalize = record.rules.of(result.language)
    # Made printable before they are aligned, so that the columns fit.
    reference, hypothesis = map(printable, normalize.pair(result.reference, result.hypothesis or ""))
    if not reference:
        return ["    REF: (nothing)", f"    HYP: {' '.join(folded_words(hypothesis.split()))}"]
    sound = _sound(result)
    return [*aligned(reference, hypothesis, room - len(sound)), *sound]


def aligned(reference: str, hypothesis: str, room: int) -> list[str]:
    """Reference above hypothesis, in blocks; those without an error go first where there is no room for all."""
    drawn = asr.render_alignment(folded(asr.align(reference, hypothesis)))
    blocks = [block.strip("\n").splitlines() for block in drawn.split("\n\n") if block.strip("\n")]
    wrong = [block for block in blocks if len(block) > 2]
    for chosen in (blocks, wrong or blocks):
        if sum(map(len, chosen)) <= room:
            break
    shown: list[str] = []
    for block in chosen:
        if shown and len(shown) + len(block) + (block is not chosen[-1]) > room:
            break
        shown += block
    left = len(wrong) - sum(block[0] in shown for block in wrong)
    return [*(f"    {line}" for line in shown), *([f"    ... errors in {_count(left, 'line')} more"] if left else [])]


def _sound(result: UtteranceResult) -> list[str]:
    """Where to hear what was said, below the folder of reports."""
    speech = speech_of(result)
    if speech is None or speech.audio is None:
        return []
    return [f"    sound: audio/{speech.audio[:2]}/{speech.audio}.flac, under the reports"]


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
