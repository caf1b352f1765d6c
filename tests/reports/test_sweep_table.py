"""The table of a sweep, from records made by hand."""

from __future__ import annotations

from pathlib import Path

from catalogs import dataset_yaml, model_yaml, write_catalog
from records import NO_SPEED
from shelf import made

from pytest_modellab.catalog import load
from pytest_modellab.catalog.specs import ModelSpec
from pytest_modellab.core.schema_base import Failure
from pytest_modellab.reports.sweep import markdown, sweep, text
from pytest_modellab.results.record import Record

VARIANTS = "variants:\n  b8: {options: {batch_size: 8}}\n  float32: {options: {compute_type: float32, beam_size: 1}}\n"


def model(folder: Path) -> ModelSpec:
    files = {"models/tiny.yaml": model_yaml("tiny") + VARIANTS, "datasets/talk.yaml": dataset_yaml("talk")}
    return load(write_catalog(folder / "fixtures", files=files)).models["tiny"]


def records(**wrong: int) -> dict[str, Record]:
    return {name.replace("_", "+"): made(30, lost, model=name.replace("_", "+")) for name, lost in wrong.items()}


def test_each_row(tmp_path: Path) -> None:
    base, b8, float32 = sweep(model(tmp_path), records(tiny=0, tiny_b8=0, tiny_float32=9))
    assert (base.id, base.options, base.comparison, base.other_texts) == ("tiny", "", None, None)
    assert (b8.id, b8.options, b8.other_texts) == ("tiny+b8", "batch_size: 8", 0)
    assert (float32.options, float32.other_texts) == ("compute_type: float32, beam_size: 1", 9)
    assert float32.comparison is not None
    assert float32.comparison.paired.more == 9


def test_the_tables_have_the_same_cells(tmp_path: Path) -> None:
    found = sweep(model(tmp_path), records(tiny=0, tiny_b8=0, tiny_float32=9))
    head, *rows = text(found)
    assert head.split("  ")[0] == "model"
    assert "9 of 30" in rows[2]
    assert "+7.50 [" in rows[2]
    table = markdown(found)
    assert table[4].startswith("| `tiny+float32` | `compute_type: float32, beam_size: 1` | 10.0 % | 9 of 30 | +7.50 ")
    assert table[0].count("|") == table[1].count("|") == table[3].count("|")
    assert table[5] == ""
    assert table[6].startswith("- ")


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    found = sweep(model(tmp_path), records(tiny_b8=0))
    assert [each.record is None for each in found] == [True, False, True]
    said = "\n".join(text(found))
    assert "tiny+b8: not compared: the model itself was not run" in said
    assert said.count("not run") == 3


def test_runs_that_cant_be_compared(tmp_path: Path) -> None:
    shorter = made(20, 0, model="tiny+b8")
    found = sweep(model(tmp_path), {**records(tiny=0), "tiny+b8": shorter})
    assert "hold different utterances" in found[1].refused
    assert any("tiny+b8: not compared: " in line for line in text(found))


def test_notes(tmp_path: Path) -> None:
    base = made(30, 0, model="tiny", timing=NO_SPEED)
    broken = base.model_copy(update={"failure": Failure(kind="load", message="it could not be loaded")})
    elsewhere = base.provenance.model_copy(update={"hardware": {"cpu": "another"}})
    part = base.model_copy(update={"limited_to": 30, "provenance": elsewhere})
    said = "\n".join(text(sweep(model(tmp_path), {"tiny": broken, "tiny+b8": part})))
    assert "tiny: it could not be loaded" in said
    assert "tiny: only 30 utterances of the data set" in said
    assert "tiny: times: the machine was shared" in said
    assert "the runs are of different machines: their times can't be compared" in said


def test_without_any_record(tmp_path: Path) -> None:
    lines = text(sweep(model(tmp_path), {}))
    assert len(lines) == 4
    assert "error rate" in lines[0]
