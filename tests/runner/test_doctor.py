"""`modellab doctor`: what is here, what is missing, the fix beside it; and it changes nothing."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from ct2_files import model_bin, variables, whisper_folder
from fakeruns import FakeRuns

from pytest_modellab.catalog import weights
from pytest_modellab.cli import main
from pytest_modellab.core import devices
from pytest_modellab.engines.registry import engine_class
from pytest_modellab.results import provenance

ABSENT = {"files": {name: {"sha256": "a" * 64, "size": 7} for name in ("config.json", "model.bin", "tokenizer.json")}}


def doctor(runs: FakeRuns) -> int:
    return main(["--catalog", str(runs.catalog), "doctor"])


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with nothing in it."""
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_what_is_here_and_what_is_missing(runs: FakeRuns, empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs.ready()
    model = runs.model("far", devices={"cpu": {}})
    model.write_text(model.read_text() + f"weights:\n  files:\n    m.bin: {{sha256: {'a' * 64}, size: 3000000}}\n")
    room = runs.model("room")
    room.write_text(room.read_text() + "environment:\n  requirements: [six==1.17.0]\n")
    clip = {"id": "a", "archive": "x", "member": "a.wav", "sha256": "b" * 64, "text": "a"}
    runs.spec(
        "datasets/far-away.yaml",
        {
            **{"schema": "modellab.dataset/1", "id": "far-away", "tasks": ["asr"], "tiers": []},
            **{"archives": {"x": {"sdist": "no-such-package==1.0"}}, "clips": [clip]},
        },
    )
    assert doctor(runs) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("  ok  fake-for-tests") and "modellab-fake-engine 1.0" in line for line in lines)
    assert "  ok  cpu   cpu" in lines
    assert "  ok  fake  weights: none named" in lines
    assert "  --  far   weights: absent, 3 MB  -> modellab pull far" in lines
    assert any(line.startswith("  --  room  ") and line.endswith("not built  -> modellab pull room") for line in lines)
    assert "  ok  clips     3 utterances" in lines
    assert "  --  far-away  absent  -> modellab data prepare far-away" in lines
    assert [path for path in empty.rglob("*") if path.is_file() and "locks" not in path.parts] == []


