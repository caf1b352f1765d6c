"""Two hardwares: what differs, what isn't stated, and how it is told. Who asks: tests/reports/test_same_hardware.py."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_modellab.core.hardware import Hardware

FIELDS: dict[str, Any] = {
    **{"cpu": "some", "instruction_sets": ["avx2"], "architecture": "x86_64", "cores": 2, "memory_bytes": 8e9},
    **{"gpus": ["L4"], "gpu_driver": "570.1", "system": "Linux"},
}


def stated(device: str = "cpu", **changes: Any) -> Hardware:
    return Hardware.stated({**FIELDS, **changes}, device)


def test_all_that_differs_is_told_before_what_is_not_stated() -> None:
    found = stated(cores=16, cpu="other", memory_bytes=None).same_speed(stated())
    assert (found.answer, found.same) == ("other", False)
    assert found.told() == "CPU other, here some; 16 cores, here 2"
    assert found.told("then") == "CPU other, then some; 16 cores, then 2"
    assert [each.title for each in found.unstated] == ["memory"]


def test_what_is_not_stated_is_not_the_same() -> None:
    found = stated(cores=None).same_speed(stated(cores=None))
    assert (found.answer, found.told()) == ("unknown", "not stated: cores")


def test_the_same_has_nothing_to_tell() -> None:
    found = stated().same_answers(stated(cores=64, memory_bytes=1e12))
    assert (found.answer, found.same, found.told()) == ("same", True, "")


@pytest.mark.parametrize("devices", [("cuda", "cuda"), ("cpu", "cuda"), ("cuda", "cpu")])
def test_gpus_count_where_one_of_the_two_is_used(devices: tuple[str, str]) -> None:
    one, other = stated(devices[0]), stated(devices[1], gpus=[])
    assert one.same_speed(other).told() == "GPUs L4, here none"
    assert stated("cpu").same_speed(stated("cpu", gpus=[])).same


@pytest.mark.parametrize(("memory", "same"), [(8e9, True), (7.3e9, True), (7.1e9, False), (16e9, False)])
def test_memory_is_the_same_up_to_what_a_kernel_keeps(memory: float, same: bool) -> None:
    assert stated().same_speed(stated(memory_bytes=memory)).same is same


def test_what_a_baseline_states_answers_its_question() -> None:
    for device in ("cpu", "cuda"):
        full = stated(device)
        answers, speed = full.stated_for_answers(), full.stated_for_speed()
        assert Hardware.stated(answers, device).same_answers(full).same
        assert Hardware.stated(speed, device).same_speed(full).same
        assert ("gpus" in answers) == ("gpus" in speed) == (device == "cuda")


def test_files_of_times_are_named_by_kind_of_hardware() -> None:
    names = [stated(cores=cores, memory_bytes=memory).speed_key() for cores in (2, 16) for memory in (8e9, 16e9)]
    assert len({*names}) == 4
    assert stated(memory_bytes=8e9 + 1e6).speed_key() == stated().speed_key()
    assert stated(gpus=[]).speed_key() == stated().speed_key()


def test_what_can_not_be_read_is_not_stated() -> None:
    odd = {"cpu": 7, "cores": "2 + 16", "memory_bytes": True, "gpus": "L4", "instruction_sets": None}
    assert Hardware.stated(odd, ["cuda"]) == Hardware()
    assert Hardware.stated({"cores": 10**400, "memory_bytes": float("nan")}) == Hardware()
