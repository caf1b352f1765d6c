"""Baselines of models that compute in 8-bit integers: bound to the hardware that they were saved on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fakeruns import FakeRuns
from records import record, utterance

from pytest_modellab.cli import main
from pytest_modellab.core.hardware import Hardware
from pytest_modellab.results.baseline import of, of_other_hardware, place, save
from pytest_modellab.results.int8 import other_kernels
from pytest_modellab.results.record import Record
from pytest_modellab.results.speed_baseline import SUFFIX
from pytest_modellab.results.values import valued


def test_the_baseline_of_an_int8_model_names_the_hardware(runs: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    runs.commanded(monkeypatch)
    runs.ready(load_fault="int8").run()  # an option that says so; the fake engine does nothing on it
    assert main(["baseline", "save"]) == 0
    names = [path.name for path in Path("reports/baselines/asr").iterdir() if not path.name.endswith(SUFFIX)]
    assert len(names) == 1
    assert names[0].startswith("fake-cpu-clips-")


def with_options(found: Record, options: dict[str, Any]) -> Record:
    inputs = {"options": options, "dataset": "0" * 64}
    return found.model_copy(update={"provenance": found.provenance.model_copy(update={"inputs": inputs})})


@pytest.mark.parametrize(
    ("options", "loaded", "bound"),
    [
        ({"compute_type": "int8"}, {}, True),
        ({"int8": True}, {}, True),
        ({"int8": False}, {}, False),
        ({"compute_type": "default"}, {"compute_type": "int8_float32"}, True),
        ({}, {"asr_compute_type": "int8", "llm_compute_type": "float32"}, True),
        ({}, {"int8_operators": True}, True),
        ({"compute_type": "INT8"}, {}, True),
        ({"load_in_8bit": True}, {}, True),
        ({"load_in_8bit": False}, {}, False),
        ({"dtype": "q5_1"}, {}, True),
        ({"precision": "w8a8"}, {}, True),
        ({"dtype": "float16", "device": "cpu", "seed": 48}, {}, False),
        ({"beam_size": 5}, {"compute_type": "float32"}, False),
    ],
)
def test_a_model_is_of_int8_by_its_options_or_by_what_it_told_when_loaded(
    options: dict[str, Any], loaded: dict[str, Any], bound: bool, tmp_path: Path
) -> None:
    one = with_options(record(utterances=[utterance("one")]), options).model_copy(update={"loaded": loaded})
    assert (place(one, tmp_path).name == "tiny-cpu-talk.jsonl") is not bound


def test_what_only_took_answers_over_may_be_of_int8(tmp_path: Path) -> None:
    one = with_options(record(utterances=[utterance("one")]), {})
    resumed = one.model_copy(update={"provenance": one.provenance.model_copy(update={"resumed": 3})})
    assert place(resumed, tmp_path).name != "tiny-cpu-talk.jsonl"


def test_a_stand_in_is_held_against_the_baseline_of_the_model(tmp_path: Path) -> None:
    one = valued(with_options(record(utterances=[utterance("one")]), {})).model_copy(update={"seal": "0" * 64})
    saved = save(one.model_copy(update={"loaded": {"int8_operators": True}}), tmp_path)
    assert place(one, tmp_path) == saved  # as a control tells nothing of the model's weights


@pytest.mark.parametrize(
    ("loaded", "earlier", "told"),
    [
        ({"compute_type": "int8"}, {"instruction_sets": ["avx2"]}, "instruction sets avx2, here avx2, avx512_vnni"),
        ({"compute_type": "int8"}, {}, ""),
        ({"compute_type": "int8"}, {"instruction_sets": None}, "not stated: instruction sets"),
        ({"compute_type": "int8"}, {"system": None}, ""),
        ({"compute_type": "float32"}, {"cpu": None}, ""),
        ({"compute_type": "float32"}, {"instruction_sets": ["avx2"]}, ""),
    ],
)
def test_other_kernels_are_those_of_an_int8_model_on_another_processor(
    loaded: dict[str, Any], earlier: dict[str, Any], told: str
) -> None:
    here = {"system": "Linux", "architecture": "x86_64", "cpu": "one", "instruction_sets": ["avx2", "avx512_vnni"]}
    before = Hardware.stated({**here, **earlier})
    one = with_options(record(utterances=[utterance("one")]), {})
    provenance = one.provenance.model_copy(update={"hardware": here})
    after = one.model_copy(update={"loaded": loaded, "provenance": provenance})
    assert other_kernels(before, after) == told


def test_a_baseline_that_states_no_processor_is_no_measure_of_an_int8_model(tmp_path: Path) -> None:
    one = valued(with_options(record(utterances=[utterance("one")]), {"compute_type": "int8"}))
    head = of(one).head
    assert of_other_hardware(one, head) == ""
    told = of_other_hardware(one, head.model_copy(update={"hardware": {}}))
    assert "may answer otherwise: not stated: CPU, instruction sets; `modellab baseline save`" in told


def test_an_older_baseline_of_an_int8_model_is_read_and_no_new_one_is_written_over_it(tmp_path: Path) -> None:
    one = valued(with_options(record(utterances=[utterance("one")]), {})).model_copy(update={"seal": "0" * 64})
    old = save(one, tmp_path)
    quantised = one.model_copy(update={"loaded": {"int8_operators": True}})
    assert place(quantised, tmp_path) == old
    new = save(quantised, tmp_path)
    assert new != old
    assert place(quantised, tmp_path) == new
    assert old.exists()
