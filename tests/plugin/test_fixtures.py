"""The fixtures of benchmark tests, each asked for by a collected test that isn't run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from configs import collected, valued
from labsessions import LabSessions
from quietness import quiet

from pytest_modellab.cli import main
from pytest_modellab.results.verdicts import Status

Skipped = pytest.skip.Exception
Failed = pytest.fail.Exception

SUITE = """
def test_case(run, limits, device, dataset, no_worse, no_slower): pass
def test_live(start_model, machine_alone): pass
def test_plain(): pass
"""


@pytest.fixture
def suite(sessions: LabSessions) -> LabSessions:
    """A catalog of one case with as many clips as an interval takes, and a suite with each fixture."""
    sessions.texts = [*LabSessions.texts, "four fine days", "five fine days"]
    sessions.ready()
    (sessions.path / "test_suite.py").write_text(SUITE)
    return sessions


@contextmanager
def asked(lab: LabSessions, *arguments: str, test: str = "test_case") -> Iterator[Callable[[str], Any]]:
    """A function from a fixture's name to its value in the first test of that name."""
    executor = () if any("executor" in each for each in arguments) else ("--lab-inprocess",)
    with collected(lab.path, *executor, *arguments) as session:
        item = next(each for each in session.items if each.name.startswith(test))
        yield lambda name: valued(item, name)


def told(kind: Any, call: Callable[[], object]) -> str:
    with pytest.raises(kind) as found:
        call()
    return str(found.value)


class TestCase:
    def test_device_limits_and_data_are_those_of_the_case(self, suite: LabSessions) -> None:
        with asked(suite) as value:
            assert value("modellab_case").id == "fake:cpu:clips"
            assert value("device").kind == "cpu"
            assert value("limits").wer.value == 0.1
            assert [each.text for each in value("dataset").utterances] == list(suite.texts)

    def test_a_test_that_asks_for_none_has_none(self, suite: LabSessions) -> None:
        with asked(suite, test="test_plain") as value:
            assert told(Failed, lambda: value("modellab_case")).startswith("test_suite.py::test_plain has no case: ")

    def test_data_that_are_broken_fail_the_test(self, suite: LabSessions) -> None:
        (suite.catalog / "datasets" / "clips.jsonl").unlink()
        with asked(suite) as value:
            assert "clips.jsonl" in told(Failed, lambda: value("dataset"))

    def test_data_that_are_not_to_be_had_skip_the_test(self, suite: LabSessions) -> None:
        clip = {"id": "a", "archive": "box", "member": "a.wav", "sha256": "c" * 64, "text": "one"}
        base = {"schema": "modellab.dataset/1", "id": "clips", "tasks": ["asr"], "tiers": ["smoke"], "language": "en"}
        (suite.path / "empty").mkdir()
        suite.spec("datasets/clips.yaml", {**base, "archives": {"box": {"folder": "../empty"}}, "clips": [clip]})
        with asked(suite) as value:
            assert "could not be fetched" in told(Skipped, lambda: value("dataset"))


