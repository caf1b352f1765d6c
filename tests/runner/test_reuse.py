"""What did not change is not run again, and nothing that could have changed is taken for unchanged."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from every_task import READY
from fakelab import FakeCatalog, FakeLab
from fakeruns import FakeRuns
from tabled import tables_from

from pytest_modellab.catalog import load
from pytest_modellab.catalog.cases import Case
from pytest_modellab.cli import main
from pytest_modellab.cli.newest import newest_records
from pytest_modellab.results import conditions, provenance
from pytest_modellab.results.record import Record, Value
from pytest_modellab.results.record_files import RecordError, canonical, files_of, newest_first, read, write
from pytest_modellab.results.verdicts import Limits
from pytest_modellab.runner import sources


def loads(lab: FakeCatalog) -> int:
    return lab.engine_log().count("load")


def newest(lab: FakeCatalog) -> Path:
    return max((lab.path / "reports" / "runs").rglob("*.json"))


def test_sessions_say_since_when_nothing_changed_and_judge_what_stands(lab: FakeLab) -> None:
    lab.ready(wrong={0: "one fine"})
    lab.limits({"metric": "wer", "max": 0.5})
    assert lab.run().ret == 0
    before = lab.engine_log()
    result = lab.run()
    result.assert_outcomes(passed=2)
    assert lab.engine_log() == before
    assert len(lab.records()) == 1
    result.stdout.fnmatch_lines(
        ["fake *pass", "unchanged since 20??-??-??, not run again (--lab-fresh does): fake:cpu:clips"]
    )
    (row,) = lab.scorecard()["rows"]
    assert row["unchanged_since"].startswith("20")
    lab.limits({"metric": "wer", "max": 0.01})
    stricter = lab.run()
    assert stricter.ret == 1
    assert loads(lab) == 1
    stricter.stdout.fnmatch_lines(["fail fake:cpu:clips: WER 11.1 %, limit <= 1.0 %*", "unchanged since *"])
    fresh = lab.run("--lab-fresh")
    assert len(lab.records()) == 2
    fresh.stdout.no_fnmatch_line("unchanged*")


def test_processes_of_a_session_run_only_the_model_whose_spec_changed(lab: FakeLab) -> None:
    lab.ready()
    lab.model("other")
    lab.run("-n2")
    lab.model("other", delay_s=0.001)
    result = lab.run("-n2")
    assert result.ret == 0
    assert sorted(record.case.model for record in lab.records()) == ["fake", "other", "other"]
    result.stdout.fnmatch_lines(["unchanged since *: fake:cpu:clips"])


@pytest.mark.parametrize("alone", [True, False])
def test_only_the_model_whose_spec_changed_is_run(runs: FakeRuns, alone: bool) -> None:
    """Also where times were taken in a pass of their own."""
    runs.ready()
    runs.model("other")
    runs.run(alone=alone)
    runs.model("other", delay_s=0.001)
    again = runs.run(alone=alone)
    assert sorted(record.case.model for record in runs.records()) == ["fake", "other", "other"]
    assert again["other:cpu:clips"].unchanged_since is None
    unchanged = again["fake:cpu:clips"]
    assert unchanged.record is not None
    assert unchanged.unchanged_since == unchanged.record.provenance.created[:10]


def test_fresh_measures_anew(runs: FakeRuns) -> None:
    runs.ready()
    runs.run()
    assert runs.outcome(fresh=True).unchanged_since is None
    assert len(runs.records()) == 2


def change_answers(lab: FakeCatalog) -> None:
    lab.model(wrong={0: "one fine"})


def change_reference(lab: FakeCatalog) -> None:
    lab.texts = ("one fine day", "two fine days", "three fine day")
    lab.dataset()


def change_terms(lab: FakeCatalog) -> None:
    lab.dataset(glossary=["fine"])


def change_price(lab: FakeCatalog) -> None:
    price = {"per_hour": 1.0, "currency": "EUR"}
    lab.spec(
        "devices.yaml", {"schema": "modellab.devices/1", "devices": [{"id": "cpu", "kind": "cpu", "price": price}]}
    )


def damage(lab: FakeCatalog) -> None:
    newest(lab).write_text(newest(lab).read_text()[:-100])


def edit(lab: FakeCatalog) -> None:
    text = newest(lab).read_text()
    assert '"value": 0.0' in text
    newest(lab).write_text(text.replace('"value": 0.0', '"value": 0.01'))


def of_a_later_version(lab: FakeCatalog) -> None:
    newest(lab).write_text(newest(lab).read_text().replace("modellab.record/2", "modellab.record/4"))


def remove(lab: FakeCatalog) -> None:
    newest(lab).unlink()


CHANGES = (change_answers, change_reference, damage, edit, of_a_later_version, remove)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_could_matter_is_run_again(runs: FakeRuns, change: Any) -> None:
    runs.ready()
    runs.run()
    assert loads(runs) == 1
    change(runs)
    runs.run()
    assert loads(runs) == 2


@pytest.mark.parametrize("change", [change_terms, change_price], ids=lambda change: change.__name__)
def test_what_only_scores_is_scored_again_and_no_model_is_run(runs: FakeRuns, change: Any) -> None:
    runs.ready()
    runs.run()
    change(runs)
    assert str(runs.outcome().unchanged_since).endswith(", scored again")
    assert loads(runs) == 1
    first, second = runs.records()
    assert second.provenance.rescored is not None
    assert second.provenance.created == first.provenance.created
    assert second.timing == first.timing
    assert "scored again" not in str(runs.outcome().unchanged_since)
    assert len(runs.records()) == 2
    runs.run(fresh=True)
    assert canonical(runs.records()[-1]) == canonical(second)


@pytest.mark.parametrize("task", READY)
def test_a_record_that_is_scored_again_is_that_of_a_new_run(runs: FakeRuns, task: str) -> None:
    """Of every task: what is not in the record, a model would have to be asked for."""
    READY[task](runs)
    first = runs.measured()
    heard = runs.engine_log()
    # As one would be that was scored by other code: other figures of the same answers.
    origin = first.provenance.model_copy(update={"judging": "of other code"})
    values = {**first.values, "wer": Value(value=0.987)}
    newest(runs).unlink()
    write(first.model_copy(update={"provenance": origin, "values": values}), runs.reports)
    outcome = runs.outcome()
    assert str(outcome.unchanged_since).endswith(", scored again")
    again = read(newest(runs))
    assert outcome.path == newest(runs)
    assert canonical(again) == canonical(first)
    assert again.timing == first.timing
    assert runs.engine_log() == heard


def test_a_change_that_is_taken_back_brings_the_old_record_forward(runs: FakeRuns) -> None:
    runs.ready()
    runs.run()
    runs.model(wrong={0: "one fine"})
    runs.run()
    runs.model()
    assert runs.measured().value("wer") == 0
    assert loads(runs) == 2
    assert [record.value("wer") for record in runs.records()] == [0, pytest.approx(1 / 9), 0]
    # Baselines are saved from the newest.
    assert read(newest(runs)).value("wer") == 0
    runs.run()
    assert len(runs.records()) == 3


@pytest.fixture
def noisy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose every run is a noisy one."""
    monkeypatch.setattr(conditions, "SPREAD_BOUND", -1.0)
    monkeypatch.setattr(conditions, "LEAST_SPREAD_S", -1.0)


