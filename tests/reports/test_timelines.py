"""The timeline of an utterance on the page: what is drawn where, and that nothing it says can harm."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import card, case, rendered
from records import record, utterance

from pytest_modellab.core.text import TextRules
from pytest_modellab.reports.scorecard.page import timelines
from pytest_modellab.reports.scorecard.page.timelines import MOST, WIDTH, timeline
from pytest_modellab.results.scoring import scored
from pytest_modellab.tasks.timeline import Lane, Stretch

REFERENCE = "0.000 4.000 ann | 4.000 6.000 bob"
ANSWER = "0.000 4.000 <script>alert(1)</script> | 4.500 6.000 y"


def test_stretches_lie_where_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    lanes = [Lane("reference", (Stretch(0, 4, "ann"), Stretch(2, 6, "bob"))), Lane("answer", (Stretch(4, 99, "bob"),))]
    found = timeline(lanes, 8.0)
    assert found is not None
    assert [(bar.x, bar.width) for bar in found.bars] == [
        (0, WIDTH / 2),
        (WIDTH / 4, WIDTH / 2),
        (WIDTH / 2, WIDTH / 2),
    ]
    ann, bob, again = found.bars
    assert ann.y < bob.y < again.y < found.height
    assert bob.colour == again.colour != ann.colour
    assert [name.text for name in found.names] == ["reference", "answer"]
    assert found.told == "reference: 2 segments of 2 speakers; answer: 1 segments of 1 speakers"


def test_nothing_is_drawn_of_nothing() -> None:
    assert timeline([], 8.0) is None
    assert timeline([Lane("reference", ())], 8.0) is None
    assert timeline([Lane("reference", (Stretch(0, 1, "a"),))], 0.0) is None


def test_beyond_a_number_they_are_counted() -> None:
    many = tuple(Stretch(i, i + 1, "a") for i in range(MOST - 1))
    found = timeline([Lane("reference", many), Lane("answer", many)], 1e4)
    assert found is not None
    assert (len(found.bars), found.left_out) == (MOST, MOST - 2)


def test_the_page_draws_it_and_obeys_nothing(tmp_path: Path) -> None:
    said = utterance("talk", reference=REFERENCE, hypothesis=ANSWER).model_copy(update={"audio_s": 8.0})
    made = scored(record(utterances=[said], case=case("tiny", "diarize")), TextRules("modellab"))
    text = rendered(tmp_path, card(tmp_path, made))
    assert '<svg class="timeline"' in text
    assert "2 speakers found of 2" in text
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert timelines.WIDTH == 1000
