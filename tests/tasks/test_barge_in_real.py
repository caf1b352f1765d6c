"""A cascade with a real detector, recogniser and voice that real recordings interrupt; its mind tells one story."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from debian import without_apt
from own_suites import copied

from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import read
from pytest_modellab.tasks.barge_in.record import Scenario, scenario_of

PACKAGE = "flight-of-the-amazon-queen=1.0.0-9"
MODEL = "duplex-tiny-smollm2-hibari"
CHOSEN = ("interruption-joe", "interruption-man", "backchannel-1", "backchannel-4", "noise-rain", "stranger-1")
STORY = "Once upon a time there was a very old king who lived in a castle on a hill above the sea. " * 6


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Record]:
    """The records of the cascade, and of one that never falls silent."""
    if why := without_apt(PACKAGE):
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("barge-in")
    copied(folder)
    path = folder / "fixtures" / "datasets" / "barge-in-en.yaml"
    spec = yaml.safe_load(path.read_text(encoding="utf-8"))
    spec["scenarios"] = [each for each in spec["scenarios"] if each["id"] in CHOSEN]
    path.write_text(yaml.safe_dump(spec), encoding="utf-8")
    models = folder / "fixtures" / "models"
    mind = {"schema": "modellab.model/1", "id": "mind", "engine": "modellab_fake_talker:FakeTalker", "tasks": ["chat"]}
    (models / "mind.yaml").write_text(
        yaml.safe_dump({**mind, "tiers": [], "devices": {"cpu": {}}, "options": {"replies": {"default": STORY}}})
    )
    model = yaml.safe_load((models / f"{MODEL}.yaml").read_text(encoding="utf-8"))
    model["parts"]["llm"] = "mind"
    model["variants"] = {"deaf": {"options": {"interrupt_after_s": 0}}}
    (models / f"{MODEL}.yaml").write_text(yaml.safe_dump(model), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", "real_e2e", "suites/test_35_barge_in.py"]
    chosen = ["--lab-model", f"{MODEL}*+deaf", "--lab-model", MODEL, "--lab-dataset=barge-in-en"]
    done = subprocess.run([*command, *chosen], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    records = [read(each) for each in (folder / "reports" / "runs").rglob("*.json")]
    return {each.case.model: each for each in records}


def scenarios(record: Record) -> dict[str, Scenario]:
    return {each.id: part for each in record.utterances if (part := scenario_of(each)) is not None}


def test_it_falls_silent_for_its_user_within_a_second(found: dict[str, Record]) -> None:
    record = found[MODEL]
    assert record.value("unplayed") == 0
    assert record.value("talked_over") == 0
    longest = max(each.silent_after_s or 99.0 for each in scenarios(record).values() if each.kind == "interruption")
    assert longest < 1.0


def test_it_goes_on_for_anything_else(found: dict[str, Record]) -> None:
    assert found[MODEL].value("false_stops") == 0


def test_it_understands_what_it_was_interrupted_with(found: dict[str, Record]) -> None:
    assert (found[MODEL].value("interruption_wer") or 0.0) < 0.5


def test_one_that_never_stops_talks_over_everybody(found: dict[str, Record]) -> None:
    record = found[f"{MODEL}+deaf"]
    assert record.value("talked_over") == 1
    assert record.value("false_stops") == 0


def test_paths_of_the_scenarios_are_there() -> None:
    spec = yaml.safe_load(
        (Path(__file__).parents[2] / "fixtures/datasets/barge-in-en.yaml").read_text(encoding="utf-8")
    )
    assert len(spec["scenarios"]) == 20
