"""Executors: those of this package, the option that names one, and one of another package."""

from __future__ import annotations

from pathlib import Path

import pytest
from catalogs import find_again, install_package
from fakelab import FakeLab
from fakeruns import FakeRuns

from pytest_modellab.runner.executor import EXECUTORS, IN_PROCESS, LOCAL, RAY, own_executor
from pytest_modellab.runner.in_process import InProcessWorker
from pytest_modellab.runner.load_order import LoadOrder
from pytest_modellab.runner.local import LocalWorker

NICED = """
from pytest_modellab import LocalWorker


class Niced:
    isolated = True

    def start(self, order):
        return LocalWorker(order.environment, prefix=("nice", "-n", "3"))
"""
ORDER = LoadOrder("no_such_module:Engine", {}, {"kind": "cpu", "index": 0, "shared": False}, None, 0, 30)


def test_those_of_this_package() -> None:
    assert {name: EXECUTORS[name].isolated for name in EXECUTORS if own_executor(name)} == {
        LOCAL: True,
        IN_PROCESS: False,
        RAY: True,
    }


@pytest.mark.parametrize(("name", "kind"), [(LOCAL, LocalWorker), (IN_PROCESS, InProcessWorker)])
def test_a_worker_says_what_it_cannot_load(name: str, kind: type[LocalWorker | InProcessWorker]) -> None:
    worker = EXECUTORS[name]().start(ORDER)
    try:
        assert type(worker) is kind
        reply = worker.request(ORDER.message(), timeout=30)
        assert reply["error"]["type"] == "ModuleNotFoundError"
        assert not worker.gone
    finally:
        worker.close()


def test_a_record_says_whether_its_worker_was_a_process_of_its_own(runs: FakeRuns) -> None:
    runs.ready()
    for executor in (LOCAL, IN_PROCESS):
        inputs = runs.measured(executor=executor).provenance.inputs
        assert inputs["in_process"] is (executor == IN_PROCESS)
        assert "executor" not in inputs
    assert len(runs.records()) == 2


class TestOption:
    def test_in_process_is_what_the_older_option_says(self, lab: FakeLab) -> None:
        assert lab.ready().run("--lab-executor=in-process").ret == 0
        assert lab.record().provenance.inputs["in_process"] is True
        assert lab.run("--lab-inprocess", "--lab-executor=in-process").ret == 0
        assert len(lab.records()) == 1

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (
                ("--lab-executor=locale",),
                "*unknown executor `locale`; did you mean `local`? allowed: in-process, local*",
            ),
            (("--lab-executor=local", "--lab-inprocess"), "*--lab-inprocess and --lab-executor=local exclude each*"),
        ],
    )
    def test_what_is_wrong_is_told(self, lab: FakeLab, arguments: tuple[str, ...], told: str) -> None:
        result = lab.ready().run(*arguments)
        assert result.ret == 4
        result.stderr.fnmatch_lines([told])


def test_one_of_another_package_starts_workers(runs: FakeRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    install_package(site, "lab-niced", "modellab.executors", "niced = lab_niced:Niced", NICED)
    find_again(monkeypatch, EXECUTORS, site)
    runs.ready()
    inputs = runs.measured(executor="niced").provenance.inputs
    assert inputs["executor"] == "niced"
    assert inputs["in_process"] is False
    assert not own_executor("niced")
    runs.run(executor=LOCAL)
    assert [each.provenance.inputs.get("executor") for each in runs.records()] == ["niced", None]