def in_doubt(lab: FakeCatalog) -> Callable[[Case, Record], bool]:
    """As a session has it: whether what may have slowed a run keeps one of the catalog's limits from being judged."""
    catalog = load(lab.catalog, lab.path)
    return lambda case, record: Limits(record.case, catalog.limits, catalog.shown).in_doubt(record)


@pytest.mark.parametrize(("limit", "times"), [(1000.0, 1), (1e-9, 2)], ids=["it holds all the same", "it is in doubt"])
def test_a_limit_that_noise_keeps_from_being_judged_is_tried_again(
    runs: FakeRuns, noisy: None, limit: float, times: int, capsys: pytest.CaptureFixture[str], ini: None
) -> None:
    runs.ready(delay_s=0.01)
    runs.limits({"metric": "wer", "max": 0.5}, {"metric": "rtf", "max": limit})
    for _ in range(2):
        assert runs.measured(in_doubt=in_doubt(runs)).timing.noisy is not None
    assert loads(runs) == times
    assert main(["why", "fake:cpu:clips"]) == times - 1
    told = "run, for what may have slowed it kept a limit from being judged by" if times == 2 else "unchanged since"
    assert f"fake:cpu:clips: {told}" in capsys.readouterr().out


def test_a_session_tells_of_noise_and_tries_again_what_it_keeps_in_doubt(lab: FakeLab, noisy: None) -> None:
    lab.ready(delay_s=0.01)
    lab.limits({"metric": "wer", "max": 0.5}, {"metric": "rtf", "max": 1e-9})
    for _ in range(2):
        lab.run().stdout.fnmatch_lines(["~ timed on a noisy machine: fake:cpu:clips: *"])
    assert loads(lab) == 2


