"""Of what a case's answers and its figures depend, each input changes the key it belongs to, and no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import chatlab
import pytest
import yaml
from every_task import READY
from fakeruns import FakeRuns

from pytest_modellab.results import provenance


def keys(runs: FakeRuns, **settings: Any) -> tuple[str, str]:
    """The digests of what answers and what figures of the one case depend on, as things are now."""
    case = runs.case()
    with runs.session(**settings) as runner:
        dataset = runner.dataset(case).first(runner.settings.max_utterances)
        wanted = runner.wanted(case, dataset, runner.inputs(case, dataset, runner.order(case)))
    return wanted.key, wanted.judging


def rewritten(name: str, **fields: Any) -> Callable[[FakeRuns], Any]:
    def change(runs: FakeRuns) -> None:
        path = runs.catalog / name
        runs.spec(name, {**yaml.safe_load(path.read_text()), **fields})

    return change


def device(**fields: Any) -> Callable[[FakeRuns], Any]:
    spec = {"id": "cpu", "kind": "cpu", **fields}
    return lambda runs: runs.spec("devices.yaml", {"schema": "modellab.devices/1", "devices": [spec]})


def other_sound(runs: FakeRuns) -> None:
    (runs.catalog / "datasets/clips-0.wav").write_bytes((runs.catalog / "datasets/clips-1.wav").read_bytes())


MODEL, DATASET = "models/fake.yaml", "datasets/clips.yaml"
ANSWERS: dict[str, Callable[[FakeRuns], Any]] = {
    "an option": lambda runs: runs.model(delay_s=0.5),
    "an engine": rewritten(MODEL, engine="modellab_fake_engine:FakeEngine", devices={"cpu": {"delay_s": 0.1}}),
    "a recording": other_sound,
}
FIGURES: dict[str, Callable[[FakeRuns], Any]] = {
    "a glossary": rewritten(DATASET, glossary=["fine"]),
    "names": rewritten(DATASET, names=["Ann"]),
    "a normalizer": rewritten(DATASET, normalizer="none"),
    "a title": rewritten(MODEL, title="Other"),
    "a price": device(price={"per_hour": 1.0, "currency": "EUR"}),
}
NOTHING: dict[str, Callable[[FakeRuns], Any]] = {
    "limits": lambda runs: runs.limits({"metric": "wer", "max": 0.5}),
    "tiers": rewritten(MODEL, tiers=["smoke"]),
    "time-outs": rewritten(MODEL, timeouts={"utterance_s": 31}),
    "another model": lambda runs: runs.model("other", tiers=[]),
    "whether the device is shared": device(shared=True),
    "what a worker takes of a cluster": rewritten(MODEL, cluster={"num_cpus": 4}),
}


@pytest.mark.parametrize("change", ANSWERS.values(), ids=ANSWERS)
def test_what_answers_depend_on(runs: FakeRuns, change: Callable[[FakeRuns], Any]) -> None:
    before = keys(runs.ready())
    change(runs)
    after = keys(runs)
    assert after[0] != before[0]
    assert after[1] == before[1]


@pytest.mark.parametrize("change", FIGURES.values(), ids=FIGURES)
def test_what_figures_alone_depend_on(runs: FakeRuns, change: Callable[[FakeRuns], Any]) -> None:
    before = keys(runs.ready())
    change(runs)
    after = keys(runs)
    assert after[0] == before[0]
    assert after[1] != before[1]


@pytest.mark.parametrize("change", NOTHING.values(), ids=NOTHING)
def test_what_nothing_depends_on(runs: FakeRuns, change: Callable[[FakeRuns], Any]) -> None:
    before = keys(runs.ready())
    change(runs)
    assert keys(runs) == before


def test_where_a_worker_runs_and_how_much_is_run_are_inputs(runs: FakeRuns) -> None:
    runs.ready()
    assert len({keys(runs)[0], keys(runs, executor="local")[0], keys(runs, max_utterances=2)[0]}) == 3


@pytest.mark.parametrize("task", READY)
def test_the_key_is_made_of_the_inputs_in_the_record(runs: FakeRuns, task: str) -> None:
    READY[task](runs)
    record = runs.measured()
    assert (record.provenance.key, record.provenance.judging) == keys(runs)
    assert provenance.input_key(record.provenance.inputs) == record.provenance.key


def test_a_password_among_the_options_is_in_no_record(runs: FakeRuns) -> None:
    runs.ready(languages={"1": "https://me:s3cret@example.org/model"})
    assert runs.measured().provenance.inputs["options"]["languages"] == {"1": "https://***@example.org/model"}


def test_each_part_of_a_model_counts(runs: FakeRuns) -> None:
    chatlab.cascade(runs)
    before = keys(runs)
    chatlab.model(runs, "mind", "modellab_fake_talker:FakeTalker", "chat", replies=chatlab.REPLIES, tells=False)
    assert keys(runs)[0] != before[0]


@pytest.mark.parametrize(("name", "counts"), [("OMP_NUM_THREADS", True), ("CT2_USE_MKL", True), ("CT2_VERBOSE", False)])
def test_variables_of_numerical_libraries(
    runs: FakeRuns, monkeypatch: pytest.MonkeyPatch, name: str, counts: bool
) -> None:
    monkeypatch.delenv(name, raising=False)
    before = keys(runs.ready())
    monkeypatch.setenv(name, "1")
    after = keys(runs)
    assert (after[0] != before[0], after[1] != before[1]) == (counts, False)
