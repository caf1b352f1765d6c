"""Accuracy, and how sure the model was: of all clips, and of those that it got wrong."""

from __future__ import annotations

from typing import Any

from pytest_modellab import SPEAKER, Mean, Metric, Ratio, Share


def primary(tag: str | None) -> str:
    """The language of a tag: `en` of `en-US`."""
    return (tag or "").replace("_", "-").partition("-")[0].lower()


def right(row: Any) -> bool:
    """Whether the language that was detected is the utterance's."""
    return row.error is None and primary(row.detected_language) == primary(row.language)


def _wrong(utterance: Any) -> tuple[float, float]:
    return (not right(utterance.row), 1)


def _confidence(utterance: Any) -> float | None:
    part = utterance.parts.get("language_id")
    return None if part is None else part["confidence"]


METRICS = (
    Metric(
        name="language_id_error",
        title="Language ID error",
        unit="%",
        better="lower",
        doc="Share of the clips that were taken for another language, or that the engine failed on.",
        aggregate=Ratio(),
        contribution=_wrong,
        cluster=SPEAKER,
        tasks=frozenset({"language_id"}),
        compared="error rate",
    ),
    Metric(
        name="language_id_accuracy",
        title="Language ID accuracy",
        unit="%",
        better="higher",
        doc="Share of the clips whose language was identified; a clip that the engine failed on is wrong.",
        aggregate=Share(),
        said_by="language_id_error",
        contribution=lambda utterance: (right(utterance.row), 1),
        tasks=frozenset({"language_id"}),
    ),
    Metric(
        name="language_id_confidence",
        title="Confidence",
        unit="%",
        better="higher",
        doc="Probability that the model gives to the language it names, mean over the clips.",
        aggregate=Mean(),
        contribution=_confidence,
        tasks=frozenset({"language_id"}),
    ),
    Metric(
        name="language_id_false_confidence",
        title="Confidence where wrong",
        unit="%",
        better="lower",
        doc="The same, of the clips whose language was taken for another.",
        aggregate=Mean(),
        contribution=lambda utterance: None if right(utterance.row) else _confidence(utterance),
        empty="no clip was taken for another language",
        tasks=frozenset({"language_id"}),
    ),
)
