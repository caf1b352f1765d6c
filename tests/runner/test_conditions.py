"""Under what conditions a run was timed: noise, the fixed clip, memory of its own, and who held the machine when."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest
import soundfile
from catalogs import write_catalog
from fakelab import QUIET, FakeLab

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog import load
from pytest_modellab.catalog.datasets import prepare
from pytest_modellab.core import gpu
from pytest_modellab.results.conditions import Conditions
from pytest_modellab.results.core_wait import CoreUse
from pytest_modellab.runner import descendants, pool
from pytest_modellab.runner.local import LocalWorker
from pytest_modellab.tasks.fixed_clip import CLIP_S, fixed_clip

RATE = 16_000
Times = namedtuple("Times", "user system idle")


def dataset_of(folder: Path, *seconds: float) -> Any:
    """A data set of clips with these lengths; the i-th holds the value (i + 1) / 10."""
    write_catalog(folder)
    rows = []
    for i, length in enumerate(seconds):
        soundfile.write(folder / "datasets" / f"{i}.wav", np.full(round(length * RATE), (i + 1) / 10), RATE)
        rows.append(f'{{"audio_filepath": "{i}.wav", "text": "word"}}')
    (folder / "datasets" / "talk.jsonl").write_text("\n".join(rows))
    catalog = load(folder)
    return prepare(catalog.datasets["talk"], catalog, Store(folder / "cache"))


BURN = """
import sys, time
for line in sys.stdin if sys.argv[1:] else [""]:
    start = time.process_time()
    while time.process_time() - start < 0.6:
        pass
    print(flush=True)
"""
STARTING = """
import subprocess, sys
from modellab_fake_engine import FakeEngine

BURN = {burn!r}


class Starting(FakeEngine):
    child = None

    def transcribe(self, clip):
        if {lives}:
            pipe = subprocess.PIPE
            self.child = self.child or subprocess.Popen([sys.executable, "-c", BURN, "on"], stdin=pipe, stdout=pipe)
            self.child.stdin.write(b"go\\n")
            self.child.stdin.flush()
            self.child.stdout.readline()
        else:
            subprocess.run([sys.executable, "-c", BURN])
        return super().transcribe(clip)
