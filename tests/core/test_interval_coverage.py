"""Every kind of interval that a metric may have is simulated, and docs/method.md states its coverage."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pytest_modellab.core.metrics.registry import METRICS

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "benchmarks"))

import coverage_of_intervals as benchmark  # noqa: E402 - found by the line above

METHOD = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", METRICS)
def test_the_kind_of_each_metric_is_simulated(name: str) -> None:
    kind = benchmark.kind_of(METRICS[name])
    assert (kind is not None) is METRICS[name].has_interval
    assert kind is None or kind in {*benchmark.KINDS, benchmark.SERIES}


def test_the_coverage_of_series_is_stated_for_all_users() -> None:
    import load_intervals

    page = (ROOT / "docs" / "load.md").read_text(encoding="utf-8")
    for name in load_intervals.LOADS:
        for count in load_intervals.COUNTS:
            assert name.startswith("arrivals") or f"| {name} | {count} | " in page


@pytest.mark.parametrize("kind", benchmark.KINDS)
def test_the_coverage_of_each_kind_is_stated_for_all_that_was_drawn(kind: str) -> None:
    for case in benchmark.KINDS[kind]():
        row = next((line for line in METHOD.splitlines() if line.startswith(f"| {kind} | {case.data} |")), None)
        assert row is not None, case.data
        assert row.count("|") == 3 + len(benchmark.CLIPS)


@pytest.mark.parametrize("kind", benchmark.KINDS)
def test_a_simulation_runs(kind: str) -> None:
    for case in benchmark.KINDS[kind]():
        assert benchmark.cell(case, 20, 3)
