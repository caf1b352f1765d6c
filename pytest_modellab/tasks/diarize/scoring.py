"""Scoring of diarization: a reference and an answer, segments in text, become errors in seconds and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_modellab.core.metrics.measured import Row
from pytest_modellab.core.text import TextRules

from ..scoring import Judged, Parts, Scoring
from . import words
from .error_time import ErrorTime, Scored, error_time
from .record import DiarizationSummary, Diarized, diarized
from .rules import collar_of, overlap_of
from .segments import read, spoken

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Utterance

    from ..asr.text_analysis import Terms


class DiarizationScoring(Scoring):
    """The scoring of who spoke when."""

    by_row = True
    utterance_part = Diarized
    run_part = DiarizationSummary
    counts_terms = False

    def raw(
        self, utterance: Utterance, line: Mapping[str, Any], times: Mapping[str, Any], judged: Judged
    ) -> tuple[str | None, Parts]:
        told = bool((line["part"] or {}).get("words"))
        return line["text"], {self.task: _unscored(told)}

    def errors(self, row: Row, hypothesis: str | None, rules: TextRules) -> tuple[float, float]:
        """Seconds of error, and of reference speech."""
        found = _errors(row, hypothesis)
        return found.errors / 1000, found.speech / 1000

    def score(self, rows: Sequence[Row], rules: TextRules) -> list[Parts]:
        return [{self.task: _scored(row, rules)} for row in rows]

    def summarize(self, rows: Sequence[Row], before: Mapping[str, Any], rules: TextRules, terms: Terms) -> Parts:
        parts = [part for row in rows if (part := diarized(row)) is not None]
        told = any(part.words for part in parts)
        unscored = told and not any(part.cp is not None and part.cp.units for part in parts)
        summary = DiarizationSummary(
            collar_s=tuple(sorted({part.collar_s for part in parts})),
            overlap=tuple(sorted({part.overlap for part in parts})),
            speakers=sum(part.speakers for part in parts),
            found=sum(part.found for part in parts),
            words=told,
            tcp_collar_s=words.COLLAR_S,
            unscored_words=(words.absent() or "the references have no words") if unscored else "",
        )
        return {self.task: summary}


def _unscored(told: bool) -> Diarized:
    """The part of an answer that isn't scored yet: only whether it has words is known."""
    return Diarized(
        collar_s=0.0,
        overlap=True,
        speech_s=0.0,
        missed_s=0.0,
        false_alarm_s=0.0,
        confusion_s=0.0,
        speakers=0,
        found=0,
        jaccard=0.0,
        words=told,
    )


def _errors(row: Row, hypothesis: str | None) -> ErrorTime:
    collar = round(1000 * collar_of(row.attributes))
    scored = Scored(round(1000 * row.audio_s), collar, overlap_of(row.attributes))
    return error_time(read(row.reference), read(hypothesis), scored)


def _scored(row: Row, rules: TextRules) -> Diarized:
    before, found = diarized(row), _errors(row, row.hypothesis)
    told = before is not None and before.words
    cp = tcp = None
    reference, answer = read(row.reference), read(row.hypothesis)
    # Whether the model tells words is known of the run alone: an answer without any may have lost them.
    # Where the reference has nobody speak, words are invented; where it has speech without words, nobody knows.
    if (any(spoken(reference)) or not reference) and not words.absent():
        cp, tcp = words.word_errors(reference, answer, rules.of(row.language))
    return Diarized(
        collar_s=collar_of(row.attributes),
        overlap=overlap_of(row.attributes),
        speech_s=found.speech / 1000,
        missed_s=found.missed / 1000,
        false_alarm_s=found.false_alarm / 1000,
        confusion_s=found.confusion / 1000,
        speakers=found.speakers,
        found=found.found,
        jaccard=found.jaccard,
        pairs=dict(found.pairs),
        words=told,
        cp=cp,
        tcp=tcp,
    )
