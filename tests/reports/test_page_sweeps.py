"""Curves through the thresholds of models on the page: a line a model, with the point of its own threshold."""

from __future__ import annotations

from pathlib import Path

from pages import Parsed, card, heard, rendered
from records import record

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.text import TextRules
from pytest_modellab.results.record import Record, UtteranceResult
from pytest_modellab.tasks.registry import task_named
from pytest_modellab.tasks.turn.record import Cut

AXES = "Wait for an end against unfinished turns cut off: cuts"


def detected(model: str, threshold: float = 0.5, count: int = 10) -> Record:
    """Of ends of turns: a tenth of the pauses is taken for one."""
    rows = []
    for i in range(count):
        for reference, probability in (("finished", 0.4 + 0.05 * i), ("unfinished", 0.06 * i)):
            cut = Cut(silences_s=(0.2,), probabilities=(probability,), threshold=threshold)
            fields = {"id": f"{reference}-{i}", "reference": reference, "hypothesis": reference, "audio_s": 2.0}
            rows.append(UtteranceResult.model_validate({**fields, "parts": {"turn": cut}}))
    parts = task_named("turn").scoring().score(rows, TextRules("modellab"))
    scored = [row.model_copy(update={"parts": own}) for row, own in zip(rows, parts, strict=True)]
    case = CaseRef(task="turn", model=model, device="cpu", dataset="cuts")
    return record(case=case, utterances=scored)


def drawn(folder: Path, *records: Record) -> str:
    return Parsed(rendered(folder, card(folder, *records))).text


def test_each_model_is_a_line_with_its_own_threshold(tmp_path: Path) -> None:
    said = drawn(tmp_path, detected("keen"), detected("shy", 0.9), heard())
    assert AXES in said
    assert "keen on cpu: 0.76 s at 10.0 % as it is set; from " in said
    assert "shy on cpu: 3.00 s at 0.0 % as it is set; from " in said
    assert " to 0.20 s at 100.0 %" in said
    assert "a line goes through all settings of a model, its mark is the one it has" in said


def test_of_many_some_are_left_to_the_table(tmp_path: Path) -> None:
    assert "; 2 more are in the table" in drawn(tmp_path, *(detected(f"m{i}") for i in range(8)))


def test_a_task_without_settings_has_no_curve(tmp_path: Path) -> None:
    assert AXES not in drawn(tmp_path, heard())
