"""Runs over several languages: each text by its own, no rate over different units, and an average over languages."""

from __future__ import annotations

import pytest
from records import record, utterance

from pytest_modellab.core.text import TextRules
from pytest_modellab.results import baseline
from pytest_modellab.results.record import Record
from pytest_modellab.results.scoring import scored
from pytest_modellab.tasks.asr.record import transcripts_of


def run(*texts: tuple[str, str, str]) -> Record:
    """The record of (language, reference, hypothesis)."""
    rows = [
        utterance(f"u{i}", reference=reference, hypothesis=hypothesis).model_copy(update={"language": language})
        for i, (language, reference, hypothesis) in enumerate(texts)
    ]
    return scored(record(utterances=rows), TextRules())


MIXED = run(
    ("en", "I can\u2019t go there now", "I can't go there"),  # one word of six is lost
    ("en", "good day", "Good day!"),
    ("zh", "\u4f60\u597d\u4e16\u754c", "\u4f60\u597d\u4e16\u4ecb"),  # one of four
    ("jpn", "\u660e\u65e5\u306f\u6674\u308c\u3067\u3059", "\u660e\u65e5\u306f\u96e8\u3067\u3059"),  # two of seven
)


def test_each_language_has_its_own_counts_and_unit() -> None:
    part = transcripts_of(MIXED)
    assert part is not None
    found = {each.language: (each.unit, each.words.errors, each.words.units) for each in part.languages}
    assert found == {"en": ("words", 1, 8), "ja": ("characters", 2, 7), "zh": ("characters", 1, 4)}
    assert [(each.value, each.wer) for each in part.slices if each.by == "language"] == [
        ("en", pytest.approx(1 / 8)),
        ("jpn", pytest.approx(2 / 7)),
        ("zh", 0.25),
    ]


def test_there_is_no_rate_over_different_units() -> None:
    for metric in ("wer", "cer"):
        assert MIXED.value(metric) is None
        assert MIXED.why_missing(metric) == (
            "words are counted in en, characters in ja, zh: see the macro average (`macro_error`, for a limit, too) and"
            " the rates by language"
        )


def test_the_macro_average_counts_every_language_the_same() -> None:
    assert MIXED.value("macro_error") == pytest.approx((1 / 8 + 2 / 7 + 1 / 4) / 3)
    assert MIXED.error_metric == "macro_error"


def test_languages_of_one_unit_have_a_rate_and_an_average() -> None:
    both = run(("en", "one fine day", "one fine day"), ("de", "ein Tag", "ein Dach"), ("de", "ja", "ja"))
    assert both.value("wer") == pytest.approx(1 / 6)
    assert both.value("macro_error") == pytest.approx((0 + 1 / 3) / 2)
    assert both.error_metric == "wer"


@pytest.mark.parametrize(("language", "metric"), [("en", "wer"), ("zh", "cer")])
def test_one_language_has_no_average(language: str, metric: str) -> None:
    alone = run((language, "one fine day", "one fine day"))
    assert alone.value("macro_error") is None
    assert alone.why_missing("macro_error") == "fewer than two languages: see WER or CER"
    assert alone.error_metric == metric
    assert alone.value(metric) == 0


def test_a_language_without_references_counts_for_nothing() -> None:
    found = run(("en", "one fine day", "one fine day"), ("de", "ein Tag", "kein Tag"), ("fr", "...", "non"))
    assert found.value("macro_error") == pytest.approx(0.25)


def test_a_baseline_is_compared_by_the_macro_average() -> None:
    inputs = MIXED.provenance.model_copy(update={"inputs": {"dataset": "d"}})
    mixed = MIXED.model_copy(update={"provenance": inputs})
    found = baseline.against(mixed, baseline.of(mixed))
    assert found.wer_after == pytest.approx(mixed.value("macro_error"))
    assert found.wer_before == pytest.approx(found.wer_after)
