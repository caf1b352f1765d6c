"""The machine and its devices, the pace of a run, and pytest as a child process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pynvml
import pytest

from pytest_modellab.core import child, gpu, hardware
from pytest_modellab.core.durations import RemainingTime

REAL = sys.executable


class TestPace:
    def test_it_is_too_early_to_tell(self) -> None:
        pace = RemainingTime(0.0, 100.0)
        assert pace.left_s(10) is None
        pace.note(1.0, 90.0)
        assert pace.left_s(9) is None  # less than five seconds of work

    def test_of_one_length_by_both(self) -> None:
        pace = RemainingTime(0.0, 40.0)
        pace.note(5.0, 30.0)
        pace.note(10.0, 20.0)
        assert pace.left_s(2) == pytest.approx(10.0)

    def test_where_time_goes_by_audio(self) -> None:
        pace = RemainingTime(0.0, 50.0)
        for seconds, audio_s in ((2.0, 4.0), (8.0, 16.0)):
            pace.took(seconds, audio_s)
        assert pace.left_s(100) == pytest.approx(15.0)  # 30 s of audio are left, at half its length

    def test_where_time_goes_by_utterances(self) -> None:
        pace = RemainingTime(0.0, 50.0)
        for audio_s in (4.0, 16.0):
            pace.took(5.0, audio_s)
        assert pace.left_s(3) == pytest.approx(15.0)


class Driver:
    """Stands for NVML on a machine with two devices."""

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken

    def count(self) -> int:
        if self.broken:
            raise pynvml.NVMLError(1)
        return 2

    def processes(self, handle: int) -> list[SimpleNamespace]:
        return [
            SimpleNamespace(pid=7, usedGpuMemory=100 * (handle + 1)),
            SimpleNamespace(pid=8, usedGpuMemory=None),
        ]

    def start(self) -> None:
        """A driver that answers."""

    def version(self) -> str:
        if self.broken:
            raise pynvml.NVMLError(1)
        return "570.1"


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    driver = Driver()
    monkeypatch.setattr(pynvml, "nvmlInit", driver.start)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetCount", driver.count)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByIndex", lambda index: index)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetName", lambda handle: f"H100 {handle}")
    monkeypatch.setattr(pynvml, "nvmlDeviceGetUUID", lambda handle: f"GPU-{handle}")
    monkeypatch.setattr(pynvml, "nvmlDeviceGetComputeRunningProcesses", driver.processes)
    monkeypatch.setattr(pynvml, "nvmlSystemGetDriverVersion", driver.version)
    gpu._driver.cache_clear()
    yield driver
    gpu._driver.cache_clear()


class TestDevices:
    def test_names_ids_and_memory(self, nvml: Driver) -> None:
        assert gpu.gpu_names() == ["H100 0", "H100 1"]
        assert gpu.gpu_ids() == ["GPU-0", "GPU-1"]
        assert gpu.driver_version() == "570.1"
        assert gpu.gpu_memory(7) == 300
        assert gpu.gpu_memory(8) is None  # the driver doesn't tell
        assert gpu.gpu_memory(9) is None

    def test_a_driver_that_fails(self, nvml: Driver) -> None:
        nvml.broken = True
        assert gpu.gpu_names() == []
        assert gpu.driver_version() is None
        assert gpu.gpu_memory(7) is None

    def test_no_driver(self, nvml: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail() -> None:
            raise pynvml.NVMLError(1)

        monkeypatch.setattr(pynvml, "nvmlInit", fail)
        assert gpu.gpu_ids() == []
        assert gpu.driver_version() is None
        assert gpu.gpu_memory(7) is None


class TestHardware:
    def test_what_this_machine_is(self) -> None:
        found = hardware.hardware.__wrapped__()
        assert 0 < found["cores"] <= (os.cpu_count() or 1)
        assert found["memory_bytes"] > 0
        assert found["cpu"]

    def test_names_of_baselines_are_those_of_older_versions(self) -> None:
        # SHA-256 of {"cpu": "some", "instruction_sets": ["avx2"]}, on CUDA devices with "gpus".
        fields = {"cpu": "some", "instruction_sets": ["avx2"], "gpus": ["L4"], "cores": 2, "system": "Linux"}
        keys = {kind: hardware.Hardware.stated(fields, kind).answers_key() for kind in ("cpu", "cuda")}
        assert keys == {"cpu": "d75e55ba", "cuda": "4ae5e722"}

    def test_it_is_told_part_by_part(self) -> None:
        fields = {"cpu": "some", "cores": 1.5, "memory_bytes": 8e9, "gpus": [{"name": "L4"}], "os": "Linux-6"}
        assert [*hardware.Hardware.stated(fields).parts()] == ["some, 1.5 cores", "8 GB", "L4", "Linux-6"]
        sets = {**fields, "instruction_sets": ["avx", "avx2"]}
        assert [*hardware.Hardware.stated(sets).parts()][1] == "avx avx2"
        assert [*hardware.Hardware.stated({}).parts()] == ["unknown processor"]

    @pytest.mark.parametrize(
        ("fields", "system", "architecture"),
        [
            ({"os": "Linux-6.1.0-x86_64-with-glibc2.36"}, "Linux", "x86_64"),
            ({"os": "macOS-14.4-arm64-arm-64bit"}, "Darwin", "aarch64"),
            ({"os": "Windows-10-10.0.19045-SP0", "instruction_sets": ["avx2"]}, "Windows", "x86_64"),
            ({"instruction_sets": ["asimd"]}, None, "aarch64"),
            ({"system": "Linux", "architecture": "riscv64"}, "Linux", "riscv64"),
            ({}, None, None),
        ],
    )
    def test_older_records_tell_system_and_architecture_in_a_text(
        self, fields: dict[str, object], system: str | None, architecture: str | None
    ) -> None:
        found = hardware.Hardware.stated(fields)
        assert (found.system, found.architecture) == (system, architecture)

    @pytest.mark.parametrize("output", ["Apple M2 Pro\n", ""])
    def test_macos_is_asked_for_the_model(self, output: str, monkeypatch: pytest.MonkeyPatch) -> None:
        def run(*args: object, **options: object) -> SimpleNamespace:
            if not output:
                raise FileNotFoundError
            return SimpleNamespace(stdout=output)

        monkeypatch.setattr(sys, "platform", "darwin")
        monkeypatch.setattr(subprocess, "run", run)
        assert hardware._brand() == output.strip()

    @pytest.mark.parametrize(
        ("text", "model", "flag"),
        [
            ("processor : 0\nmodel name : Fast\nflags : avx2 sse\n\nmodel name : Slow\n", "Fast", "avx2"),
            ("Features : asimd fp\n", None, "asimd"),
        ],
        ids=["x86", "arm"],
    )
    def test_the_first_processor_counts(
        self, text: str, model: str | None, flag: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Path, "read_text", lambda *args, **options: text)
        found, flags = hardware._cpu()
        assert model is None or found == model
        assert found
        assert flag in flags

    def test_where_there_is_no_such_file(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*args: object, **options: object) -> str:
            raise FileNotFoundError

        monkeypatch.setattr(Path, "read_text", fail)
        assert hardware._cpu()[1] == frozenset()
        assert hardware._cpu()[0]


class TestPytestAsAChild:
    def test_its_exit_code_without_the_variables_of_git(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GIT_DIR", "elsewhere")
        code = "import os; def_ = 'GIT_DIR' in os.environ; raise SystemExit(3 if def_ else 7)"
        monkeypatch.setattr(sys, "executable", wrapper(tmp_path, code))
        assert child.run_pytest(["-q"], tmp_path, subprocess.DEVNULL) == 7

    def test_after_ctrl_c_it_is_waited_for(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        waits: list[BaseException | int] = [KeyboardInterrupt(), 2]

        def wait(process: object) -> int:
            said = waits.pop(0)
            if isinstance(said, BaseException):
                raise said
            return said

        monkeypatch.setattr(subprocess.Popen, "wait", wait)
        monkeypatch.setattr(sys, "executable", wrapper(tmp_path, "pass"))
        assert child.run_pytest([], tmp_path, subprocess.DEVNULL) == 2

    def test_sigterm_is_passed_on_and_then_means_what_it_did(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sent: list[int] = []
        monkeypatch.setattr(subprocess.Popen, "send_signal", lambda process, number: sent.append(number))
        usual = signal.getsignal(signal.SIGTERM)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        try:
            with child._passed_on(object.__new__(subprocess.Popen)):
                signal.raise_signal(signal.SIGTERM)
            assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
        finally:
            signal.signal(signal.SIGTERM, usual)
        assert sent == [signal.SIGTERM]


def wrapper(folder: Path, code: str) -> str:
    """A program that stands for Python and runs `code`, whatever it is asked."""
    path = folder / "python"
    path.write_text(f'#!/bin/sh\nexec {REAL} -c "{code}"\n')
    path.chmod(0o755)
    return str(path)
