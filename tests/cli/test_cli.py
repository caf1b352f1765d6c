"""The command `modellab`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from labsessions import LabSessions

from pytest_modellab.assets.store import digest_file
from pytest_modellab.cli import main
from pytest_modellab.results.record_files import json_schema

Output = pytest.CaptureFixture[str]
SCHEMA = Path(__file__).parents[2] / "pytest_modellab" / "results" / "schema" / "record.schema.json"


@pytest.fixture
def weights(sessions: LabSessions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A lab whose model has one file, that lies in a mirror and not yet in the cache."""
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    path = sessions.ready().model()
    folder = sessions.catalog / "parts"
    folder.mkdir()
    file = folder / "model.bin"
    file.write_bytes(b"weights")
    digest = digest_file(file)
    path.write_text(path.read_text() + f"weights:\n  files:\n    model.bin: {{sha256: {digest}, size: 7}}\n")
    mirrors = {digest: [{"parts": [{"folder": "parts", "member": "model.bin"}]}]}
    sessions.spec("mirrors.yaml", {"schema": "modellab.mirrors/1", "mirrors": mirrors})
    return folder


def test_models_are_listed_with_what_is_present_and_pulled(weights: Path, capsys: Output) -> None:
    assert main(["models"]) == 0
    assert "absent" in capsys.readouterr().out
    assert main(["pull", "fak*"]) == 0
    assert "fake: " in capsys.readouterr().out
    assert main(["models"]) == 0
    out = capsys.readouterr().out
    assert "present" in out
    assert "cache: " in out


def test_pull_says_what_is_not_to_be_had_and_goes_on(weights: Path, sessions: LabSessions, capsys: Output) -> None:
    (weights / "model.bin").unlink()
    sessions.model("another")
    assert main(["pull"]) == 1
    out = capsys.readouterr().out
    assert "fake: not available" in out
    assert "another: needs no weights" in out


def test_a_digest_prints_lines_for_a_spec(weights: Path, capsys: Output) -> None:
    assert main(["digest", str(weights)]) == 0
    digest = digest_file(weights / "model.bin")
    assert capsys.readouterr().out == f"  files:\n    model.bin: {{sha256: {digest}, size: 7}}\n"


def test_data_sets_are_listed_prepared_and_checked(sessions: LabSessions, capsys: Output) -> None:
    sessions.ready()
    assert main(["data"]) == 0
    assert "clips.jsonl" in capsys.readouterr().out
    assert main(["data", "prepare"]) == 0
    assert "clips: 3 utterances, 0.0 min, speakers unknown" in capsys.readouterr().out
    assert main(["data", "check", "clips"]) == 0
    # Quarter-second clips of three words each are faster than speech.
    assert "clip-0: duration: " in capsys.readouterr().out


def test_terms_that_nobody_says_are_named(sessions: LabSessions, capsys: Output) -> None:
    sessions.ready()
    sessions.dataset(glossary=["Fine Day", "rainy day"], names=["Ann"])
    assert main(["data", "check", "clips"]) == 0
    told = capsys.readouterr().out
    assert "  glossary: `rainy day` is in no reference\n  names: `Ann` is in no reference" in told
    assert "Fine Day" not in told


@pytest.mark.parametrize("action", ["prepare", "check"])
def test_broken_data_are_named_and_end_with_one(sessions: LabSessions, action: str, capsys: Output) -> None:
    sessions.ready()
    (sessions.catalog / "datasets" / "clips-2.wav").write_bytes(b"nothing to hear")
    assert main(["data", action]) == 1
    assert "utterance clip-2: " in capsys.readouterr().out


def test_nothing_hostile_in_a_manifest_reaches_the_terminal(sessions: LabSessions, capsys: Output) -> None:
    sessions.ready()
    row = {"audio_filepath": "\x1b[2Jgone.wav", "text": "one"}
    (sessions.catalog / "datasets" / "clips.jsonl").write_text(json.dumps(row) + "\n")
    assert main(["data", "check"]) == 1
    told = capsys.readouterr().out
    assert "[2Jgone.wav" in told
    assert "\x1b" not in told


def test_a_missing_manifest_is_told(sessions: LabSessions, capsys: Output) -> None:
    sessions.ready()
    (sessions.catalog / "datasets" / "clips.jsonl").unlink()
    assert main(["data", "check"]) == 1
    assert "clips.jsonl" in capsys.readouterr().out


