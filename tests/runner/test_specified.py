"""A record differs from no spec of the catalog that it was measured by, and from each that was changed since."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from every_task import READY
from fakeruns import FakeRuns

from pytest_modellab.catalog import load
from pytest_modellab.core.schema_base import FallbackDevice
from pytest_modellab.core.version import __version__
from pytest_modellab.results.record import Record
from pytest_modellab.runner.specified import apart_from_specs, missing_specs


def told(runs: FakeRuns, record: Record, **options: Any) -> list[str]:
    """What a record has otherwise than the catalog as it is now."""
    return list(apart_from_specs(record, load(runs.catalog, runs.path, engines=False), **options))


def rewritten(runs: FakeRuns, name: str, **fields: Any) -> None:
    """Change fields of a spec."""
    path = runs.catalog / name
    runs.spec(name, {**yaml.safe_load(path.read_text()), **fields})


def with_inputs(record: Record, **inputs: Any) -> Record:
    origin = record.provenance
    return record.model_copy(update={"provenance": origin.model_copy(update={"inputs": {**origin.inputs, **inputs}})})


@pytest.mark.parametrize("task", READY)
def test_a_record_is_of_the_specs_it_was_measured_by(runs: FakeRuns, task: str) -> None:
    READY[task](runs)
    assert told(runs, runs.measured()) == []


def test_a_record_of_the_control_is_of_its_engine(runs: FakeRuns) -> None:
    record = runs.ready().measured(control=True)
    assert told(runs, record, control=True) == []
    (line,) = told(runs, record)
    assert line.startswith("inputs.engine: the record has 'pytest_modellab.engines.control:Control', its spec '")


MODEL = "models/fake.yaml"
DATASET = "datasets/clips.yaml"
SPECS: dict[str, tuple[Callable[[FakeRuns], Any], str]] = {
    "an option": (
        lambda runs: runs.model(wrong={0: "one"}),
        "inputs.options.answers.4000: the record has 'one fine day', its spec 'one' (lab/models/fake.yaml",
    ),
    "an option more": (
        lambda runs: rewritten(runs, MODEL, options={"answers": {"1": "?"}}),
        "inputs.options.answers.1: the record has none, its spec '?' (lab/models/fake.yaml",
    ),
    "an engine": (
        lambda runs: rewritten(runs, MODEL, engine="other:Engine"),
        "inputs.engine: the record has 'modellab_fake_engine:FakeEngine', its spec 'other:Engine' (lab/models/",
    ),
    "weights": (
        lambda runs: rewritten(
            runs,
            MODEL,
            weights={"repo": "some/model", "revision": "c" * 40, "files": {"m.bin": {"sha256": "a" * 64, "size": 11}}},
        ),
        "inputs.weights: the record has None, its spec '",
    ),
    "a title": (lambda runs: rewritten(runs, MODEL, title="Other"), "title: the record has 'fake', its spec 'Other' ("),
    "devices": (
        lambda runs: rewritten(runs, MODEL, devices={"cuda": {}}),
        "ran on cpu, which the spec of fake doesn't list (lab/models/fake.yaml",
    ),
    "a price": (
        lambda runs: runs.spec(
            "devices.yaml",
            {
                "schema": "modellab.devices/1",
                "devices": [{"id": "cpu", "kind": "cpu", "price": {"per_hour": 1.0, "currency": "EUR"}}],
            },
        ),
        "price: the record has None, its spec (1.0, 'EUR') (lab/devices.yaml",
    ),
    "a kind of device": (
        lambda runs: runs.spec(
            "devices.yaml", {"schema": "modellab.devices/1", "devices": [{"id": "cpu", "kind": "cuda"}]}
        ),
        "inputs.device: the record has {'kind': 'cpu', 'index': 0}, its spec {'kind': 'cuda', 'index': 0} (cpu)",
    ),
    "a normalizer": (
        lambda runs: rewritten(runs, DATASET, normalizer="none"),
        "normalizer: the record has 'modellab', its spec 'none' (lab/datasets/clips.yaml",
    ),
    "a language": (
        lambda runs: rewritten(runs, DATASET, language="de", normalizer="whisper-english"),
        "language: the record has 'en', its spec 'de' (lab/datasets/clips.yaml",
    ),
    "a glossary": (
        lambda runs: rewritten(runs, DATASET, glossary=["fine day"]),
        "glossary: the record has [], its spec ['fine day'] (lab/datasets/clips.yaml",
    ),
    "names": (
        lambda runs: rewritten(runs, DATASET, names=["Ann"]),
        "names: the record has [], its spec ['Ann'] (lab/datasets/clips.yaml",
    ),
}


@pytest.mark.parametrize("name", SPECS)
def test_a_spec_that_was_changed_is_told_with_its_place(runs: FakeRuns, name: str) -> None:
    record = runs.ready().measured()
    change, expected = SPECS[name]
    change(runs)
    lines = told(runs, record)
    assert [line for line in lines if line.startswith(expected)], lines


def test_numbers_may_be_written_otherwise_and_defaults_left_out(runs: FakeRuns) -> None:
    record = runs.ready(delay_s=0, trust_remote_code=True).measured()
    assert record.provenance.inputs["options"]["delay_s"] == 0.0
    assert told(runs, record) == []
    rewritten(runs, MODEL, options={"delay_s": "0.0", "trust_remote_code": "TRUE"})
    assert told(runs, record) == []


def test_lists_are_held_against_each_other_place_by_place(runs: FakeRuns) -> None:
    record = with_inputs(runs.ready().measured(), options={"facts": [{"a": 1}, 2, 3]})
    rewritten(runs, MODEL, options={"facts": [{"a": 1}, 2, 4]})
    assert [line.partition(" (")[0] for line in told(runs, record)] == [
        "inputs.options.facts[2]: the record has 3, its spec 4"
    ]
    rewritten(runs, MODEL, options={"facts": [{"a": 1}]})
    (line,) = told(runs, record)
    assert line.startswith("inputs.options.facts: the record has [{'a': 1}, 2, 3], its spec [{'a': 1}] (")


def test_the_name_of_an_engine_of_another_version_tells_nothing(runs: FakeRuns) -> None:
    """It may stand for another class there."""
    record = with_inputs(runs.ready().measured(), engine="moved:Engine")
    (line,) = told(runs, record)
    assert line.startswith("inputs.engine: the record has 'moved:Engine', its spec 'modellab_fake_engine:FakeEngine'")
    assert __version__ != "0.0.1"
    older = record.model_copy(update={"provenance": record.provenance.model_copy(update={"lab": "0.0.1"})})
    assert told(runs, older) == []


def test_the_digest_of_a_folder_of_weights_is_no_matter_of_its_spec(runs: FakeRuns) -> None:
    (runs.path / "weights").mkdir()
    (runs.path / "weights" / "model.bin").write_bytes(b"1")
    runs.ready()
    rewritten(runs, MODEL, weights={"path": str(runs.path / "weights")})
    record = runs.measured()
    assert record.provenance.inputs["weights"] is not None
    (runs.path / "weights" / "model.bin").write_bytes(b"2")
    assert told(runs, record) == []


def test_what_stands_in_for_a_device_is_held_against_its_own_spec(runs: FakeRuns) -> None:
    ran_on = FallbackDevice(device="cuda", why="so the engine says")
    record = with_inputs(runs.ready().measured(), device={"kind": "cuda", "index": 0})
    record = record.model_copy(update={"ran_on": ran_on})
    assert told(runs, record) == ["ran on cuda, which the spec of fake doesn't list (lab/models/fake.yaml:1)"]
    rewritten(runs, MODEL, devices={"cpu": {}, "cuda": {}})
    assert told(runs, record) == []
    nowhere = record.model_copy(update={"ran_on": FallbackDevice(device="tpu", why="")})
    assert list(missing_specs(nowhere, load(runs.catalog, runs.path))) == ["no device that stood in tpu in lab"]


def test_of_what_the_catalog_does_not_have_nothing_but_that_is_told(runs: FakeRuns) -> None:
    record = runs.ready().measured()
    runs.model("another")
    runs.dataset("more")
    (runs.catalog / MODEL).unlink()
    (runs.catalog / DATASET).unlink()
    assert list(missing_specs(record, load(runs.catalog, runs.path))) == [
        "no model fake in lab",
        "no dataset clips in lab",
    ]
    assert told(runs, record) == []