def test_a_library_that_is_missing_and_a_catalog_that_can_do_nothing(
    runs: FakeRuns, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = engine_class("modellab_fake_engine:FakeEngine")
    monkeypatch.setattr(engine, "distributions", ("no-such-library",))
    runs.ready()
    assert doctor(runs) == 1
    output = capsys.readouterr().out
    fix = "pip install no-such-library"
    assert f"no-such-library is not installed  -> {fix}, or give its models an `environment`" in output
    assert f"  --  fake  weights: none named  -> {fix}" in output
    assert "No model of this catalog can run as things are." in output


def test_a_model_made_of_others_is_no_better_off_than_they_are(
    runs: FakeRuns, empty: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs.ready()
    chat = {"schema": "modellab.model/1", "tasks": ["chat"], "tiers": [], "devices": {"cpu": {}}}
    runs.spec("models/mind.yaml", {**chat, "id": "mind", "engine": "transformers-llm", "weights": ABSENT})
    parts = {"asr": "fake", "llm": "mind"}
    runs.spec("models/whole.yaml", {**chat, "id": "whole", "engine": "cascade", "parts": parts})
    monkeypatch.setattr(engine_class("modellab_fake_engine:FakeEngine"), "distributions", ("no-such-library",))
    doctor(runs)
    (told,) = [line for line in capsys.readouterr().out.splitlines() if line.split()[1:2] == ["whole"]]
    what = "weights: those of its parts, of which mind absent"
    assert told == f"  --  whole  {what}  -> pip install no-such-library; modellab pull whole"


def test_a_card_is_called_by_its_name(
    runs: FakeRuns, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(devices, "presence", lambda kind, index: devices.Presence(present=True))
    hardware = {**provenance.hardware(), "gpus": ["NVIDIA H200", "NVIDIA L4", "NVIDIA H200"]}
    monkeypatch.setattr(provenance, "hardware", lambda: hardware)
    runs.ready()
    (runs.catalog / "devices.yaml").unlink(missing_ok=True)
    doctor(runs)
    assert "  ok  cuda  2 x NVIDIA H200, NVIDIA L4" in capsys.readouterr().out.splitlines()


class TestConversions:
    """A model whose weights are made from another's can run only if they can be made here."""

    def told(self, runs: FakeRuns, capsys: pytest.CaptureFixture[str], source: dict[str, Any], to: str) -> str:
        """The line on a model that is converted from one with the weights `source`."""
        runs.ready()
        whisper_folder(runs.catalog / "models/here", self.content)
        for id, own in (("source", source), ("made", {"convert": {"from": "source", "to": to}})):
            path = runs.model(id)
            path.write_text(path.read_text() + f"weights: {own}\n")
        doctor(runs)
        return next(line for line in capsys.readouterr().out.splitlines() if line.split()[1:2] == ["made"])

    content = model_bin(variables())

    def test_it_is_ok_where_it_can_be_made(
        self, runs: FakeRuns, empty: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        told = self.told(runs, capsys, {"path": "here"}, "transformers")
        assert told == "  ok  made    weights: made from source when needed"

    def test_a_source_that_is_not_here(self, runs: FakeRuns, empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
        told = self.told(runs, capsys, ABSENT, "transformers")
        assert told == (
            "  --  made    weights: made from source when needed, but files of source are absent or damaged"
            "  -> modellab pull made"
        )

    def test_a_source_that_is_damaged(self, runs: FakeRuns, empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.content = self.content[:-100]
        told = self.told(runs, capsys, {"path": "here"}, "transformers")
        assert told.startswith("  --  made    weights: made from source when needed, but ")
        assert "model.bin is cut off in " in told
        assert told.endswith("  -> replace the weights of source")

    def test_a_library_that_the_conversion_needs(
        self, runs: FakeRuns, empty: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(weights, "_installed", lambda name: False)
        told = self.told(runs, capsys, ABSENT, "openai-whisper")
        assert "but torch is not installed and files of source are absent or damaged  -> " in told
        assert told.endswith("  -> pip install 'pytest-modellab[openai-whisper]'; modellab pull made")


def test_data_that_cannot_be_used_are_told_with_the_first_reason(
    runs: FakeRuns, capsys: pytest.CaptureFixture[str]
) -> None:
    runs.ready()
    (runs.catalog / "datasets" / "clips-1.wav").unlink()
    doctor(runs)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  --  clips ")]
    assert "clips.jsonl:2: no audio file " in line
    assert line.endswith("clips-1.wav  -> modellab data check clips")


def test_without_a_catalog_the_rest_is_told_and_how_to_begin(
    empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert {"machine", "engines", "devices", "tools"} <= set(lines)
    assert "  ok  cpu   cpu" in lines
    assert any(line.startswith("  ok  fake-for-tests ") for line in lines)
    assert lines[-1] == f"no catalog here: {tmp_path / 'fixtures'} is not a folder  -> modellab init FOLDER"
    (tmp_path / "fixtures").mkdir()
    assert main(["doctor"]) == 1
    assert capsys.readouterr().out.endswith(
        f"no model in the catalog {tmp_path / 'fixtures'}  -> modellab init FOLDER\n"
    )


def test_a_catalog_that_is_wrong_is_told_as_ever(runs: FakeRuns, capsys: pytest.CaptureFixture[str]) -> None:
    path = runs.ready().model()
    path.write_text(path.read_text() + "colour: blue\n")
    assert doctor(runs) == 1
    assert "unknown key `colour`" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["a file", "read-only"])
def test_a_cache_that_cannot_be_used_is_told_by_doctor_and_by_a_run(
    runs: FakeRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    place = tmp_path / "cache"
    if kind == "a file":
        place.write_text("")
    else:
        # Root may write anywhere: what the system says of it is made up.
        monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setenv("MODELLAB_CACHE", str(place))
    runs.ready()
    doctor(runs)
    output = capsys.readouterr().out
    assert "  --  cache " in output
    assert "-> set MODELLAB_CACHE to a writable folder" in output
    if kind == "a file":
        told = str(runs.outcome().broken)
        assert re.search("can't use the cache .*: .*; set MODELLAB_CACHE to a writable folder$", told)
