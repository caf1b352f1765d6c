"""Which device a case runs on: what the engine tells of it, what stands in for an absent one, who has it to itself."""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Mapping
from itertools import accumulate
from multiprocessing.queues import Queue
from pathlib import Path

import pytest
from fakelab import FakeCatalog, FakeLab
from fakeruns import FakeRuns

from pytest_modellab.catalog.errors import CatalogError
from pytest_modellab.cli import main
from pytest_modellab.core import devices as core_devices
from pytest_modellab.results.record_files import canonical
from pytest_modellab.runner import locks
from pytest_modellab.runner.locks import Leases, device_name

CUDA = {"kind": "cuda", "index": 0, "shared": False}
ALL_PRESENT = """
from pytest_modellab.core import devices

devices.presence = lambda kind, index=0: devices.Presence(True)
"""


def devices(lab: FakeCatalog, *specs: Mapping[str, object]) -> None:
    lab.spec("devices.yaml", {"schema": "modellab.devices/1", "devices": list(specs)})


@pytest.fixture
def all_present(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has every device, and one card of each."""
    monkeypatch.setattr(core_devices, "presence", lambda kind, index=0: core_devices.Presence(True))
    monkeypatch.setattr(locks, "gpu_ids", list)


class TestFacts:
    def test_what_an_engine_tells_is_in_the_record(self, runs: FakeRuns) -> None:
        facts = {"device": "cpu", "chunk_length_s": 30.0, "family": "fake", "beams": 5, "compiled": False, "hint": None}
        record = runs.ready(facts=facts).measured()
        assert record.loaded == facts
        assert record.ran_on is None
        assert record.timing.no_speed is None

    def test_what_json_cannot_hold_becomes_text(self, runs: FakeRuns) -> None:
        assert runs.ready(facts={"shape": [1, 2]}).measured().loaded == {"shape": "[1, 2]"}

    def test_an_engine_that_is_elsewhere_gets_no_speed(self, runs: FakeRuns, all_present: None) -> None:
        devices(runs, {"id": "gpu", "kind": "cuda"})
        record = runs.ready(facts={"device": "cpu"}, devices={"gpu": {}}).measured()
        assert record.ran_on is not None
        assert record.ran_on.device == "cpu"
        assert record.value("wer") == 0
        assert record.value("rtf") is None
        assert record.why_missing("rtf") == "asked for gpu, ran on cpu (so the engine says): its times are not gpu's"

    def test_the_scorecard_says_so(self, lab: FakeLab, all_present: None) -> None:
        devices(lab, {"id": "gpu", "kind": "cuda"})
        lab.ready(facts={"device": "cpu"}, devices={"gpu": {}})
        lab.run().stdout.fnmatch_lines(
            ["fake * gpu (cpu) *", "gpu (cpu): asked for gpu, ran on cpu (so the engine says); no speed of its own"]
        )


GPU = {"id": "gpu", "kind": "cuda", "index": 99}
STOOD_IN_FOR = {**GPU, "fallback": "cpu"}
CPU = {"id": "cpu", "kind": "cpu"}


class TestFallback:
    def test_without_one_an_absent_device_is_not_available(self, runs: FakeRuns) -> None:
        devices(runs, CPU, GPU)
        outcomes = runs.ready(devices={"cpu": {}, "gpu": {}}).run()
        assert str(outcomes["fake:gpu:clips"].unavailable).startswith("gpu: ")
        assert [record.case.device for record in runs.records()] == ["cpu"]

    def test_with_one_the_case_runs_there(self, runs: FakeRuns) -> None:
        devices(runs, CPU, STOOD_IN_FOR)
        runs.ready(devices={"cpu": {"delay_s": 0.001}, "gpu": {"load_fault": "raise"}})
        moved = runs.run()["fake:gpu:clips"].record
        assert moved is not None
        assert moved.ran_on is not None
        assert moved.ran_on.device == "cpu"
        assert moved.provenance.inputs["device"] == {"kind": "cpu", "index": 0}
        assert moved.provenance.inputs["options"]["load_fault"] == ""  # the CPU's options, not the other's
        assert moved.value("rtf") is None

    def test_what_ran_elsewhere_says_so_and_is_neither_what_was_required_nor_a_baseline(
        self, lab: FakeLab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        devices(lab, CPU, STOOD_IN_FOR)
        lab.ready(devices={"cpu": {}, "gpu": {}})
        lab.roles_of_any_size()
        result = lab.run("-n2", "--lab-require", "*:gpu:*")
        assert result.ret == 1
        result.stdout.fnmatch_lines(["gpu (cpu): asked for gpu, ran on cpu (*); no speed of its own"])
        result.stdout.fnmatch_lines(["NOT PASSED: required case `?:gpu:?` was not measured: it ran on cpu (*"])
        recommended = lab.scorecard()["recommendations"]
        assert {each["case"]["device"] for each in recommended if each["role"]} == {"cpu"}
        monkeypatch.chdir(lab.path)
        assert main(["baseline", "save"]) == 1
        assert "not saved: fake:gpu:clips: it ran on cpu (" in capsys.readouterr().out
        folder = lab.path / "reports" / "baselines" / "asr"
        assert [path.name for path in folder.glob("fake-gpu*")] == []
        # One that was saved on the device itself is not what a stand-in is compared with.
        (theirs,) = [path for path in folder.glob("fake-cpu-clips*.jsonl") if ".speed" not in path.name]
        (folder / theirs.name.replace("fake-cpu", "fake-gpu")).write_bytes(theirs.read_bytes())
        assert main(["baseline", "compare", "fake:gpu:clips"]) == 0
        assert "fake:gpu:clips: left out: it ran on cpu (" in capsys.readouterr().out
        lab.pytester.makepyfile(test_suite="def test_it(run, no_worse): assert run.wer < 1 and no_worse()")
        result = lab.run("-rs", "--lab-device", "gpu")
        result.assert_outcomes(skipped=1)
        result.stdout.fnmatch_lines(["SKIPPED*it ran on cpu (*is of gpu"])

    def test_a_model_without_options_for_the_other_device_does_not_fall_back(self, runs: FakeRuns) -> None:
        devices(runs, CPU, STOOD_IN_FOR)
        assert str(runs.ready(devices={"gpu": {}}).outcome().unavailable).startswith("gpu: ")
        assert runs.records() == []

    @pytest.mark.parametrize(
        ("fallback", "told"),
        [
            ("cpux", "unknown device `cpux`; did you mean `cpu`?"),
            ("gpu", "`gpu` can't replace gpu: name a device without one"),
        ],
    )
    def test_a_fallback_that_leads_nowhere_is_refused_with_its_line(
        self, runs: FakeRuns, fallback: str, told: str
    ) -> None:
        devices(runs, CPU, {"id": "gpu", "kind": "cuda", "fallback": fallback})
        with pytest.raises(CatalogError, match=re.escape(f"lab/devices.yaml:7: {told}")):
            runs.ready().cases()


def two_models_of_one_card(lab: FakeCatalog) -> None:
    devices(lab, {"id": "gpu", "kind": "cuda"})
    lab.ready(devices={"gpu": {}}, delay_s=0.05)
    lab.model("other", devices={"gpu": {}}, delay_s=0.05)


def loaded_at_once(lab: FakeCatalog) -> list[int]:
    """How many models were loaded after each thing that happened to one."""
    return list(accumulate({"load": 1, "close": -1}.get(line, 0) for line in lab.engine_log()))


class TestLeases:
    def test_two_models_of_a_process_are_never_on_one_card(self, runs: FakeRuns, all_present: None) -> None:
        two_models_of_one_card(runs)
        for alone in (True, False):
            runs.run(alone=alone, fresh=True)
        assert len(runs.records()) == 4
        assert max(loaded_at_once(runs)) == 1

    def test_two_processes_are_never_on_one_card(self, lab: FakeLab) -> None:
        two_models_of_one_card(lab)
        lab.pytester.makeconftest(ALL_PRESENT)
        assert lab.run("-n2").ret == 0
        assert len(lab.records()) == 2
        assert max(loaded_at_once(lab)) == 1

    def test_a_shared_device_and_the_cpu_need_no_lease(self) -> None:
        assert device_name({**CUDA, "shared": True}) is None
        assert device_name({"kind": "cpu", "index": 0, "shared": False}) is None

    @pytest.mark.parametrize(
        ("visible", "index", "name"),
        [
            (None, 1, "cuda-GPU-2b"),
            ("1,0", 0, "cuda-GPU-2b"),
            ("01", 0, "cuda-GPU-2b"),
            ("GPU-2", 0, "cuda-GPU-2b"),
            ("GPU-2b,GPU-1a", 1, "cuda-GPU-1a"),
            ("7", 0, "cuda-7"),
            ("MIG-5e/b", 0, "cuda-MIG-5e-b"),
        ],
    )
    def test_a_lease_is_on_the_card_however_it_is_named_here(
        self, monkeypatch: pytest.MonkeyPatch, visible: str | None, index: int, name: str
    ) -> None:
        monkeypatch.setattr(locks, "gpu_ids", lambda: ["GPU-1a", "GPU-2b"])
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        if visible is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert device_name({**CUDA, "index": index}) == name

    def test_another_group_of_the_process_is_evicted(self, tmp_path: Path) -> None:
        evicted: list[str] = []
        leases = Leases(tmp_path)
        for group in ("one", "one", "two"):
            leases.take(group, CUDA, evicted.append, pytest.fail)
        assert evicted == ["one"]
        assert leases.groups == {"two"}

    def test_another_process_is_waited_for_and_own_leases_are_let_go_of(self, tmp_path: Path) -> None:
        context = multiprocessing.get_context("spawn")
        told: Queue[str] = context.Queue()
        ours = Leases(tmp_path)
        evicted: list[str] = []
        waits: list[str] = []
        ours.take("ours", {**CUDA, "index": 1}, evicted.append, pytest.fail)
        other = context.Process(target=hold_until_the_other_card_is_free, args=(tmp_path, told))
        other.start()
        assert told.get(timeout=30) == "holds cuda-0"
        ours.take("next", CUDA, evicted.append, waits.append)
        other.join(timeout=30)
        assert evicted == ["ours"]
        assert ours.groups == {"next"}
        assert waits == ["cuda-0"]
        assert told.get(timeout=5) == "holds cuda-1"


def hold_until_the_other_card_is_free(folder: Path, told: Queue[str]) -> None:
    """Another process, which wants what this one holds: without letting go, both would wait for ever."""
    leases = Leases(folder)
    leases.take("theirs", CUDA, lambda _: None, lambda _: None)
    told.put("holds cuda-0")
    theirs = Leases(folder)
    theirs.take("more", {**CUDA, "index": 1}, lambda _: None, lambda _: None)
    told.put("holds cuda-1")
    leases.give("theirs")


def test_facts_and_places_are_part_of_the_canonical_record(runs: FakeRuns) -> None:
    found = canonical(runs.ready(facts={"device": "cpu"}).measured())
    assert found["loaded"] == {"device": "cpu"}
    assert found["ran_on"] is None
