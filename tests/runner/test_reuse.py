"""What did not change is not run again, and nothing that could have changed is taken for unchanged."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from fakelab import FakeLab
from test_sources import READY

from pytest_modellab.cli import main
from pytest_modellab.cli.baseline import latest
from pytest_modellab.results import provenance
from pytest_modellab.results.record import Value
from pytest_modellab.results.record_files import RecordError, canonical, newest_first, read, write
from pytest_modellab.runner import sources

MODES = pytest.mark.parametrize("workers", ["-n0", "-n2"])


def loads(lab: FakeLab) -> int:
    return lab.engine_log().count("load")


def newest(lab: FakeLab) -> Path:
    return max((lab.path / "reports" / "runs").rglob("*.json"))


@MODES
def test_a_second_session_runs_nothing_and_says_since_when(lab: FakeLab, workers: str) -> None:
    lab.ready()
    assert lab.run(workers).ret == 0
    before = lab.engine_log()
    result = lab.run(workers)
    result.assert_outcomes(passed=2)
    assert lab.engine_log() == before
    assert len(lab.records()) == 1
    result.stdout.fnmatch_lines(
        ["fake *pass", "unchanged since 20??-??-??, not run again (--lab-fresh does): fake:cpu:clips"]
    )
    (row,) = lab.scorecard()["rows"]
    assert row["unchanged_since"].startswith("20")


def test_fresh_measures_anew(lab: FakeLab) -> None:
    lab.ready()
    lab.run()
    result = lab.run("--lab-fresh")
    assert len(lab.records()) == 2
    result.stdout.no_fnmatch_line("unchanged*")


@MODES
def test_only_the_model_whose_spec_changed_is_run(lab: FakeLab, workers: str) -> None:
    lab.ready()
    lab.model("other")
    lab.run(workers)
    lab.model("other", delay_s=0.001)
    result = lab.run(workers)
    assert result.ret == 0
    assert sorted(record.case.model for record in lab.records()) == ["fake", "other", "other"]
    result.stdout.fnmatch_lines(["unchanged since *: fake:cpu:clips"])


def change_answers(lab: FakeLab) -> None:
    lab.model(wrong={0: "one fine"})


def change_reference(lab: FakeLab) -> None:
    lab.texts = ("one fine day", "two fine days", "three fine day")
    lab.dataset()


def change_terms(lab: FakeLab) -> None:
    lab.dataset(glossary=["fine"])


def change_price(lab: FakeLab) -> None:
    price = {"per_hour": 1.0, "currency": "EUR"}
    lab.spec(
        "devices.yaml", {"schema": "modellab.devices/1", "devices": [{"id": "cpu", "kind": "cpu", "price": price}]}
    )


def damage(lab: FakeLab) -> None:
    newest(lab).write_text(newest(lab).read_text()[:-100])


def edit(lab: FakeLab) -> None:
    text = newest(lab).read_text()
    assert '"value": 0.0' in text
    newest(lab).write_text(text.replace('"value": 0.0', '"value": 0.01'))


def of_a_later_version(lab: FakeLab) -> None:
    newest(lab).write_text(newest(lab).read_text().replace("modellab.record/2", "modellab.record/3"))


def remove(lab: FakeLab) -> None:
    newest(lab).unlink()


CHANGES = (change_answers, change_reference, damage, edit, of_a_later_version, remove)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_could_matter_is_run_again(lab: FakeLab, change: Any) -> None:
    lab.ready()
    lab.run()
    assert loads(lab) == 1
    change(lab)
    lab.run()
    assert loads(lab) == 2


@pytest.mark.parametrize("change", [change_terms, change_price], ids=lambda change: change.__name__)
def test_what_only_scores_is_scored_again_and_no_model_is_run(lab: FakeLab, change: Any) -> None:
    lab.ready()
    lab.run()
    change(lab)
    lab.run().stdout.fnmatch_lines(
        ["unchanged since *, scored again, not run again (--lab-fresh does): fake:cpu:clips"]
    )
    assert loads(lab) == 1
    first, second = lab.records()
    assert second.provenance.rescored is not None
    assert second.provenance.created == first.provenance.created
    assert second.timing == first.timing
    lab.run().stdout.no_fnmatch_line("*scored again*")
    assert len(lab.records()) == 2
    lab.run("--lab-fresh")
    assert canonical(lab.records()[-1]) == canonical(second)


@pytest.mark.parametrize("task", READY)
def test_a_record_that_is_scored_again_is_that_of_a_new_run(lab: FakeLab, task: str) -> None:
    """Of every task: what is not in the record, a model would have to be asked for."""
    READY[task](lab)
    lab.run()
    (first,), path = lab.records(), newest(lab)
    heard = lab.engine_log()
    # As one would be that was scored by other code: other figures of the same answers.
    origin = first.provenance.model_copy(update={"judging": "of other code"})
    values = {**first.values, "wer": Value(value=0.987)}
    path.unlink()
    write(first.model_copy(update={"provenance": origin, "values": values}), lab.path / "reports")
    lab.run().stdout.fnmatch_lines(["unchanged since *, scored again, *"])
    again = read(newest(lab))
    assert canonical(again) == canonical(first)
    assert again.timing == first.timing
    assert lab.engine_log() == heard


def test_a_stricter_limit_judges_the_old_record(lab: FakeLab) -> None:
    lab.ready(wrong={0: "one fine"})
    lab.limits({"metric": "wer", "max": 0.5})
    assert lab.run().ret == 0
    lab.limits({"metric": "wer", "max": 0.01})
    result = lab.run()
    assert result.ret == 1
    assert loads(lab) == 1
    result.stdout.fnmatch_lines(["fail fake:cpu:clips: WER 11.1 %, limit <= 1.0 %*", "unchanged since *"])


def test_a_change_that_is_taken_back_brings_the_old_record_forward(lab: FakeLab) -> None:
    lab.ready()
    lab.run()
    lab.model(wrong={0: "one fine"})
    lab.run()
    lab.model()
    assert lab.run().ret == 0
    assert loads(lab) == 2
    assert [record.value("wer") for record in lab.records()] == [0, pytest.approx(1 / 9), 0]
    # Baselines are saved from the newest.
    assert read(newest(lab)).value("wer") == 0
    lab.run()
    assert len(lab.records()) == 3


NOISE = """
from pytest_modellab.results import conditions

