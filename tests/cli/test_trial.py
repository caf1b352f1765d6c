"""`modellab try`, `bench` and `run`: models of the command line on recordings that no catalog describes."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from commands import Told
from fakeruns import FakeRuns
from labsessions import stand_in

from pytest_modellab.catalog import load
from pytest_modellab.cli import trial
from pytest_modellab.cli.exits import Exit, UsageError
from pytest_modellab.cli.project.scratch import Named, named, scratch

TEXTS = [f"clip number {i} of twenty" for i in range(20)]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


@pytest.fixture
def lab(runs: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> FakeRuns:
    """A catalog with two fake models, and recordings beside it."""
    runs.texts = TEXTS
    runs.commanded(monkeypatch)
    runs.model()
    runs.model("wrong", wrong=dict.fromkeys(range(15), "something else"))
    runs.dataset()
    return runs


def session(arguments: Sequence[str], place: Path) -> int:
    return stand_in(arguments, place, True, asserted=("success_rate",))


def options(lab: FakeRuns, *models: str, **more: object) -> argparse.Namespace:
    given = {
        "models": list(models),
        "data": str(lab.catalog / "datasets/clips.jsonl"),
        "language": None,
        "text": None,
        "revision": None,
        "device": "cpu",
        "max_utterances": None,
        "fresh": False,
        "reports": None,
        "catalog": None,
        "config_file": None,
    }
    return argparse.Namespace(**(given | more))


class TestTry:
    def test_a_scorecard_of_a_model_on_recordings(self, lab: FakeRuns, capsys: pytest.CaptureFixture[str]) -> None:
        assert trial.attempt(options(lab, "fake"), session) == Exit.OK
        assert "a manifest of NeMo, clips.jsonl, 20 utterances" in capsys.readouterr().out
        (row,) = json.loads((lab.reports / "try/scorecard.json").read_text())["rows"]
        assert (row["case"]["model"], row["case"]["dataset"], row["utterances"]) == ("fake", "clips", 20)

    def test_records_stand_apart_from_those_of_the_project(self, lab: FakeRuns) -> None:
        trial.attempt(options(lab, "fake"), session)
        assert not (lab.reports / "runs").exists()
        assert [path.name for path in (lab.reports / "try/runs").iterdir()] == ["fake"]

    def test_the_catalog_is_left_as_it_was(self, lab: FakeRuns) -> None:
        before = {path: path.read_bytes() for path in lab.catalog.rglob("*.yaml")}
        trial.attempt(options(lab, "fake"), session)
        assert {path: path.read_bytes() for path in lab.catalog.rglob("*.yaml")} == before

    def test_a_data_set_of_the_catalog_is_measured_by_pytest(self, lab: FakeRuns) -> None:
        with pytest.raises(UsageError, match="`pytest --lab-dataset clips --lab-model fake` measures it"):
            trial.attempt(options(lab, "fake", data="clips"), session)

    def test_a_model_that_there_is_not(self, lab: FakeRuns) -> None:
        with pytest.raises(
            UsageError, match="no model `fkae` in the catalog or among the known ones; did you mean `fake`"
        ):
            trial.attempt(options(lab, "fkae"), session)

    def test_what_pytest_is_asked_for(self, lab: FakeRuns) -> None:
        seen: list[str] = []

        def start(arguments: Sequence[str], place: Path) -> int:
            seen.extend(arguments)
            assert set(load(place / "lab").datasets) == {"clips"}
            return 0

        trial.attempt(options(lab, "fake", fresh=True, max_utterances=3), start)
        assert seen[seen.index("--lab-model") + 1] == "fake"
        assert seen[seen.index("--lab-max-utterances") + 1] == "3"
        assert "--lab-fresh" in seen


class TestBench:
    def test_each_model_is_compared_with_the_first(self, lab: FakeRuns, capsys: pytest.CaptureFixture[str]) -> None:
        assert trial.bench(options(lab, "fake", "wrong"), session) == Exit.WRONG
        said = capsys.readouterr().out
        assert "worse" in said
        assert "wrong:cpu:clips" in said

    def test_a_better_one(self, lab: FakeRuns, capsys: pytest.CaptureFixture[str]) -> None:
        assert trial.bench(options(lab, "wrong", "fake"), session) == Exit.OK
        assert "better" in capsys.readouterr().out

    def test_other_recordings_of_an_earlier_trial_are_not_compared(
        self, lab: FakeRuns, capsys: pytest.CaptureFixture[str]
    ) -> None:
        trial.bench(options(lab, "fake", "wrong"), session)
        lab.dataset("others")
        capsys.readouterr()
        trial.bench(options(lab, "fake", "wrong", data=str(lab.catalog / "datasets/others.jsonl")), session)
        said = capsys.readouterr().out
        assert "wrong:cpu:others" in said
        assert "wrong:cpu:clips" not in said

    def test_the_first_utterances_alone(self, lab: FakeRuns, capsys: pytest.CaptureFixture[str]) -> None:
        assert trial.bench(options(lab, "fake", "wrong", max_utterances=12), session) == Exit.WRONG
        assert "worse" in capsys.readouterr().out

    def test_what_was_not_measured_is_told_and_nothing_compared(
        self, lab: FakeRuns, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lab.model("far", devices={"cpu": {}, "cuda": {}})
        lab.model("away", devices={"cpu": {}, "cuda": {}})
        trial.bench(options(lab, "far", "away"), session)
        capsys.readouterr()
        assert trial.bench(options(lab, "far", "away", device="cuda"), session) == Exit.WRONG
        said = capsys.readouterr()
        assert "not compared: far:cuda:clips was not measured" in said.err
        assert "no detectable difference" not in said.out

    def test_a_session_that_left_no_scorecard_is_not_that_of_an_earlier_one(
        self, lab: FakeRuns, capsys: pytest.CaptureFixture[str]
    ) -> None:
        trial.bench(options(lab, "fake", "wrong"), session)
        capsys.readouterr()
        assert trial.bench(options(lab, "fake", "wrong"), lambda arguments, place: 1) == Exit.WRONG
        said = capsys.readouterr()
        assert "not compared: " in said.err
        assert "worse" not in said.out

    def test_a_model_of_another_language(self, lab: FakeRuns) -> None:
        path = lab.model("german")
        path.write_text(path.read_text() + "languages: [de]\n", encoding="utf-8")
        with pytest.raises(UsageError, match="german speaks de, and the recordings are en: take another model"):
            trial.attempt(options(lab, "german", language="en"), session)

    def test_one_model_is_no_comparison(self, lab: FakeRuns) -> None:
        with pytest.raises(UsageError, match="give two models or more"):
            trial.bench(options(lab, "fake", "fake"), session)

    def test_a_session_that_did_not_run_is_told_by_its_code(self, lab: FakeRuns) -> None:
        assert trial.bench(options(lab, "fake", "wrong"), lambda arguments, place: 4) == 4


class TestCompareByModel:
    def test_records_of_two_models_on_the_same_data(self, lab: FakeRuns, told: Told) -> None:
        lab.run()
        said = told("compare", "model:fake", "model:wrong", code=Exit.WRONG)
        assert "worse" in said

    def test_a_model_without_records(self, lab: FakeRuns, told: Told) -> None:
        lab.run()
        told("compare", "model:fkae", "model:wrong", code=Exit.USAGE)
        assert "no record of a model `fkae`" in told.errors
        assert "models: " in told.errors


class TestRun:
    def test_text_time_and_errors(self, lab: FakeRuns, told: Told) -> None:
        sound = str(lab.catalog / "datasets/clips-3.wav")
        said = told("run", "fake", sound, "--reference", "clip number three of twenty", "--language", "en")
        assert "fake on cpu: loaded in " in said
        assert "RTF " in said
        assert "  clip number 3 of twenty" in said
        assert "WER 0.0 %: 0 errors in 5 (S 0, D 0, I 0)" in said

    def test_errors_are_aligned(self, lab: FakeRuns, told: Told) -> None:
        sound = str(lab.catalog / "datasets/clips-3.wav")
        said = told("run", "fake", sound, "--reference", "clip number three of nineteen", "--language", "en")
        assert "WER 20.0 %: 1 errors in 5 (S 1, D 0, I 0)" in said
        assert "REF: " in said

    def test_a_reference_from_a_file(self, lab: FakeRuns, told: Told, tmp_path: Path) -> None:
        (tmp_path / "said.txt").write_text("clip number 3 of twenty\n", encoding="utf-8")
        sound = str(lab.catalog / "datasets/clips-3.wav")
        assert "WER 0.0 %" in told("run", "fake", sound, "--reference", str(tmp_path / "said.txt"), "--language", "en")

    def test_a_file_that_is_no_sound_costs_itself_alone(self, lab: FakeRuns, told: Told, tmp_path: Path) -> None:
        (tmp_path / "bad.wav").write_text("no sound", encoding="utf-8")
        sound = str(lab.catalog / "datasets/clips-3.wav")
        said = told("run", "fake", str(tmp_path / "bad.wav"), sound, code=Exit.WRONG)
        assert "clip number 3 of twenty" in said

    @pytest.mark.parametrize(
        ("arguments", "why"),
        [
            (("--device", "tpu"), "fake has no device `tpu`; it has cpu"),
            (("--language", "englisch"), "--language: "),
            (("--reference", "a", "--reference", "b"), "--reference is given 2 times, for 1 audio files"),
            (("--reference", " "), "an empty reference can't be scored"),
            (("--reference", "nope.txt"), "--reference nope.txt: no such file"),
        ],
    )
    def test_wrong_use(self, arguments: Sequence[str], why: str, lab: FakeRuns, told: Told) -> None:
        told("run", "fake", str(lab.catalog / "datasets/clips-3.wav"), *arguments, code=Exit.USAGE)
        assert why in told.errors


class TestNamed:
    def test_options_in_brackets(self) -> None:
        assert named("known/base[beam_size=1, language=de]") == Named("base", {"beam_size": 1, "language": "de"})
        assert named("base[beam_size=1]").id == "base+beam_size-1"

    @pytest.mark.parametrize("text", ["base[", "base[beam_size]", "[x=1]", "base[x=1,x=2]"])
    def test_what_is_none(self, text: str) -> None:
        with pytest.raises(UsageError):
            named(text)


class TestScratch:
    def test_paths_of_the_catalog_hold_there_too(self, lab: FakeRuns) -> None:
        path = lab.model("local")
        spec = yaml.safe_load(path.read_text())
        spec["weights"] = {"path": "../weights"}
        lab.spec("models/local.yaml", spec)
        with scratch(load(lab.catalog, lab.path), [named("local")]) as place:
            found = load(place / "lab").models["local"].weights
            assert found is not None
            assert found.path == str(lab.catalog / "weights")

    def test_options_are_a_variant(self, lab: FakeRuns) -> None:
        with scratch(None, [named("faster-whisper-base[beam_size=1]")]) as place:
            assert load(place / "lab").models["faster-whisper-base+beam_size-1"].options["beam_size"] == 1

    def test_the_folder_goes(self, lab: FakeRuns) -> None:
        with scratch(None, [named("faster-whisper-base")]) as place:
            pass
        assert not place.exists()