"""


class TestWhatAnEngineStarts:
    """Its processes work for it: what they use is not what others use. Nothing else is counted, however busy."""

    @pytest.fixture(params=[False, True], ids=["ended", "alive"])
    def busy(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LocalWorker]:
        (tmp_path / "starting.py").write_text(STARTING.format(burn=BURN, lives=request.param))
        worker = LocalWorker()
        order: dict[str, Any] = {
            "engine": f"{tmp_path}/starting.py:Starting",
            "options": {},
            "weights": None,
            "path": None,
            "seed": 0,
            "handlers": {"pytest_modellab.tasks.asr.handler": None},
        }
        loaded = worker.request({"op": "load", "device": {"kind": "cpu", "index": 0}, **order}, timeout=60)
        assert "error" not in loaded, loaded
        yield worker
        worker.close()

    def test_its_work_is_counted_once(self, busy: LocalWorker) -> None:
        message = {"op": "transcribe", "handler": "pytest_modellab.tasks.asr.handler", "rate": RATE, "language": None}
        for _ in range(2):
            reply = busy.request(message, np.zeros(RATE, dtype="<f4").tobytes(), timeout=60)
            assert 0.55 < reply["descendants_cpu_s"] < 2.0
        assert busy.request({"op": "reset-peak"}, timeout=60)["descendants_cpu_s"] < 0.1

    def test_it_is_not_that_of_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = iter([[Times(100.0, 10.0, 50.0)], [Times(107.0, 11.0, 52.0)]])
        monkeypatch.setattr(psutil, "cpu_times", lambda *, percpu: next(clock))
        monkeypatch.setattr(time, "process_time", lambda: 5.0)
        found = Conditions()
        found.timed(lambda: {"cpu_s": 1.0, "descendants_cpu_s": 5.5})
        assert found.calls.others_s == pytest.approx(1.5)

    def test_without_the_kernels_list_it_is_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as child:
            try:
                assert child.pid in descendants.descendants(os.getpid())
                monkeypatch.setattr(descendants, "_LIST", Path("/nowhere"))
                assert child.pid in descendants.descendants(os.getpid())
            finally:
                child.kill()


class TestFixedClip:
    @pytest.mark.parametrize("lengths", [(2.0, 2.0, 4.0), (7.0,), (1.5,)])
    def test_it_has_five_seconds_whatever_the_data(self, tmp_path: Path, lengths: tuple[float, ...]) -> None:
        clip = fixed_clip(dataset_of(tmp_path, *lengths), RATE)
        assert clip.seconds == CLIP_S
        assert clip.language == "en"
        assert clip.samples[0] == pytest.approx(0.1, abs=1e-3)
        assert clip.samples[-1] == pytest.approx(0.3 if len(lengths) == 3 else 0.1, abs=1e-3)


class TestMemory:
    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux can let the peak begin anew")
    def test_a_new_case_does_not_inherit_the_peak_of_the_last(self) -> None:
        worker = LocalWorker()
        try:
            silence = np.zeros(30_000_000, dtype="<f4").tobytes()  # 120 MB, refused as nothing is loaded
            assert "error" in worker.request(
                {"op": "transcribe", "handler": "pytest_modellab.tasks.asr.handler", "rate": 1, "language": None},
                silence,
                timeout=60,
            )
            peak = worker.memory.peak_rss
            worker.memory.restart()
            worker.request({"op": "reset-peak"}, timeout=60)
            assert peak is not None
            assert worker.memory.peak_rss is not None
            assert worker.memory.peak_rss < peak - 100_000_000
        finally:
            worker.close()

    def test_loading_counts_where_it_took_more(self, lab: FakeLab) -> None:
        lab.ready().run()
        memory = lab.record().memory
        assert memory.load_rss is not None
        assert memory.peak_rss is not None
        assert memory.peak_rss >= memory.load_rss > 10_000_000
        assert memory.device is None
        assert memory.torch_peak is None

    def test_the_size_of_a_local_folder_is_that_of_its_files(self, lab: FakeLab) -> None:
        lab.ready()
        path = lab.model()
        folder = lab.catalog / "weights"
        folder.mkdir()
        (folder / "model.bin").write_bytes(bytes(1_500_000))
        path.write_text(path.read_text() + "weights: {path: ../weights}\n")
        assert lab.run().ret == 0
        assert lab.record().value("model_size_mb") == 1.5


class FakeNvml(ModuleType):
    """NVIDIA's library as far as it is asked, for a machine without its devices."""

    class NVMLError(Exception):
        pass

    def __init__(self, devices: list[dict[int, int | None]], broken: bool = False) -> None:
        super().__init__("pynvml")
        self.devices = devices
        self.broken = broken

    def nvmlInit(self) -> None:
        if self.broken:
            raise self.NVMLError

    def nvmlDeviceGetCount(self) -> int:
        return len(self.devices)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetUUID(self, handle: int) -> str:
        return f"GPU-{handle}"

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> list[SimpleNamespace]:
        return [SimpleNamespace(pid=pid, usedGpuMemory=used) for pid, used in self.devices[handle].items()]


