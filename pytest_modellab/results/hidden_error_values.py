"""The figures of `record.BeyondWer`: what each ratio is made of, and why one is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_modellab.core.metrics.slices import FEWEST_UTTERANCES, FEWEST_WORDS

if TYPE_CHECKING:
    from pytest_modellab.core.schema_base import Range, Share
    from pytest_modellab.tasks.asr.record import BeyondWer, Slice

# Metric -> the field with its share.
_SHARES = {
    "looped": "looped",
    "truncated": "truncated",
    "glossary_recall": "glossary_found",
    "number_recall": "numbers",
    "name_recall": "names_found",
    "punctuation_error": "punctuation",
    "casing_error": "casing",
    "language_accuracy": "language",
}

FIGURES = frozenset({"insertions_per_min", "length_deviation", "worst_slice_wer", *_SHARES})
"""The metrics that are told here."""

OF_WORDS = FIGURES - {"insertions_per_min", "looped"}
"""Those that need words in a reference."""

_WHY = {
    "looped": "no utterance was answered",
    "truncated": "no answered utterance has more than three reference words",
    "insertions_per_min": "no clip without speech was answered",
    "length_deviation": "no answered utterance has reference words",
    "number_recall": "no reference holds a number",
    "punctuation_error": "no answered utterance has a punctuated reference",
    "casing_error": "no answered utterance has a reference of mixed case with a word that was recognised",
    "worst_slice_wer": f"no part of the data (by speaker, language, kind, signal-to-noise ratio or duration) holds"
    f" {FEWEST_WORDS} reference words in {FEWEST_UTTERANCES} utterances beside another part",
}


def figure(part: BeyondWer | None, metric: str) -> float | None:
    """One of `FIGURES` in its unit; None where there is none."""
    if part is None:
        return None
    if metric == "insertions_per_min":
        return part.inserted / (part.quiet_s / 60) if part.quiet_s else None
    if metric == "length_deviation":
        return None if part.length_ratio is None else abs(part.length_ratio - 1)
    if metric == "worst_slice_wer":
        worst = worst_slice(part)
        return None if worst is None else worst.wer
    return _share(part, metric).ratio


def worst_slice(part: BeyondWer) -> Slice | None:
    """The part of the data that `worst_slice_wer` is the WER of."""
    return max((each for each in part.slices if each.meaningful), key=lambda each: each.wer, default=None)


def interval(part: BeyondWer | None, metric: str) -> Range | None:
    """The 95 % interval of a share; the other figures have none."""
    return None if part is None or metric not in _SHARES else _share(part, metric).interval


def why_missing(part: BeyondWer | None, metric: str) -> str:
    """The reason a figure is None."""
    if part is None:
        return "the record is from before it was measured; run the case again"
    if metric in {"glossary_recall", "name_recall"}:
        key = "glossary" if metric == "glossary_recall" else "names"
        if not getattr(part, key):
            return f"the data set's spec has no `{key}:`"
        return f"nothing of the data set's `{key}:` stands in a reference"
    if metric == "language_accuracy":
        return "the language was fixed, the engine does not tell which it heard, or the data set does not state it"
    return _WHY[metric]


def _share(part: BeyondWer, metric: str) -> Share:
    found: Share = getattr(part, _SHARES[metric])
    return found
