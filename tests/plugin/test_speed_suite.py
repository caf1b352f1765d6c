"""The repository's speed suite, on the fake engine: pytest-benchmark under -n0, a reason under xdist."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from catalogs import write_catalog
from fakelab import FakeLab

from pytest_modellab.catalog import load
from pytest_modellab.catalog.cases import one_per_group, plan

SUITE = Path(__file__).parents[2] / "suites" / "test_50_speed.py"


@pytest.fixture
def speedy(lab: FakeLab) -> FakeLab:
    """A lab with two data sets and nothing but the speed suite."""
    lab.ready(delay_s=0.05)
    lab.dataset("other", tiers=["real_e2e"])
    (lab.path / "test_suite.py").unlink()
    shutil.copy(SUITE, lab.path)
    return lab


def test_its_results_are_pytest_benchmarks_with_the_rtf_beside(
    speedy: FakeLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    # pytest-benchmark takes it for a worker of xdist, which this very test may run in.
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    monkeypatch.delenv("PYTEST_XDIST_WORKER_COUNT", raising=False)
    speedy.subprocess = True
    result = speedy.run("-n0", "-m", "real_e2e", "--benchmark-json=times.json")
    result.assert_outcomes(passed=3)
    found = {each["name"].partition("[")[0]: each for each in json.loads(Path("times.json").read_text())["benchmarks"]}
    clip = found["test_five_second_clip"]
    assert clip["stats"]["rounds"] == 5
    assert clip["extra_info"]["rtf"] == pytest.approx(clip["stats"]["median"] / 5)
    assert clip["stats"]["median"] >= 0.05
    assert clip["extra_info"]["dataset"] == "clips"
    assert found["test_load"]["stats"]["rounds"] == found["test_first_call"]["stats"]["rounds"] == 3
    # One for the run, one for the clip, three for loading, three for first calls.
    assert speedy.engine_log().count("load") == 8


def test_under_xdist_it_says_why_and_the_labs_figures_stand(speedy: FakeLab) -> None:
    result = speedy.run("-n2", "-m", "real_e2e", "-rs")
    result.assert_outcomes(skipped=3)
    result.stdout.fnmatch_lines(["*SKIPPED*pytest-benchmark is off (as under xdist*"])
    assert speedy.scorecard()["rows"][0]["figures"]["rtf"] is not None


def test_one_data_set_of_the_smoke_tier_stands_for_a_model(tmp_path: Path) -> None:
    write_catalog(tmp_path, models=("one", "two"), datasets=("a", "b"))
    path = tmp_path / "datasets" / "a.yaml"
    path.write_text(path.read_text().replace("[smoke, real_e2e]", "[real_e2e]"))
    chosen = one_per_group(plan(load(tmp_path)))
    assert [case.id for case in chosen] == ["one:cpu:b", "one:cuda:b", "two:cpu:b", "two:cuda:b"]