class TestDeviceMemory:
    @pytest.fixture(autouse=True)
    def _forget_the_driver(self) -> Any:
        gpu._driver.cache_clear()
        yield
        gpu._driver.cache_clear()

    @pytest.mark.parametrize(
        ("devices", "broken", "used"),
        [
            ([{7: 100, 8: 50}, {7: 25}], False, 125),
            ([{8: 50}], False, None),
            ([{7: None}], False, None),
            ([{7: 100}], True, None),
        ],
        ids=["on all devices together", "of another process", "not told", "no driver"],
    )
    def test_it_is_that_of_the_process(
        self, devices: list[dict[int, int | None]], broken: bool, used: int | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "pynvml", FakeNvml(devices, broken))
        assert gpu.gpu_memory(7) == used

    @pytest.mark.parametrize(("broken", "ids"), [(False, ["GPU-0", "GPU-1"]), (True, [])])
    def test_the_devices_are_told_apart(self, broken: bool, ids: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pynvml", FakeNvml([{}, {}], broken))
        assert gpu.gpu_ids() == ids

    def test_the_real_library_says_nothing_of_a_process_that_uses_no_device(self) -> None:
        assert gpu.gpu_memory(1) is None


NOISY = """
import pytest_modellab.results.conditions as conditions
conditions.Conditions.noisy = property(lambda self: "the same clip varied by 40%")
"""


def test_noise_makes_a_failing_speed_inconclusive_and_is_shown(lab: FakeLab) -> None:
    lab.ready(delay_s=0.05)
    lab.limits({"metric": "rtf", "max": 0.0001}, {"metric": "wer", "max": 0.1})
    lab.pytester.makepyfile(test_suite="def test_rtf(run, limits): assert run.rtf <= limits.rtf")
    lab.pytester.makeconftest(NOISY)
    # In processes of their own: what the conftest does must not outlive them.
    result = lab.pytester.runpytest_subprocess("--lab-card=full")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "*inconclusive fake:cpu:clips: RTF *the machine was noisy: the same clip varied by 40%*",
            "~ timed on a noisy machine: *:cpu:*: the same clip varied by 40%",
            "*1 inconclusive*",
        ]
    )
    assert lab.pytester.runpytest_subprocess("--lab-strict").ret == 1
    lab.limits({"metric": "rtf", "max": 100})
    lab.pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_a_slow_load_beside_others_is_inconclusive_whatever_they_do_later(lab: FakeLab) -> None:
    lab.ready(load_s=2.0)
    lab.limits({"metric": "load_s", "max": 1.0}, {"metric": "wer", "max": 0.1})
    lab.pytester.makepyfile(test_suite="def test_load(run, limits): assert run.load_s <= limits.load_s")
    log = repr(str(lab.log))
    burner = (
        f"from pathlib import Path\nwhile not Path({log}).exists() or Path({log}).read_text().count(chr(10)) < 2: 0"
    )
    command, count = [sys.executable, "-c", burner], 2 * (os.cpu_count() or 1)
    burners = [subprocess.Popen(command, start_new_session=True) for _ in range(count)]
    noisy = lab.pytester.runpytest_subprocess("--lab-card=full")
    for each in burners:
        each.wait()
    record = lab.record()
    assert record.timing.noisy_loading is not None
    assert noisy.ret == 0
    noisy.stdout.fnmatch_lines(["*inconclusive fake:cpu:clips: Load *while it was loaded (bound 10%)*"])


def test_others_beside_a_second_load_say_nothing_of_the_first_whose_time_counts(
    lab: FakeLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.ready(faults={lab.size(1): "exit"})
    busy = iter([0.0, 0.0, 1e6])  # loading, the first call; loading again after the worker's death

    def beside(call: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], CoreUse]:
        return call(), CoreUse(wall_s=5.0, own_s=1.0, others_s=next(busy))

    monkeypatch.setattr(pool, "beside", beside)
    lab.run()
    assert next(busy, None) is None
    assert lab.record().timing.noisy_loading is None


def test_a_slow_load_is_a_failure_where_nobody_else_does_anything(lab: FakeLab) -> None:
    lab.ready(load_s=2.0)
    lab.limits({"metric": "load_s", "max": 1.0}, {"metric": "wer", "max": 0.1})
    lab.pytester.makepyfile(test_suite="def test_load(run, limits): assert run.load_s <= limits.load_s")
    lab.pytester.makeconftest(QUIET)
    assert lab.pytester.runpytest_subprocess().ret == 1
