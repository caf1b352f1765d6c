"""Which tests share an xdist worker, which come first, and what a worker that dies leaves behind."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from configs import parsed
from fakelab import FakeLab

from pytest_modellab.catalog.cases import named_in
from pytest_modellab.plugin.scheduler import ModelDeviceScheduling

IDS = ("base:cpu:smoke", "base:cuda:smoke", "tiny-base:cpu:smoke", "base:cpu:smoke-2")


@pytest.mark.parametrize(
    ("nodeid", "id"),
    [
        ("suites/test_asr.py::test_wer[base:cpu:smoke]", "base:cpu:smoke"),
        ("suites/test_asr.py::test_wer[base:cuda:smoke]", "base:cuda:smoke"),
        ("suites/test_asr.py::test_wer[tiny-base:cpu:smoke]", "tiny-base:cpu:smoke"),
        ("suites/test_asr.py::test_wer[base:cpu:smoke-2]", "base:cpu:smoke-2"),
        ("suites/test_asr.py::test_wer[beam-base:cpu:smoke-other]", "base:cpu:smoke"),
        ("suites/test_asr.py::test_wer[base:cpu:smoke0]", "base:cpu:smoke"),
        ("suites/test_asr.py::TestClass::test_wer[base:cpu:smoke]", "base:cpu:smoke"),
        ("tests/test_own.py::test_plain", None),
        ("tests/test_own.py::test_parametrized[other:cpu:smoke]", None),
        ("tests/test_own.py::test_parametrized[xbase:cpu:smoke]", None),
    ],
)
def test_the_case_in_a_test_id(nodeid: str, id: str | None) -> None:
    assert named_in(nodeid, IDS) == id


@pytest.mark.parametrize(
    ("dist", "scopes"),
    [
        ("load", ["test_own.py::T::test_a[1]", "test_own.py::T::test_b@big"]),
        ("worksteal", ["test_own.py::T::test_a[1]", "test_own.py::T::test_b@big"]),
        ("loadscope", ["test_own.py::T", "test_own.py::T"]),
        ("loadgroup", ["test_own.py::T::test_a[1]", "big"]),
    ],
)
def test_tests_without_a_case_stay_together_as_asked(dist: str, scopes: list[str], tmp_path: Path) -> None:
    with scheduled(tmp_path, dist) as scheduling:
        assert [scheduling._split_scope(f"test_own.py::T::{name}") for name in ("test_a[1]", "test_b@big")] == scopes
        assert scheduling._split_scope("test_own.py::T::test_a[base:cpu:smoke]") == "base:cpu"


@contextmanager
def scheduled(folder: Path, dist: str = "load", **seconds: float) -> Iterator[ModelDeviceScheduling]:
    """A scheduling of models on the CPU, by the seconds that each is likely to take."""
    groups = {"base:cpu:smoke": "base:cpu", **{f"{name}:cpu:smoke": f"{name}:cpu" for name in seconds}}
    with parsed(folder, f"--dist={dist}", "--tx=popen") as config:
        likely = {f"{name}:cpu": value for name, value in seconds.items()}
        yield ModelDeviceScheduling(config, None, groups, lambda group: likely.get(group, 0.0))


def test_the_longest_group_is_next_and_what_is_not_known_before_it(tmp_path: Path) -> None:
    with scheduled(tmp_path, a=1.0, b=3.0, c=2.0, d=math.inf) as scheduling:
        left = ["test_own.py::test_plain", "a:cpu", "b:cpu", "c:cpu", "d:cpu"]
        order = []
        while left:
            order.append(scheduling.longest(left))
            left.remove(order[-1])
        assert order == ["d:cpu", "b:cpu", "c:cpu", "a:cpu", "test_own.py::test_plain"]


def test_of_equals_the_first_comes_first(tmp_path: Path) -> None:
    with scheduled(tmp_path, a=1.0, b=1.0) as scheduling:
        assert scheduling.longest(["x", "b:cpu", "a:cpu"]) == "b:cpu"


def order_of_first_calls(lab: FakeLab) -> list[str]:
    """The models, in the order in which the newest run of each began."""
    newest = {record.case.model: record for record in lab.records()}
    return sorted(newest, key=lambda model: datetime.fromisoformat(newest[model].timing.passes[0].start))


@pytest.mark.nightly("tests/plugin/test_scheduler.py::test_the_longest_group_is_next_and_what_is_not_known_before_it")
def test_what_took_longest_or_is_not_known_comes_first(lab: FakeLab) -> None:
    lab.dataset()
    delays = {"a-quick": 0.0, "b-long": 0.2, "c-middling": 0.1}
    for name, delay in delays.items():
        lab.model(name, delay_s=delay)
    # One worker, so that what comes first is not a race; the records have to be there, so not the first session.
    lab.run("-n1")
    lab.model("d-new")
    lab.run("-n1", "--lab-fresh")
    assert order_of_first_calls(lab) == ["d-new", "b-long", "c-middling", "a-quick"]


def test_what_an_xdist_worker_had_measured_survives_its_death(lab: FakeLab) -> None:
    lab.ready(faults={lab.size(1): "kill-parent-once"})
    lab.model("other")
    lab.pytester.makepyfile(
        test_suite="""
        def test_wer(run, limits): assert run.wer <= limits.wer
        def test_answers(run): assert run.success_rate >= 1.0
        def test_more(run): assert run.cer < 1.0
        """
    )
    result = lab.run("-n2")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*worker 'gw?' crashed while running *test_wer?fake:cpu:clips*"])
    records = {record.case.model: record for record in lab.records()}
    assert [each.hypothesis for each in records["fake"].utterances] == list(lab.texts)
    assert records["fake"].provenance.resumed == 1
    assert str(records["fake"].timing.no_speed).startswith("resumed: 1 utterance ")
    assert records["other"].provenance.resumed == 0
    rows = {row["case"]["model"]: row for row in lab.scorecard()["rows"]}
    assert rows["fake"]["status"] == "fail"
    assert rows["other"]["status"] == "pass"
    assert not list((lab.path / "reports" / "sessions").iterdir())


def test_a_case_whose_only_test_died_with_its_worker_is_no_pass(lab: FakeLab) -> None:
    lab.ready(faults={lab.size(1): "kill-parent-once"})
    result = lab.run("-n1", "--max-worker-restart=0")
    assert result.ret != pytest.ExitCode.OK
    (row,) = lab.scorecard()["rows"]
    assert row["status"] != "pass"
    assert row["reason"] == "broken off after 1 utterance; what was answered is kept, the same command goes on"
