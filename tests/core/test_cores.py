"""Cores that a process may use: affinity, and the quotas of its control groups."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_modellab.core import cores


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of 64 processors whose control groups lie in a folder of its own."""
    monkeypatch.setattr(cores, "_CGROUPS", tmp_path / "fs")
    monkeypatch.setattr(cores, "_OWN_CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    return tmp_path


def group(folder: Path, own: str, files: dict[str, str]) -> None:
    (folder / "cgroup").write_text(own)
    for name, text in files.items():
        path = folder / "fs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_affinity_counts(groups: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cores.usable_cores() == 64
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 5})
    assert cores.usable_cores() == 2
    assert cores.usable_cpus() == {3, 5}


def test_without_affinity_all_of_the_machine_count(groups: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    assert cores.usable_cores() == 64
    assert cores.usable_cpus() == frozenset()


@pytest.mark.parametrize(
    ("own", "files", "found"),
    [
        ("0::/\n", {"cpu.max": "200000 100000\n"}, 2.0),
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 1.5),
        ("0::/\n", {"cpu.max": "max 100000\n"}, 64.0),
        ("0::/\n", {}, 64.0),
        ("0::/job/step\n", {"job/cpu.max": "400000 100000\n", "job/step/cpu.max": "max 100000\n"}, 4.0),
        ("0::/job/step\n", {"job/cpu.max": "400000 100000\n", "job/step/cpu.max": "800000 100000\n"}, 4.0),
        ("0::/\n", {"cpu.max": "12800000 100000\n"}, 64.0),
        (
            "4:memory:/\n1:cpu,cpuacct:/job\n0::/\n",
            {"cpu,cpuacct/job/cpu.cfs_quota_us": "300000\n", "cpu,cpuacct/job/cpu.cfs_period_us": "100000\n"},
            3.0,
        ),
        ("1:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 64.0),
        ("0::/../other\n", {"cpu.max": "200000 100000\n"}, 2.0),
        ("0::/\n", {"cpu.max": "lots\n"}, 64.0),
    ],
    ids=[
        *("two", "a half", "none", "no file", "of the parent", "the least", "more than there are"),
        *("v1", "v1 none", "of another namespace", "unreadable"),
    ],
)
def test_a_quota_counts(own: str, files: dict[str, str], found: float, groups: Path) -> None:
    group(groups, own, files)
    assert cores.usable_cores() == found