class TestRun:
    def test_figures_are_held_to_limits(self, suite: LabSessions) -> None:
        with asked(suite) as value:
            run = value("run")
            assert run.wer <= value("limits").wer
            assert [each.status for each in run.verdicts] == [Status.PASS]
            assert run.rerun == "pytest 'test_suite.py::test_case[fake:cpu:clips]'"

    def test_a_figure_that_is_not_there_skips(self, suite: LabSessions) -> None:
        with asked(suite) as value:
            run = value("run")
            assert told(Skipped, lambda: run.peak_rss_mb <= 1e9).startswith("not-available: Peak memory")

    def test_a_device_that_is_not_here_skips(self, suite: LabSessions, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
        suite.model(devices={"cuda": {}})
        with asked(suite) as value:
            assert told(Skipped, lambda: value("run")).startswith("cuda: CUDA_VISIBLE_DEVICES='' hides")

    def test_what_cannot_be_measured_fails(self, suite: LabSessions) -> None:
        (suite.catalog / "datasets" / "clips.jsonl").unlink()
        with asked(suite) as value:
            said = told(Failed, lambda: value("run"))
            assert said.startswith("fake:cpu:clips could not be measured:\n")
            assert "clips.jsonl" in said


class TestNoWorse:
    def test_without_a_baseline_it_skips(self, suite: LabSessions) -> None:
        with asked(suite) as value:
            assert told(Skipped, value("no_worse")).startswith(
                "no baseline reports/baselines/asr/fake-cpu-clips.jsonl;"
            )

    def test_the_same_answers_pass_and_worse_ones_fail(self, suite: LabSessions) -> None:
        suite.session()
        assert main(["baseline", "save"]) == 0
        with asked(suite) as value:
            assert value("no_worse")()
            assert [each.status for each in value("run").verdicts] == [Status.PASS]
        suite.model(wrong=dict.fromkeys(range(5), "nothing of the kind"))
        with asked(suite) as value:
            verdict = value("no_worse")()
            assert verdict.status is Status.FAIL
            assert "5 utterances worse, 0 better" in str(verdict)
            assert any("nothing of the kind" in remark for remark in value("run").remarks)

    def test_what_cannot_be_told_is_a_verdict_unless_baselines_are_optional(self, suite: LabSessions) -> None:
        suite.session()
        assert main(["baseline", "save"]) == 0
        suite.model(wrong={0: "one fine way"})
        with asked(suite) as value:
            assert value("no_worse")().status is Status.INCONCLUSIVE
        with asked(suite, "--lab-strict", "--lab-baselines=optional") as value:
            assert told(Skipped, value("no_worse")).endswith(" (--lab-baselines=optional)")

    def test_than_another_model(self, suite: LabSessions) -> None:
        suite.model("other", wrong={0: "nothing of the kind"})
        with asked(suite, "--lab-model=fake") as value:
            no_worse = value("no_worse")
            assert no_worse(than="other", margin=0.01)
            assert "no model `othr` in the catalog; did you mean `other`?" in told(
                Failed, lambda: no_worse(than="othr", margin=0.01)
            )

    def test_a_margin_that_is_none_fails(self, suite: LabSessions) -> None:
        suite.session()
        assert main(["baseline", "save"]) == 0
        with asked(suite) as value:
            assert "margin" in told(Failed, lambda: value("no_worse")(margin=-1.0))

    def test_of_a_shard_nothing_is_said(self, suite: LabSessions) -> None:
        with asked(suite, "--lab-shard=1/2") as value:
            assert "shard 1/2" in told(Skipped, value("no_worse"))
            assert "shard 1/2" in told(Skipped, value("no_slower"))


class TestNoSlower:
    def test_without_a_baseline_it_skips(self, suite: LabSessions) -> None:
        with asked(suite) as value:
            assert told(Skipped, value("no_slower")).startswith("no speed baseline for this hardware ")

    def test_against_one(self, suite: LabSessions, monkeypatch: pytest.MonkeyPatch) -> None:
        quiet(monkeypatch)
        suite.session("--lab-executor=local")
        assert main(["baseline", "save"]) == 0
        with asked(suite, "--lab-executor=local") as value:
            # The record is the baseline's own.
            assert value("no_slower")()

    def test_of_other_hardware_it_skips_and_says_what_differs(
        self, suite: LabSessions, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        quiet(monkeypatch)
        suite.session("--lab-executor=local")
        assert main(["baseline", "save"]) == 0
        (path,) = (suite.path / "reports" / "baselines" / "asr").glob("*.speed.jsonl")
        cores = json.loads(path.read_text().splitlines()[0])["hardware"]["cores"]
        path.write_text(re.sub('"cores": [0-9.]+', '"cores": 4096', path.read_text()))
        with asked(suite, "--lab-executor=local") as value:
            why = told(Skipped, value("no_slower"))
        assert why.startswith("no speed baseline for this hardware ")
        assert f"({path.name} is of 4096 cores, here {cores:g}); `modellab baseline save` keeps one" in why


class TestLive:
    def test_a_model_answers_until_the_test_ends(self, suite: LabSessions) -> None:
        with asked(suite, "--lab-executor=local", test="test_live") as value:
            model = value("start_model")()
            clip = value("dataset").utterances[1]
            assert model.transcribe(clip).text == "two fine days"
        assert suite.engine_log()[-1] == "close"

    def test_a_device_that_is_not_here_skips(self, suite: LabSessions, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
        suite.model(devices={"cuda": {}})
        # By its name: of several tests of an absent device all but one are left out.
        with asked(suite, f"{suite.path / 'test_suite.py'}::test_live", test="test_live") as value:
            assert told(Skipped, lambda: value("model")).startswith("cuda: CUDA_VISIBLE_DEVICES='' hides")

    def test_weights_that_are_not_to_be_had_skip(self, suite: LabSessions) -> None:
        path = suite.model()
        weights = f"weights:\n  files:\n    model.bin: {{sha256: {'c' * 64}, size: 7}}\n"
        path.write_text(path.read_text() + weights)
        mirrors = {"c" * 64: [{"parts": [{"folder": "empty", "member": "model.bin"}]}]}
        suite.spec("mirrors.yaml", {"schema": "modellab.mirrors/1", "mirrors": mirrors})
        with asked(suite, "--lab-executor=local", test="test_live") as value:
            assert "model.bin" in told(Skipped, value("start_model"))

    def test_the_machine_is_held_alone(self, suite: LabSessions) -> None:
        with asked(suite, test="test_live") as value:
            assert value("machine_alone") is None