def test_a_run_with_a_failed_utterance_is_tried_again(runs: FakeRuns) -> None:
    runs.ready(faults={runs.size(1): "raise"})
    for _ in range(2):
        assert runs.measured().summary.answered == 2
    assert loads(runs) == 2


def test_some_utterances_do_not_stand_for_all(runs: FakeRuns) -> None:
    runs.ready()
    assert runs.measured(max_utterances=2).limited_to == 2
    runs.run(max_utterances=2)
    assert loads(runs) == 1
    assert runs.measured().limited_to is None
    assert loads(runs) == 2


def test_times_of_another_machine_are_not_relied_on(runs: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    runs.ready()
    runs.run()
    now = provenance.hardware()
    monkeypatch.setattr(provenance, "hardware", lambda: {**now, "cores": 4096})
    runs.run()
    assert loads(runs) == 2


def test_old_times_are_not_relied_on(runs: FakeRuns) -> None:
    runs.ready()
    for _ in range(2):
        runs.run(speed_age_days=0)
    assert loads(runs) == 2


def test_the_age_that_times_may_have_is_a_setting(lab: FakeLab) -> None:
    lab.ready()
    lab.run()
    lab.run("-o", "modellab_speed_age_days=0")
    assert loads(lab) == 2
    result = lab.run("-o", "modellab_speed_age_days=soon")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*modellab_speed_age_days: expected a number of days, 0 for none, found 'soon'"])


def test_a_record_that_was_edited_is_refused(runs: FakeRuns, capsys: pytest.CaptureFixture[str], ini: None) -> None:
    runs.ready()
    runs.run()
    edit(runs)
    told = f"{newest(runs)}: was changed after it was written"
    with pytest.raises(RecordError, match=re.escape(told)):
        read(newest(runs))
    assert main(["baseline", "save", "fake:*"]) != 0
    assert told in capsys.readouterr().err


@pytest.fixture
def ini(runs: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands are run where the catalog's repository is."""
    runs.commanded(monkeypatch)


class TestWhy:
    def why(self, capsys: pytest.CaptureFixture[str]) -> list[str]:
        capsys.readouterr()
        main(["why", "fake:cpu:clips"])
        return capsys.readouterr().out.splitlines()

    def test_what_changed_is_named(self, runs: FakeRuns, capsys: pytest.CaptureFixture[str], ini: None) -> None:
        runs.ready()
        assert self.why(capsys) == ["fake:cpu:clips: run, for there is no record of it"]
        runs.run()
        (line,) = self.why(capsys)
        assert line.startswith("fake:cpu:clips: unchanged since 20")
        runs.model(delay_s=0.5)
        change_reference(runs)
        first, *changes = self.why(capsys)
        assert first.startswith("fake:cpu:clips: run, for ")
        assert changes == ["  dataset: other recordings or references", "  options.delay_s: 0.0 -> 0.5"]
        assert loads(runs) == 1

    def test_a_damaged_record_is_named(self, runs: FakeRuns, capsys: pytest.CaptureFixture[str], ini: None) -> None:
        runs.ready()
        with tables_from(1):
            runs.run()
        files_of(newest(runs))[1].unlink()
        first, named = self.why(capsys)
        assert first == "fake:cpu:clips: run, for its record is damaged:"
        assert named.startswith(f"  {newest(runs)}: its table ")
        runs.model(delay_s=0.5)
        runs.run()
        newest(runs).write_text("{")
        assert self.why(capsys)[0] == first

    def test_a_change_of_what_figures_depend_on(
        self, runs: FakeRuns, capsys: pytest.CaptureFixture[str], ini: None
    ) -> None:
        runs.ready()
        runs.run()
        change_terms(runs)
        first, why = self.why(capsys)
        assert first.startswith("fake:cpu:clips: unchanged since ")
        assert first.endswith("are scored again, the model isn't run")
        assert why == "  scoring: other code, terms, rules or prices"

    def test_a_change_of_code_names_the_module(
        self,
        runs: FakeRuns,
        capsys: pytest.CaptureFixture[str],
        ini: None,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        runs.ready()
        runs.run()
        package = tmp_path / "pytest_modellab"
        shutil.copytree(sources.PACKAGE, package)
        module = package / "core" / "audio.py"
        module.write_text(f"{module.read_text()}SILENCE = True\n")
        monkeypatch.setattr(sources, "PACKAGE", package)
        _, why = self.why(capsys)
        assert why == "  code: other code between samples and answers: pytest_modellab.core.audio"
        runs.run()
        assert loads(runs) == 2

    def test_a_record_of_before_the_modules_were_named(
        self, runs: FakeRuns, capsys: pytest.CaptureFixture[str], ini: None
    ) -> None:
        runs.ready()
        runs.run()
        (record,), path = runs.records(), newest(runs)
        inputs = {**record.provenance.inputs, "code": "0" * 64}
        origin = record.provenance.model_copy(update={"inputs": inputs, "key": provenance.input_key(inputs)})
        path.unlink()
        write(record.model_copy(update={"provenance": origin}), runs.path / "reports")
        _, why = self.why(capsys)
        assert why == "  code: other code between samples and answers"

    def test_an_unknown_case_and_one_that_cannot_run(
        self, runs: FakeRuns, capsys: pytest.CaptureFixture[str], ini: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        runs.ready(devices={"cuda": {}})
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
        assert main(["why", "fake:cpu:clips"]) == 2
        assert "no case matches `fake:cpu:clips`; did you mean `fake:cuda:clips`?" in capsys.readouterr().err
        assert main(["why", "fake:*"]) == 1
        assert "fake:cuda:clips: can't be run here: cuda: " in capsys.readouterr().out


def test_a_record_of_a_time_to_come_stands_for_nothing_and_hides_nothing(runs: FakeRuns) -> None:
    """The clock was wrong when it was made, and has been set right since."""
    runs.ready()
    early = runs.measured()
    path = newest(runs)
    origin = early.provenance.model_copy(update={"created": "2999-01-01T00:00:00.000+00:00"})
    wrong = write(early.model_copy(update={"id": "0badc10c", "provenance": origin}), runs.reports)
    path.unlink()
    assert runs.outcome().unchanged_since is None
    (fresh,) = [path for path in wrong.parent.iterdir() if path != wrong]
    assert runs.outcome().unchanged_since is not None
    assert newest_first(wrong.parent.iterdir()) == [fresh, wrong]
    assert [record.id for record in newest_records(runs.reports).records] == [read(fresh).id]
