"""Scoring of words with times: errors of boundaries against known speech, and confidence against what is right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from pytest_modellab.core.audio import AudioError
from pytest_modellab.core.metrics.measured import Row
from pytest_modellab.core.metrics.pooled import reliability
from pytest_modellab.core.text import Normalizer, TextRules

from ..asr.scoring import AsrScoring
from ..asr.text_analysis import Terms
from ..scoring import Judged, Parts
from .alignment import held_against, in_silence, missing, untimed
from .record import ConfidenceBin, KeptWords, KnownSpan, RecognisedWord, WordsSummary, WordTiming, words_of

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Utterance

COVERAGES = (0.5, 0.7, 0.8, 0.9, 0.95, 1.0)
"""Shares of the words that are kept, the most confident first."""


class WordScoring(AsrScoring):
    """The scoring of recognition with word times."""

    utterance_part = WordTiming
    run_part = WordsSummary

    def raw(
        self, utterance: Utterance, line: Mapping[str, Any], times: Mapping[str, Any], judged: Judged
    ) -> tuple[str | None, Parts]:
        if line["part"] is None:
            return line["text"], _unanswered(utterance)
        words = tuple(RecognisedWord.model_validate(each) for each in line["part"]["words"])
        return line["text"], {"words": WordTiming(words=words, spans=_known(utterance))}

    def renewed(self, row: Row, utterance: Utterance) -> Parts | None:
        words = words_of(row)
        parts = dict(row.parts)
        return parts if words is None else {**parts, "words": words.model_copy(update={"spans": _known(utterance)})}

    def score(self, rows: Sequence[Row], rules: TextRules) -> list[Parts]:
        return [
            {**transcript, **({} if words_of(row) is None else {"words": _held(row, rules.of(row.language))})}
            for row, transcript in zip(rows, super().score(rows, rules), strict=True)
        ]

    def summarize(self, rows: Sequence[Row], before: Mapping[str, Any], rules: TextRules, terms: Terms) -> Parts:
        return {**super().summarize(rows, before, rules, terms), "words": _summary(rows)}


def _known(utterance: Utterance) -> tuple[KnownSpan, ...]:
    """What is known of an utterance's recording. Raises audio.AudioError."""
    from pytest_modellab.catalog.datasets.spans import spans_of

    spans = spans_of(utterance)
    return tuple(KnownSpan(text=each.text, start_s=each.start_s, end_s=each.end_s) for each in spans)


def _unanswered(utterance: Utterance) -> Parts:
    """What is known of one on which the model failed: none of its boundaries was found."""
    try:
        spans = _known(utterance)
    except AudioError:
        return {}
    return {"words": WordTiming(words=(), spans=spans)} if spans else {}


def _held(row: Row, normalize: Normalizer) -> WordTiming:
    part = words_of(row)
    assert part is not None  # the caller saw to it
    aligned = held_against(row.reference, part.spans, part.words, normalize)
    words = tuple(each.model_copy(update={"right": aligned.right.get(place)}) for place, each in enumerate(part.words))
    wrong, whole = untimed(words, row.audio_s, normalize)
    return part.model_copy(
        update={
            "words": words,
            "boundaries": aligned.boundaries,
            "known_boundaries": aligned.known,
            "untimed": wrong,
            "told": whole,
            "missing": missing(row.hypothesis or "", words, normalize),
            "in_silence": in_silence(words, part.spans) if part.spans else None,
        }
    )


def pairs_of(part: WordTiming) -> list[float]:
    """Probability and 1 or 0 for right or wrong, of each word that has both, one after the other."""
    return [
        number
        for word in part.words
        if word.probability is not None and word.right is not None
        for number in (min(1.0, max(0.0, word.probability)), float(word.right))
    ]


def _summary(rows: Sequence[Row]) -> WordsSummary:
    boundaries = [each for row in rows if (part := words_of(row)) is not None for each in part.boundaries]
    shifts = {
        "start_shift_s": _median(each.error_s for each in boundaries if not each.end),
        "end_shift_s": _median(each.error_s for each in boundaries if each.end),
    }
    return _confidence(rows).model_copy(update=shifts)


def _median(values: Iterable[float]) -> float | None:
    found = list(values)
    return median(found) if found else None


def _confidence(rows: Sequence[Row]) -> WordsSummary:
    import numpy as np

    found = [pairs_of(part) for row in rows if (part := words_of(row)) is not None]
    pairs = np.array([number for each in found for number in each], dtype=np.float64).reshape(-1, 2)
    if not len(pairs):
        return WordsSummary()
    bins = tuple(
        ConfidenceBin(words=each.words, confidence=each.confidence, right=each.right) for each in reliability(pairs)
    )
    ordered = pairs[np.argsort(-pairs[:, 0], kind="stable")]
    kept = []
    for coverage in COVERAGES:
        threshold = float(ordered[max(0, round(coverage * len(ordered)) - 1), 0])
        # Words of the same probability are kept together.
        own = ordered[ordered[:, 0] >= threshold]
        kept.append(KeptWords(coverage=len(own) / len(ordered), threshold=threshold, wrong=float(1 - own[:, 1].mean())))
    return WordsSummary(reliability=bins, kept=tuple(kept))
