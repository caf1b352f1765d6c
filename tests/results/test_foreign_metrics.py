"""A metric of another package: its interval, limit, column and comparison follow from its definition."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import jiwer
import pytest
from fakelab import FakeLab

from pytest_modellab.core.extensions import ExtensionError
from pytest_modellab.core.metrics.metric import Metric
from pytest_modellab.core.metrics.registry import GROUP, METRICS, collected
from pytest_modellab.results.record import Record

EXAMPLE = Path(__file__).parents[2] / "examples" / "metric-mer"
SUITE = """
def test_mer(run, limits):
    assert run.mer <= limits.mer
"""
TEXTS = tuple(f"the {number} of many fine days" for number in ("first", "second", "third", "fourth", "fifth", "sixth"))


class SixClips(FakeLab):
    texts = TEXTS


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the example is installed in."""
    folder = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder), str(EXAMPLE)]
    subprocess.run(pip, check=True)
    return folder


@pytest.fixture
def six(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, site: Path, tmp_path: Path) -> SixClips:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ["PYTHONPATH"]]))
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    lab = SixClips(pytester)
    lab.subprocess = True
    pytester.makepyfile(test_suite=SUITE)
    return lab


def test_it_is_short() -> None:
    assert len((EXAMPLE / "modellab_metric_mer.py").read_text().splitlines()) < 25


def test_it_has_an_interval_a_limit_a_column_and_a_comparison(six: SixClips) -> None:
    six.ready()
    six.limits({"metric": "mer", "max": 0.6, "judge": "bound"})
    assert six.run().ret == 0
    shutil.move(six.path / "reports", six.path / "before")
    wrong = {i: text.replace("many fine", "any") for i, text in enumerate(TEXTS) if i}
    six.model(wrong=wrong)
    result = six.run()
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*WER *MER*", "*27.8 %*"])
    (verdict,) = six.scorecard()["rows"][0]["verdicts"]
    assert (verdict["metric"], verdict["status"], verdict["bound"]) == ("mer", "pass", 0.6)
    record = six.record()
    told = record.values["mer"]
    answers = [wrong.get(i, text) for i, text in enumerate(TEXTS)]
    assert told.value == pytest.approx(jiwer.mer(list(TEXTS), answers))
    assert told.interval is not None
    assert told.interval.low < 10 / 36 < told.interval.high
    compared = six.pytester.run(sys.executable, "-m", "pytest_modellab.cli", "compare", "before", "reports")
    compared.stdout.fnmatch_lines(["*: MER", "*0.0 % -> 27.8 %, +27.8 points*"])
    assert Record.model_validate_json(record.model_dump_json(by_alias=True)).values["mer"] == told


def entry(value: str, name: str = "one") -> EntryPoint:
    return EntryPoint(name, value, GROUP)


class TestRegistry:
    def test_ours_come_first_in_the_order_of_their_definition(self) -> None:
        assert [*METRICS][:4] == ["wer", "cer", "macro_error", "rtf"]
        assert "nothing" not in METRICS

    def test_an_entry_point_may_be_one_metric(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.syspath_prepend(EXAMPLE)
        assert [*collected([entry("modellab_metric_mer:MER")])] == ["mer"]

    def test_a_name_that_is_taken_names_both_packages(self) -> None:
        places = {"a": "pytest_modellab.tasks.asr.metrics:METRICS", "b": "pytest_modellab.tasks.metrics:METRICS"}
        with pytest.raises(ExtensionError, match=r"two metrics are named `wer`: of .*asr.metrics:METRICS and of "):
            collected([entry(value, name) for name, value in places.items()])

    @pytest.mark.parametrize(
        ("value", "told"),
        [
            ("no_such_module:METRICS", "no_such_module:METRICS can't be imported: ModuleNotFoundError"),
            ("pytest_modellab.tasks.metrics:NONE", "can't be imported: AttributeError"),
            ("pytest_modellab.core.metrics.registry:GROUP", "is a str, neither a Metric nor a tuple of them"),
        ],
    )
    def test_one_that_cannot_be_used_is_named(self, value: str, told: str) -> None:
        with pytest.raises(ExtensionError, match=told):
            collected([entry(value)])

    def test_a_metric_needs_no_more_than_it_says(self) -> None:
        bare = Metric(name="x", title="X", unit="1", better="lower", doc="", aggregate=METRICS["wer"].aggregate)
        assert (bare.comparison, bare.bound, bare.has_interval, bare.varies) == ("pairs", "max", True, False)
