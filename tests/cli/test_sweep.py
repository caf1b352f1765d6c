"""`modellab sweep`: a model and its variants, run or read from records."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import Told
from fakeruns import FakeRuns
from tabled import tables_from

from pytest_modellab.catalog.cases import Selection
from pytest_modellab.cli import sweep as command
from pytest_modellab.cli.exits import Exit

SWEEP = ("sweep", "fake", "--data", "clips")


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


@pytest.fixture
def lab(runs: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> FakeRuns:
    """A model with two variants, one of which answers wrongly at first, and a data set of ten clips."""
    runs.texts = [f"clip number {i} of ten" for i in range(10)]
    runs.commanded(monkeypatch)
    path = runs.model(engine="fake-batch-for-tests")
    spec = yaml.safe_load(path.read_text())
    wrong = {**spec["options"]["answers"], runs.size(0): "clip number of ten", runs.size(1): "Clip number 1 of ten"}
    spec["variants"] = {"b4": {"options": {"batch_size": 4}}, "sloppy": {"options": {"answers": wrong}}}
    runs.spec("models/fake.yaml", spec)
    runs.dataset()
    return runs


def run_all(lab: FakeRuns, *globs: str, **options: Any) -> None:
    cases = lab.cases(Selection(models=globs or ("fake", "fake+*")))
    with lab.session(**options) as runner:
        runner.expect(cases)
        for case in cases:
            assert runner.run(case).record is not None


class TestTable:
    def test_each_variant_is_compared_with_the_model(self, lab: FakeRuns, told: Told) -> None:
        run_all(lab)
        head, base, b4, sloppy, *notes = told(*SWEEP).splitlines()
        assert head.split("  ")[0] == "model"
        assert "change of WER, points [95 %]" in head
        assert base.startswith("fake ")
        assert "0 of 10" in b4
        assert "+0.00 [" in b4
        assert "2 of 10" in sloppy  # capital letters are no errors
        assert "+2.00 [" in sloppy
        assert any(note.startswith("clips: 10 utterances, ") for note in notes)

    def test_records_of_variants_lie_under_their_ids(self, lab: FakeRuns) -> None:
        run_all(lab)
        assert {path.name for path in (lab.reports / "runs").iterdir()} == {"fake", "fake+b4", "fake+sloppy"}
        batched = next(record for record in lab.records() if record.case.model == "fake+b4")
        assert batched.title == "fake, b4"
        assert {each.batch.size for each in batched.utterances if each.batch} == {4, 2}

    def test_markdown(self, lab: FakeRuns, told: Told, tmp_path: Path) -> None:
        run_all(lab)
        told(*SWEEP, "--format", "markdown", "-o", str(tmp_path / "table.md"))
        lines = (tmp_path / "table.md").read_text().splitlines()
        assert lines[0].startswith("| model | options | WER | other texts | change of WER, points [95 %] | RTF |")
        assert lines[1].startswith("|---|---|---:|")
        assert lines[3].startswith("| `fake+b4` | `batch_size: 4` | 0.0 % | 0 of 10 | ")

    def test_what_was_not_run_is_told(self, lab: FakeRuns, told: Told) -> None:
        run_all(lab, "fake+b4")
        lines = told(*SWEEP, code=Exit.WRONG).splitlines()
        assert lines[1].split() == ["fake", "not", "run"]
        assert "fake+b4: not compared: the model itself was not run" in lines

    def test_runs_of_other_data_are_not_compared(self, lab: FakeRuns, told: Told) -> None:
        run_all(lab, "fake")
        run_all(lab, "fake+b4", max_utterances=5)
        lines = told(*SWEEP, code=Exit.WRONG).splitlines()
        assert any(line.startswith("fake+b4: not compared: fake+b4:cpu:clips: ") for line in lines)
        assert "fake+b4: only 5 utterances of the data set" in lines


class TestMistakes:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("sweep", "fak", "--data", "clips"), "no model `fak`; did you mean `fake`? allowed: fake"),
            (("sweep", "fake+b4", "--data", "clips"), "no `variants:` in the spec of `fake+b4`; did you mean `fake`?"),
            (("sweep", "fake", "--data", "clip"), "no data set `clip`; did you mean `clips`?"),
            (("sweep", "fake", "--data", "clips", "--device", "gpu"), "fake has no device `gpu`; did you mean `cpu`?"),
        ],
    )
    def test_a_name_that_is_none(self, lab: FakeRuns, told: Told, arguments: Sequence[str], said: str) -> None:
        told(*arguments, code=Exit.USAGE)
        assert said in told.errors

    def test_no_common_task(self, lab: FakeRuns, told: Told) -> None:
        lab.dataset("streamed", tasks=["streaming"])
        told("sweep", "fake", "--data", "streamed", code=Exit.USAGE)
        assert "fake and its variants do nothing with streamed, which is for streaming" in told.errors


class TestRunning:
    def options(self, **given: Any) -> argparse.Namespace:
        found = {
            **{"catalog": None, "config_file": None, "model": "fake", "data": "clips", "device": "cpu"},
            **{"run_models": True, "max_utterances": None, "format": "text", "output": None, "reports": None},
        }
        return argparse.Namespace(**{**found, **given})

    def test_a_session_of_the_model_and_its_variants(self, lab: FakeRuns) -> None:
        started: list[Sequence[str]] = []

        def start(arguments: Sequence[str], folder: Path) -> int:
            assert folder == lab.path
            started.append(arguments)
            run_all(lab, max_utterances=5)
            return 1

        assert command.run(self.options(max_utterances=5), start) == Exit.OK
        (arguments,) = started
        told = " ".join(arguments)
        assert "-m asr and (smoke or smoke_all or real_e2e) " in told
        assert "--lab-model fake --lab-model fake+* --lab-dataset clips --lab-device cpu" in told
        assert told.endswith("--lab-max-utterances 5")
        assert f"--lab-report={lab.reports}" in told

    def test_a_session_that_was_broken_off(self, lab: FakeRuns, capsys: pytest.CaptureFixture[str]) -> None:
        assert command.run(self.options(), lambda arguments, folder: 2) == Exit.WRONG
        assert capsys.readouterr().err == "modellab sweep: the session ended with 2, no table\n"


@pytest.mark.session
def test_with_run_pytest_is_started(lab: FakeRuns, told: Told) -> None:
    (lab.path / "test_suite.py").write_text(
        "import pytest\n\n@pytest.mark.asr\ndef test_wer(run): assert run.wer < 1\n"
    )
    table = told(*SWEEP, "--run")
    assert "fake+b4" in table
    assert len(lab.records()) == 3


def test_a_variant_with_a_damaged_table_is_passed_over(lab: FakeRuns, told: Told) -> None:
    with tables_from(1):
        run_all(lab)
        run_all(lab, "fake+b4", fresh=True)
    damaged = max((lab.reports / "runs" / "fake+b4").rglob("*.parquet"))
    damaged.unlink()
    _, base, *others = told(*SWEEP, code=Exit.WRONG).splitlines()
    assert "0 of 10" not in "".join(others)  # the older record doesn't stand in for it
    assert base.startswith("fake ")
    assert any(line.startswith("passed over: ") and f"{damaged.name} is missing" in line for line in others)