def test_an_unknown_name_is_bad_usage_with_a_near_match(sessions: LabSessions, capsys: Output) -> None:
    sessions.ready()
    assert main(["pull", "fakee"]) == 2
    assert "no model matches `fakee`; did you mean `fake`?" in capsys.readouterr().err
    assert main(["data", "check", "clps"]) == 2
    assert main(["digest", "nowhere"]) == 2


def test_a_broken_catalog_is_told_and_ends_with_one(sessions: LabSessions, capsys: Output) -> None:
    path = sessions.ready().model()
    path.write_text(path.read_text() + "colour: blue\n")
    assert main(["models"]) == 1
    assert "unknown key `colour`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.ini", "[pytest]\nmodellab_catalog = lab\n"),
        ("setup.cfg", "[tool:pytest]\nmodellab_catalog = lab\n"),
        ("pyproject.toml", '[tool.pytest.ini_options]\nmodellab_catalog = "lab"\n'),
        ("pyproject.toml", '[tool.pytest]\nmodellab_catalog = "lab"\n'),
    ],
)
def test_the_catalog_is_the_one_of_the_ini_file_above(
    sessions: LabSessions, name: str, text: str, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    sessions.ready()
    (sessions.path / "pytest.ini").unlink()
    (sessions.path / name).write_text(text)
    below = sessions.path / "some" / "where"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert main(["models"]) == 0
    assert "fake-for-tests" in capsys.readouterr().out


def test_the_catalog_can_be_named_or_stand_in_fixtures(sessions: LabSessions, capsys: Output) -> None:
    sessions.ready()
    (sessions.path / "pytest.ini").unlink()
    assert main(["models"]) == 2
    told = capsys.readouterr().err
    assert f"no catalog here: {sessions.path / 'fixtures'} is not a folder\n" in told
    assert "`modellab init FOLDER`" in told
    assert main(["--catalog", "nowhere", "models"]) == 2
    assert "`modellab --catalog nowhere init FOLDER`" in capsys.readouterr().err
    assert main(["--catalog", "lab", "models"]) == 0
    sessions.catalog.rename(sessions.path / "fixtures")
    assert main(["models"]) == 0


def test_the_schema_printed_is_the_one_committed(capsys: Output) -> None:
    assert main(["schema"]) == 0
    printed = capsys.readouterr().out
    assert printed == json_schema() == SCHEMA.read_text(encoding="utf-8")
    assert json.loads(printed)["properties"]["timing"]["volatile"] is True


def test_a_record_agrees_with_the_committed_schema(sessions: LabSessions) -> None:
    import jsonschema

    sessions.ready()
    assert sessions.session("--lab-executor=local") == 0
    (path,) = (sessions.path / "reports" / "runs").rglob("*.json")
    jsonschema.validate(json.loads(path.read_text()), json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_an_interpreter_that_is_not_there_is_told_and_others_are_pulled(sessions: LabSessions, capsys: Output) -> None:
    path = sessions.ready().model()
    path.write_text(path.read_text() + "environment: {interpreter: /no/python}\n")
    sessions.model("another")
    assert main(["pull"]) == 1
    out = capsys.readouterr().out
    assert "fake: needs no weights\nfake: not available\n" in out
    assert "`interpreter` stands in lab/models/fake.yaml" in out
    assert "another: needs no weights" in out


def test_an_interpreter_is_told_with_its_version(sessions: LabSessions, capsys: Output) -> None:
    path = sessions.ready().model()
    path.write_text(path.read_text() + f"environment: {{interpreter: {sys.executable}}}\n")
    assert main(["pull"]) == 0
    version = ".".join(str(part) for part in sys.version_info[:3])
    assert f"fake: Python {version}, {sys.executable}\n" in capsys.readouterr().out


def test_a_file_with_other_bytes_than_are_pinned_is_told(weights: Path, sessions: LabSessions, capsys: Output) -> None:
    (weights / "model.bin").write_bytes(b"changed")
    assert main(["pull"]) == 1
    assert "fake: " in (told := capsys.readouterr().out)
    assert "sha256" in told


def test_a_folder_without_files_has_no_digest(tmp_path: Path, capsys: Output) -> None:
    assert main(["digest", str(tmp_path)]) == 2
    assert f"{tmp_path} holds no files" in capsys.readouterr().err
