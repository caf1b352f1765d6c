"""Which devices a machine has, by the driver's own word."""

import ctypes
import platform
import sys
from collections.abc import Iterator

import pytest

from pytest_modellab.core import devices
from pytest_modellab.core.devices import presence

INIT_FAILS, COUNT_FAILS = "init", "count"


class Nvml:
    """Stands for the NVIDIA management library of a machine with `count` devices."""

    def __init__(self, count: int, fails: str = "") -> None:
        self.count = count
        self.fails = fails

    def nvmlInit_v2(self) -> int:
        return int(self.fails == INIT_FAILS)

    def nvmlDeviceGetCount_v2(self, target: object) -> int:
        target._obj.value = self.count  # type: ignore[attr-defined]  # what ctypes.byref points to
        return int(self.fails == COUNT_FAILS)

    def nvmlShutdown(self) -> int:
        return 0


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    devices._cuda.cache_clear()
    yield
    devices._cuda.cache_clear()


def install(monkeypatch: pytest.MonkeyPatch, nvml: Nvml | None) -> None:
    def open_library(name: str) -> Nvml:
        if nvml is None:
            raise OSError(f"{name}: cannot open shared object file")
        return nvml

    monkeypatch.setattr(ctypes, "CDLL", open_library)


def test_the_cpu_is_always_there() -> None:
    assert presence("cpu").present


def test_without_a_driver_there_is_no_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, None)
    found = presence("cuda")
    assert not found.present
    assert found.reason == "no NVIDIA driver found"


@pytest.mark.parametrize(
    ("nvml", "reason"),
    [
        (Nvml(1, INIT_FAILS), "an NVIDIA driver is installed but does not start (see nvidia-smi)"),
        (Nvml(1, COUNT_FAILS), "the NVIDIA driver does not list its devices (see nvidia-smi)"),
        (Nvml(0), "the NVIDIA driver sees no device"),
    ],
)
def test_a_driver_without_devices_says_why(monkeypatch: pytest.MonkeyPatch, nvml: Nvml, reason: str) -> None:
    install(monkeypatch, nvml)
    found = presence("cuda")
    assert not found.present
    assert found.reason == reason


def test_devices_are_counted_from_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Nvml(2))
    assert presence("cuda", 0).present
    assert presence("cuda", 1).present
    assert presence("cuda", 2).reason == "CUDA device 2 asked for, 2 found"


@pytest.mark.parametrize("hidden", ["", " ", "-1"])
def test_all_devices_hidden(monkeypatch: pytest.MonkeyPatch, hidden: str) -> None:
    install(monkeypatch, Nvml(2))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    found = presence("cuda")
    assert not found.present
    assert found.reason == f"CUDA_VISIBLE_DEVICES={hidden!r} hides every CUDA device"


@pytest.mark.parametrize(
    ("visible", "count"),
    [
        ("0", 1),
        ("1", 1),
        ("1,0", 2),
        ("0, 1", 2),
        ("GPU-3f2a", 1),
        ("0,-1,1", 1),  # CUDA stops at the first entry that is no device
        ("0,7,1", 1),
        ("7", 0),
    ],
)
def test_visible_devices_are_counted_as_cuda_counts_them(
    monkeypatch: pytest.MonkeyPatch, visible: str, count: int
) -> None:
    install(monkeypatch, Nvml(2))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert [presence("cuda", index).present for index in range(3)] == [index < count for index in range(3)]


def test_a_hidden_device_is_explained_by_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Nvml(2))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert presence("cuda", 1).reason == "CUDA device 1 asked for, 1 found (CUDA_VISIBLE_DEVICES='0')"


@pytest.mark.parametrize(
    ("system", "machine", "present"),
    [("darwin", "arm64", True), ("darwin", "x86_64", False), ("linux", "arm64", False)],
)
def test_mps_is_apples_own(monkeypatch: pytest.MonkeyPatch, system: str, machine: str, present: bool) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    found = presence("mps")
    assert found.present is present
    assert found.reason == ("" if present else "MPS needs macOS on Apple silicon")
