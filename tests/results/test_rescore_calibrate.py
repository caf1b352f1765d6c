"""Old records scored again, and limits proposed from several runs."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from fakelab import FakeLab
from fakeruns import FakeRuns
from records import TIMING, record

from pytest_modellab.catalog.specs import LimitsFile
from pytest_modellab.cli import main
from pytest_modellab.results.calibration import CalibrationError, as_yaml, propose
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import read
from pytest_modellab.results.rescore import rescore

Output = pytest.CaptureFixture[str]


@pytest.fixture
def measured(runs: FakeRuns, capsys: Output, monkeypatch: pytest.MonkeyPatch) -> FakeRuns:
    """Runs with one record of a model that gets one word in nine wrong, and writes another's case."""
    runs.commanded(monkeypatch)
    runs.ready(wrong={0: "one fine DAYS"})
    runs.limits()
    runs.run()
    capsys.readouterr()
    return runs


class TestRescore:
    def test_the_same_normalizer_gives_the_same_scores(self, measured: FakeRuns) -> None:
        old = measured.record()
        new = rescore(old)
        assert new.summary == old.summary
        assert new.utterances == old.utterances
        assert (new.values, new.parts) == (old.values, old.parts)
        assert new.timing == old.timing
        assert new.provenance.rescored is not None
        assert new.id != old.id

    def test_a_forged_score_is_put_right_from_the_raw_texts(self, measured: FakeRuns) -> None:
        old = measured.record()
        forged = old.model_copy(update={"summary": old.summary.model_copy(update={"wer": 0.0})})
        assert rescore(forged).value("wer") == pytest.approx(1 / 9)

    def test_another_normalizer_can_be_asked_for(self, measured: FakeRuns, capsys: Output) -> None:
        assert main(["rescore", "--normalizer", "none", "--write"]) == 0
        told = capsys.readouterr().out
        assert "fake:cpu:clips: WER 11.1 % CER 2.9 % (modellab 1" in told
        assert "-> WER 11.1 % CER 10.0 % (none" in told
        paths = sorted((measured.path / "reports" / "runs").rglob("*.json"), key=lambda path: path.name)
        assert [read(path).normalizer.name for path in paths] == ["modellab", "none"]
        # The newest of a case is the one that was written last.
        assert main(["rescore", "fake:*"]) == 0
        assert capsys.readouterr().out.count("(none") == 2

    def test_a_file_can_be_named_and_nothing_is_written_unasked(self, measured: FakeRuns, capsys: Output) -> None:
        (path,) = (measured.path / "reports" / "runs").rglob("*.json")
        assert main(["rescore", str(path)]) == 0
        assert capsys.readouterr().out.startswith("fake:cpu:clips: WER 11.1 %")
        assert list((measured.path / "reports" / "runs").rglob("*.json")) == [path]

    @pytest.mark.parametrize(
        ("arguments", "why"),
        [(["other:*"], "no record of other:* in"), (["--normalizer", "best"], "no scorer 'best': choose from")],
    )
    def test_what_is_not_there_is_told(
        self, measured: FakeRuns, arguments: list[str], why: str, capsys: Output
    ) -> None:
        assert main(["rescore", *arguments]) == 2
        assert why in capsys.readouterr().err


def timed(rtf: float, noisy: str | None = None) -> Record:
    return record(timing=TIMING.model_copy(update={"rtf": rtf, "noisy": noisy}))


class TestPropose:
    def test_time_is_the_slowest_quiet_run_plus_slack(self) -> None:
        found = {p.metric: p for p in propose([timed(0.2), timed(0.3), timed(0.9, noisy="somebody compiled")])}
        assert found["rtf"].value == pytest.approx(0.39)
        assert found["rtf"].reason == "slowest of 2 quiet runs, 0.30, plus 30%"
        assert found["peak_rss_mb"].value == 330
        assert found["success_rate"].value == 1.0

    def test_noisy_runs_alone_propose_no_times_and_say_so(self) -> None:
        runs = [timed(0.2, noisy="somebody compiled")] * 2
        assert not {"rtf", "load_s"} & {proposal.metric for proposal in propose(runs)}

    def test_a_model_that_failed_has_no_limits(self) -> None:
        with pytest.raises(CalibrationError, match="1 utterance got no answer"):
            propose([record(), record(answered=0)])

    def test_runs_of_different_inputs_are_refused(self) -> None:
        other = record()
        other = other.model_copy(update={"provenance": other.provenance.model_copy(update={"key": "c" * 64})})
        with pytest.raises(CalibrationError, match="not of the same inputs"):
            propose([record(), other])

    def test_the_yaml_is_a_limits_file(self) -> None:
        runs = [timed(0.2), timed(0.3, noisy="somebody compiled")]
        hardware = {"cpu": "some", "cores": 2, "instruction_sets": ["avx2"]}
        runs = [
            run.model_copy(update={"provenance": run.provenance.model_copy(update={"hardware": hardware})})
            for run in runs
        ]
        text = as_yaml(runs, propose(runs), "modellab calibrate tiny talk")
        assert "# 1 of 2 runs were on a noisy machine and propose no times: somebody compiled" in text
        assert "# some, 2 cores, avx2" in text
        limits = LimitsFile.model_validate(yaml.safe_load(text)).limits
        assert {limit.metric for limit in limits} >= {"success_rate", "rtf", "peak_rss_mb"}


def test_three_utterances_are_too_few_for_a_limit_on_errors(measured: FakeRuns, capsys: Output) -> None:
    assert main(["calibrate", "fake", "clips", "--runs", "2"]) == 0
    told = capsys.readouterr().out
    assert "# no limit on wer: there are too few utterances to say what is usual" in told
    assert "metric: wer" not in told


def test_calibrating_runs_afresh_and_its_limits_hold(lab: FakeLab, capsys: Output) -> None:
    lab.texts = [f"utterance number {i} of a good dozen" for i in range(12)]
    lab.ready(wrong={i: f"utterance lumber {i} of a good dozen" for i in range(8)})
    target = lab.catalog / "limits.yaml"
    target.unlink()
    assert main(["calibrate", "fake", "clips", "--runs", "3", "-o", str(target)]) == 0
    assert "fake:cpu:clips: run 3 of 3" in capsys.readouterr().err
    assert len(lab.records()) == 3
    assert not list((lab.path / "reports" / "sessions").iterdir())
    limits = LimitsFile.model_validate(yaml.safe_load(target.read_text())).limits
    wer = next(limit for limit in limits if limit.metric == "wer")
    assert 8 / 84 < wer.value < 0.25
    assert "the worst of 3 runs" in wer.reason
    lab.pytester.makepyfile(test_suite="def test_wer(run, limits): assert run.wer <= limits.wer")
    assert lab.quiet().run().ret == 0


def test_what_cannot_be_calibrated_is_told(measured: FakeRuns, capsys: Output) -> None:
    assert main(["calibrate", "fake", "other"]) == 2
    assert "no data set matches `other`" in capsys.readouterr().err
    assert main(["calibrate", "fake", "clips", "--device", "cuda"]) == 2
    measured.model(load_fault="raise")
    assert main(["calibrate", "fake", "clips", "--runs", "2"]) == 1
    assert "3 utterances got no answer" in capsys.readouterr().err
    assert Path("reports/runs").exists()
