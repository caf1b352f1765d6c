"""Noise of a timed run: what others did, throttling, how much the same clip varied."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path
from typing import Any

import psutil
import pytest

from pytest_modellab.results import conditions as conditions_module
from pytest_modellab.results.conditions import Conditions

Times = namedtuple("Times", "user system idle")


def nap() -> dict[str, Any]:
    """A call that waits and does not work."""
    time.sleep(1.2)
    return {}


class TestNoise:
    def test_a_quiet_run_has_nothing_against_it(self) -> None:
        quiet = Conditions(clip_s=[1.0, 1.05, 1.02], timed_s=20.0, others_s=0.5, throttled=0)
        assert quiet.noisy is None

    def test_the_same_clip_with_different_times_is_noise(self) -> None:
        found = Conditions(clip_s=[1.0, 1.0, 1.3])
        assert found.spread == pytest.approx(0.3)
        assert found.noisy == "the same clip varied by 30% (bound 15%)"

    def test_a_few_milliseconds_are_the_schedulers(self) -> None:
        assert Conditions(clip_s=[0.001, 0.009]).noisy is None

    def test_one_call_has_no_spread(self) -> None:
        assert Conditions(clip_s=[1.0]).spread is None

    def test_what_others_used_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "cpu_count", lambda: 4)
        found = Conditions(timed_s=10.0, others_s=8.0)
        assert found.others == pytest.approx(0.2)
        assert found.noisy == "others used 20% of the processors (bound 10%)"

    def test_what_is_hardly_beyond_its_bound_does_not_look_like_it(self) -> None:
        found = Conditions(timed_s=10.0, others_s=1.04 * (psutil.cpu_count() or 1))
        assert found.noisy == "others used 10.4% of the processors (bound 10.0%)"

    def test_ticks_are_too_coarse_for_a_moment(self) -> None:
        assert Conditions(timed_s=0.02, others_s=0.02).others is None

    def test_what_others_did_while_it_was_loaded_is_told_by_itself(self) -> None:
        cores = psutil.cpu_count() or 1
        found = Conditions(loading_s=4.0, loading_others_s=2.0 * cores)
        assert found.noisy is None
        assert found.noisy_loading == "others used 50% of the processors while it was loaded (bound 10%)"
        assert Conditions(loading_s=0.5, loading_others_s=0.5 * cores).noisy_loading is None
        assert Conditions(timed_s=4.0, others_s=2.0 * cores).noisy_loading is None

    def test_throttling_is_told(self) -> None:
        assert Conditions(throttled=3).noisy == "the processor was throttled 3 times"

    def test_the_workers_own_work_is_not_that_of_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = iter([Times(100.0, 10.0, 50.0), Times(107.0, 11.0, 52.0)])
        monkeypatch.setattr(psutil, "cpu_times", lambda: next(clock))
        monkeypatch.setattr(time, "process_time", lambda: 5.0)
        found = Conditions()
        assert found.timed(lambda: {"cpu_s": 6.5})["cpu_s"] == 6.5
        assert found.others_s == pytest.approx(1.5)

    def test_a_busy_neighbour_is_seen_for_real(self) -> None:
        burn = [sys.executable, "-c", "while True: pass"]
        found = Conditions()
        with subprocess.Popen(burn) as neighbour:
            try:
                found.timed(nap)
            finally:
                neighbour.kill()
        assert found.others is not None
        assert found.others > 0.2 / (psutil.cpu_count() or 1)

    def test_throttling_is_read_where_linux_tells_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        stat, count = tmp_path / "cpu.stat", tmp_path / "cpu0" / "thermal_throttle" / "core_throttle_count"
        count.parent.mkdir(parents=True)
        count.write_text("2\n")
        stat.write_text("usage_usec 5\nnr_throttled 1\n")
        monkeypatch.setattr(conditions_module, "_THROTTLE_COUNTS", tmp_path)
        monkeypatch.setattr(conditions_module, "_CGROUP_STAT", stat)
        found = Conditions()
        with found.held("timing"):
            count.write_text("4\n")
            stat.write_text("usage_usec 5\nnr_throttled 4\n")
        assert found.throttled == 5
        with found.held("accuracy"):
            count.write_text("9\n")
        assert found.throttled == 5
        assert [each["kind"] for each in found.passes] == ["timing", "accuracy"]
