"""What a worker is told to load, where it runs, and why a model can't be loaded here."""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from typing import Any

import chatlab
import pytest
import yaml
from fakeruns import FakeRuns

from pytest_modellab.engines.registry import engine_class
from pytest_modellab.runner.executor import LOCAL

BARE = """
import sys
from dataclasses import dataclass
from pytest_modellab.engines.base import Transcript


@dataclass(frozen=True)
class NoOptions: ...


class Ear:
    tasks = frozenset({"asr"})
    devices = frozenset({"cpu"})
    rate = 16_000
    distributions = ()
    extra = ""
    Options = NoOptions

    @classmethod
    def load(cls, request):
        return cls()

    def transcribe(self, clip):
        found = [name for name in ("modellab_fake_engine", "fakelab") if any(name in path for path in sys.path)]
        return Transcript(f"{sys.argv[0].rpartition('/')[2]} {found}")

    def synchronize(self): ...

    def close(self): ...
"""


def in_environment(runs: FakeRuns, environment: dict[str, Any], **fields: Any) -> None:
    """One model with an environment of its own."""
    path = runs.ready().model()
    spec = yaml.safe_load(path.read_text())
    runs.spec("models/fake.yaml", {**spec, "environment": environment, **fields})


def with_ear(runs: FakeRuns) -> None:
    """One model of an engine in the repository, which needs no library, in this Python without what it has found."""
    (runs.path / "ear.py").write_text(BARE)
    in_environment(runs, {"interpreter": sys.executable}, engine="../../ear.py:Ear", options={})
    runs.executor = LOCAL


def test_a_worker_in_an_environment_finds_this_package_by_its_path_and_nothing_of_the_sessions(
    runs: FakeRuns,
) -> None:
    with_ear(runs)
    record = runs.measured()
    assert {each.hypothesis for each in record.utterances} == {"bootstrap.py []"}
    inputs = record.provenance.inputs
    assert inputs["environment"]["interpreter"] == sys.executable
    assert inputs["environment"]["python"] == platform.python_version()
    assert inputs["engine"] == "../../ear.py:Ear"
    assert "ear.py" in inputs["code"]
    assert runs.outcome().unchanged_since is not None


def test_an_environment_cannot_be_entered_by_this_process(runs: FakeRuns) -> None:
    with_ear(runs)
    told = str(runs.outcome(executor="in-process").unavailable)
    assert told.startswith("fake has an environment of its own (lab/models/fake.yaml:")
    assert told.endswith("), which --lab-inprocess can't enter")


def test_an_engine_that_is_not_installed_in_an_environment_says_for_which_interpreter(runs: FakeRuns) -> None:
    in_environment(runs, {"interpreter": sys.executable})
    told = str(runs.outcome(executor=LOCAL).unavailable)
    assert told.startswith(
        "modellab-fake-engine is not installed in the environment of fake;"
        f" install it for {sys.executable} (lab/models/fake.yaml:"
    )


def test_an_environment_that_is_not_there_says_where_it_was_named(runs: FakeRuns) -> None:
    in_environment(runs, {"interpreter": str(runs.path / "no-such-python")})
    told = str(runs.outcome(executor=LOCAL).unavailable)
    assert "no-such-python" in told
    assert "`interpreter` stands in lab/models/fake.yaml:" in told


def test_weights_come_before_an_environment_that_would_be_of_no_use_without_them(
    runs: FakeRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    files = {"m.bin": {"sha256": "a" * 64, "size": 11}}
    weights = {"repo": "some/model", "revision": "c" * 40, "files": files}
    in_environment(runs, {"interpreter": str(runs.path / "no-such-python")}, weights=weights)
    told = str(runs.outcome(executor=LOCAL).unavailable)
    assert "m.bin" in told
    assert "no-such-python" not in told


class TestParts:
    def test_a_model_made_of_others_is_loaded_with_them(self, runs: FakeRuns) -> None:
        chatlab.cascade(runs)
        record = runs.measured()
        assert record.value("answer_accuracy") == 1.0
        parts = record.provenance.inputs["parts"]
        assert {role: part["model"] for role, part in parts.items()} == {"asr": "ear", "llm": "mind"}
        assert parts["asr"]["engine"] == "modellab_fake_engine:FakeEngine"
        assert parts["asr"]["versions"] == {"modellab-fake-engine": "1.0"}
        assert "modellab_fake_talker" in parts["llm"]["code"]
        chatlab.model(runs, "ear", "fake-for-tests", "asr", answers={**chatlab.HEARD, "1": "other"})
        assert runs.outcome().unchanged_since is None

    def test_the_library_of_each_is_needed(self, runs: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
        chatlab.cascade(runs)
        engine = engine_class("modellab_fake_engine:FakeEngine")
        monkeypatch.setattr(engine, "distributions", ("no-such-library",))
        assert runs.outcome().unavailable == (
            "no-such-library, which its part asr needs, is not installed; pip install no-such-library"
        )


def test_the_control_needs_no_weights_and_no_library(runs: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    runs.ready()
    monkeypatch.setattr(engine_class("modellab_fake_engine:FakeEngine"), "distributions", ("no-such-library",))
    told = runs.outcome().unavailable
    assert told == "no-such-library is not installed; pip install no-such-library"
    record = runs.measured(control=True)
    assert (record.value("wer") or 0) > 1
    assert record.provenance.inputs["engine"] == "pytest_modellab.engines.control:Control"
    # Of the model's options, which tell what baseline it is compared with.
    assert record.provenance.inputs["options"]["log"] == str(runs.log)


def test_an_engine_beside_the_catalog_is_imported_from_its_folder(
    runs: FakeRuns, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "lab_beside.py").write_text("from modellab_fake_engine import FakeEngine as Ear\n")
    monkeypatch.syspath_prepend(tmp_path)
    path = runs.ready().model()
    path.write_text(path.read_text().replace("fake-for-tests", "lab_beside:Ear"))
    case = runs.case()
    with runs.session(executor=LOCAL) as runner:
        assert runner.order(case).path == str(tmp_path)
        assert runner.run(case).record is not None
