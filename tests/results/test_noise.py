"""Noise of a timed run: waiting for a core, throttling, how much the same clip varied."""

from __future__ import annotations

import json
import time
from collections import namedtuple
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from pytest_modellab.results import conditions as conditions_module
from pytest_modellab.results.conditions import Conditions
from pytest_modellab.results.core_wait import CoreUse

Times = namedtuple("Times", "user system steal idle guest")


def processors(monkeypatch: pytest.MonkeyPatch, *moments: list[Times]) -> None:
    """Let the system tell these times of its processors, one moment after the other; the session uses no time."""
    clock = iter(moments)
    monkeypatch.setattr(psutil, "cpu_times", lambda *, percpu: next(clock))
    monkeypatch.setattr(time, "process_time", lambda: 5.0)


class TestNoise:
    def test_a_quiet_run_has_nothing_against_it(self) -> None:
        use = CoreUse(wall_s=20.0, own_s=19.0, others_s=0.5, waited_s=0.3, cores=2)
        quiet = Conditions(clip_s=[1.0, 1.05, 1.02], calls=use, loading=use, throttled=0)
        assert quiet.noisy is None

    def test_the_same_clip_with_different_times_is_noise(self) -> None:
        found = Conditions(clip_s=[1.0, 1.0, 1.3])
        assert found.spread == pytest.approx(0.3)
        assert found.noisy == "the same clip varied by 30% (bound 15%)"

    def test_a_few_milliseconds_are_the_schedulers(self) -> None:
        assert Conditions(clip_s=[0.001, 0.009]).noisy is None

    def test_one_call_has_no_spread(self) -> None:
        assert Conditions(clip_s=[1.0]).spread is None

    def test_waiting_for_a_core_is_told(self) -> None:
        found = Conditions(calls=CoreUse(wall_s=10.0, own_s=8.0, others_s=9.0, waited_s=2.0, cores=64))
        assert found.noisy == "it waited 20% of its time for a core that others had (bound 10%)"
        assert found.noisy_loading is None

    def test_what_is_hardly_beyond_its_bound_does_not_look_like_it(self) -> None:
        found = Conditions(calls=CoreUse(wall_s=10.0, own_s=8.96, others_s=9.0, waited_s=1.04, cores=2))
        assert found.noisy == "it waited 10.4% of its time for a core that others had (bound 10.0%)"

    def test_waiting_while_it_was_loaded_is_told_by_itself(self) -> None:
        found = Conditions(loading=CoreUse(wall_s=4.0, own_s=2.0, others_s=6.0, waited_s=2.0, cores=2))
        assert found.noisy is None
        assert found.noisy_loading == (
            "it waited 50% of its time for a core that others had while it was loaded (bound 10%)"
        )

    def test_throttling_is_told(self) -> None:
        assert Conditions(throttled=3).noisy == "the processor was throttled 3 times"

    def test_the_workers_own_work_is_not_that_of_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(conditions_module, "usable_cpus", lambda: frozenset({0, 2}))
        processors(
            monkeypatch,
            [Times(100.0, 10.0, 1.0, 50.0, 3.0), Times(0.0, 0.0, 0.0, 0.0, 0.0), Times(0.0, 0.0, 0.0, 0.0, 0.0)],
            [Times(107.0, 11.0, 1.5, 52.0, 4.0), Times(99.0, 9.0, 9.0, 0.0, 0.0), Times(0.0, 0.2, 0.0, 0.0, 0.0)],
        )
        found = Conditions()
        assert found.timed(lambda: {"cpu_s": 5.0, "descendants_cpu_s": 1.5, "waited_s": 0.7})["cpu_s"] == 5.0
        use = found.calls
        assert (use.own_s, use.waited_s, use.cores) == (6.5, 0.7, 2)
        # Of two of the three processors: the worker may not run on the other one.
        assert use.others_s == pytest.approx(1.7)
        assert use.stolen_s == pytest.approx(0.5)

    def test_where_the_system_tells_no_affinity_all_count(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(conditions_module, "usable_cpus", frozenset)
        idle = Times(0.0, 0.0, 0.0, 0.0, 0.0)
        processors(monkeypatch, [idle] * 4, [idle, idle, idle, Times(3.0, 0.0, 0.0, 0.0, 0.0)])
        found = Conditions()
        found.timed(lambda: {"cpu_s": 1.0})
        assert (found.calls.others_s, found.calls.cores, found.calls.waited_s) == (2.0, 4, None)

    def test_a_worker_in_this_process_uses_what_the_session_uses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        idle = Times(0.0, 0.0, 0.0, 0.0, 0.0)
        processors(monkeypatch, [idle] * 4, [idle, idle, idle, Times(3.0, 0.0, 0.0, 0.0, 0.0)])
        monkeypatch.setattr(conditions_module, "usable_cpus", frozenset)
        clock = iter([5.0, 7.0])
        monkeypatch.setattr(time, "process_time", lambda: next(clock))
        found = Conditions()
        found.timed(lambda: {"descendants_cpu_s": 0.5})
        assert (found.calls.own_s, found.calls.others_s) == (2.5, 0.5)

    def test_a_journal_holds_it(self) -> None:
        use = CoreUse(wall_s=4.0, own_s=2.0, others_s=6.0, waited_s=2.0, cores=2)
        found = Conditions(clip_s=[1.0, 2.0], calls=use, loading=use + use, throttled=1)
        assert Conditions.read(json.loads(json.dumps(asdict(found)))) == found

    def test_a_journal_of_an_older_version_is_read(self) -> None:
        older = {
            **{"clip_s": [1.0], "timed_s": 4.0, "others_s": 1.0, "loading_s": 2.0, "loading_others_s": 0.5},
            **{"throttled": None, "load_average": 0.5, "passes": []},
        }
        found = Conditions.read(older)
        assert (found.calls.wall_s, found.calls.others_s, found.calls.waited_s) == (4.0, 1.0, None)
        assert (found.loading.wall_s, found.loading.others_s) == (2.0, 0.5)

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