conditions.SPREAD_BOUND = conditions.LEAST_SPREAD_S = -1.0
"""


@pytest.mark.parametrize(("limit", "runs"), [(1000.0, 1), (1e-9, 2)], ids=["it holds all the same", "it is in doubt"])
def test_a_limit_that_noise_keeps_from_being_judged_is_tried_again(
    lab: FakeLab, limit: float, runs: int, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.pytester.makeconftest(NOISE)
    lab.subprocess = True
    lab.ready(delay_s=0.01)
    lab.limits({"metric": "wer", "max": 0.5}, {"metric": "rtf", "max": limit})
    for _ in range(2):
        lab.run().stdout.fnmatch_lines(["~ timed on a noisy machine: fake:cpu:clips: *"])
    assert loads(lab) == runs
    assert main(["why", "fake:cpu:clips"]) == runs - 1
    told = "run, for noise alone kept a limit from being judged by" if runs == 2 else "unchanged since"
    assert f"fake:cpu:clips: {told}" in capsys.readouterr().out


def test_a_run_with_a_failed_utterance_is_tried_again(lab: FakeLab) -> None:
    lab.ready(faults={lab.size(1): "raise"})
    assert lab.run().ret == 1
    assert lab.run().ret == 1
    assert loads(lab) == 2


def test_some_utterances_do_not_stand_for_all(lab: FakeLab) -> None:
    lab.ready()
    lab.run("--lab-max-utterances", "2")
    lab.run("--lab-max-utterances", "2")
    assert loads(lab) == 1
    lab.run()
    assert loads(lab) == 2


def test_times_of_another_machine_are_not_relied_on(lab: FakeLab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.ready()
    lab.run()
    now = provenance.hardware()
    monkeypatch.setattr(provenance, "hardware", lambda: {**now, "cores": 4096})
    lab.run()
    assert loads(lab) == 2


def test_old_times_are_not_relied_on(lab: FakeLab) -> None:
    lab.ready()
    lab.run()
    lab.pytester.makeini("[pytest]\nmodellab_catalog = lab\nmodellab_speed_age_days = 0\n")
    lab.run()
    assert loads(lab) == 2
    lab.pytester.makeini("[pytest]\nmodellab_catalog = lab\nmodellab_speed_age_days = soon\n")
    result = lab.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*modellab_speed_age_days: expected a number of days, 0 for none, found 'soon'"])


def test_a_record_that_was_edited_is_refused(
    lab: FakeLab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.ready()
    lab.run()
    edit(lab)
    told = f"{newest(lab)}: was changed after it was written"
    with pytest.raises(RecordError, match=re.escape(told)):
        read(newest(lab))
    monkeypatch.chdir(lab.path)
    assert main(["baseline", "save", "fake:*"]) != 0
    assert told in capsys.readouterr().err


class TestWhy:
    def why(self, lab: FakeLab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
        monkeypatch.chdir(lab.path)
        capsys.readouterr()
        main(["why", "fake:cpu:clips"])
        return capsys.readouterr().out.splitlines()

    def test_what_changed_is_named(
        self, lab: FakeLab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lab.ready()
        assert self.why(lab, capsys, monkeypatch) == ["fake:cpu:clips: run, for there is no record of it"]
        lab.run()
        (line,) = self.why(lab, capsys, monkeypatch)
        assert line.startswith("fake:cpu:clips: unchanged since 20")
        lab.model(delay_s=0.5)
        change_reference(lab)
        first, *changes = self.why(lab, capsys, monkeypatch)
        assert first.startswith("fake:cpu:clips: run, for ")
        assert changes == ["  dataset: other recordings or references", "  options.delay_s: 0.0 -> 0.5"]
        assert loads(lab) == 1

    def test_a_change_of_what_figures_depend_on(
        self, lab: FakeLab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lab.ready()
        lab.run()
        change_terms(lab)
        first, why = self.why(lab, capsys, monkeypatch)
        assert first.startswith("fake:cpu:clips: unchanged since ")
        assert first.endswith("are scored again, the model isn't run")
        assert why == "  scoring: other code, terms, rules or prices"

    def test_a_change_of_code_names_the_module(
        self, lab: FakeLab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        lab.ready()
        lab.run()
        package = tmp_path / "pytest_modellab"
        shutil.copytree(sources.PACKAGE, package)
        (package / "core" / "audio.py").write_text("SILENCE = True\n")
        monkeypatch.setattr(sources, "PACKAGE", package)
        _, why = self.why(lab, capsys, monkeypatch)
        assert why == "  code: other code between samples and answers: pytest_modellab.core.audio"
        lab.run()
        assert loads(lab) == 2

    def test_a_record_of_before_the_modules_were_named(
        self, lab: FakeLab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lab.ready()
        lab.run()
        (record,), path = lab.records(), newest(lab)
        inputs = {**record.provenance.inputs, "code": "0" * 64}
        origin = record.provenance.model_copy(update={"inputs": inputs, "key": provenance.input_key(inputs)})
        path.unlink()
        write(record.model_copy(update={"provenance": origin}), lab.path / "reports")
        _, why = self.why(lab, capsys, monkeypatch)
        assert why == "  code: other code between samples and answers"

    def test_an_unknown_case_and_one_that_cannot_run(
        self, lab: FakeLab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lab.ready(devices={"cuda": {}})
        monkeypatch.chdir(lab.path)
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
        assert main(["why", "fake:cpu:clips"]) == 2
        assert "no case matches `fake:cpu:clips`; did you mean `fake:cuda:clips`?" in capsys.readouterr().err
        assert main(["why", "fake:*"]) == 1
        assert "fake:cuda:clips: can't be run here: cuda: " in capsys.readouterr().out


def test_a_record_of_a_time_to_come_stands_for_nothing_and_hides_nothing(lab: FakeLab) -> None:
    """The clock was wrong when it was made, and has been set right since."""
    lab.ready()
    lab.run()
    (path,) = (lab.path / "reports" / "runs").rglob("*.json")
    early = read(path)
    origin = early.provenance.model_copy(update={"created": "2999-01-01T00:00:00.000+00:00"})
    wrong = write(early.model_copy(update={"id": "0badc10c", "provenance": origin}), lab.path / "reports")
    path.unlink()
    lab.run().stdout.no_fnmatch_line("*unchanged since*")
    (fresh,) = [path for path in wrong.parent.iterdir() if path != wrong]
    lab.run().stdout.fnmatch_lines(["*unchanged since*"])
    assert newest_first(wrong.parent.iterdir()) == [fresh, wrong]
    assert [record.id for record in latest(lab.path / "reports")] == [read(fresh).id]
