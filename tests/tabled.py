"""Records of made-up answers, whose utterances lie in a table or in the record itself."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from records import record, utterance

from pytest_modellab.core.schema_base import Failure
from pytest_modellab.core.text import TextRules
from pytest_modellab.results import table
from pytest_modellab.results.record import BatchRef, NormalizerRef, Record, UtteranceResult
from pytest_modellab.results.scoring import scored
from pytest_modellab.tasks.asr.text_analysis import Terms

WORDS = ["Well,", "so", "nine", "Ann", "[noise]", "red", "green.", "señor", "7", "你好"]
TERMS = Terms(("red", "nine"), ("Ann",))


def rows(count: int, seed: int = 0, *, languages: tuple[str | None, ...] = ("en",)) -> list[UtteranceResult]:
    """Rows with everything that a row of recognition may have."""
    draw = random.Random(seed)
    return [_row(i, draw, languages) for i in range(count)]


def _row(i: int, draw: random.Random, languages: tuple[str | None, ...]) -> UtteranceResult:
    said = " ".join(draw.choices(WORDS, k=draw.randrange(12)))
    heard = " ".join(word if draw.random() < 0.8 else draw.choice(WORDS) for word in said.split())
    failed = draw.random() < 0.05
    changes: dict[str, Any] = {
        "speaker": draw.choice([*"abcdefg", None]),
        "language": draw.choice(languages),
        "detected_language": draw.choice(["en", None]),
        "kind": draw.choice(["read", "told", None]),
        "snr_db": draw.choice([None, draw.uniform(-5, 30)]),
        "attributes": draw.choice([{}, {"accent": draw.choice("xyz"), "place": str(i)}]),
        "audio_s": draw.uniform(1, 40),
        "processing_s": None if failed else draw.uniform(0.1, 1),
        "error": Failure(kind="timeout", message="m", detail="d") if failed else None,
        "hypothesis": None if failed else heard,
        "batch": draw.choice([None, BatchRef(first="u0", size=1, longest_s=4.0)]),
        "retries": draw.choice([None, 2]),
        "cut_from": draw.choice([None, 4000]),
        "prompt": draw.choice([None, "said"]),
    }
    return utterance(f"u{i}", said, heard).model_copy(update=changes)


def made(count: int = 60, seed: int = 0, *, languages: tuple[str | None, ...] = ("en",), **more: Any) -> Record:
    """A record scored by the code of now."""
    rules = TextRules()
    raw = record(normalizer=NormalizerRef.of(rules), utterances=[utterance()], **more)
    dataset = {"inputs": {"seed": 0, "dataset": "d" * 64}}
    raw = raw.model_copy(
        update={
            "utterances": tuple(rows(count, seed, languages=languages)),
            "provenance": raw.provenance.model_copy(update=dataset),
        }
    )
    return scored(raw, rules, TERMS)


def answered_anew(before: Record, seed: int, **changes: Any) -> Record:
    """The same data with other answers."""
    draw = random.Random(seed)
    told = [
        row.model_copy(update={"hypothesis": draw.choice([row.hypothesis, " ".join(draw.choices(WORDS, k=4))])})
        for row in before.utterances
    ]
    return scored(before.model_copy(update={"utterances": tuple(told), **changes}), before.rules)


@contextmanager
def tables_from(count: int, *, group: int = 16) -> Iterator[None]:
    """Records have tables from so many utterances on, in row groups of so many."""
    from pytest_modellab.results.table import writing

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "FEWEST_ROWS", count)
        patch.setattr(writing, "GROUP", group)
        patch.setattr(writing, "BATCH", group // 2)
        yield
