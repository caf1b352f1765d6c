"""`modellab init` and `new-data`: what is written, what is left alone, and what is told."""

from __future__ import annotations

import csv
import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import yaml
from catalogs import COMMIT
from commands import Told

from pytest_modellab.catalog import load
from pytest_modellab.cli.exits import Exit
from pytest_modellab.cli.project.begin import MOST_SMOKE, SMOKE_TAKE

TEXT = "this is what we have to say to you and it is not long"
ENGLISH = ("faster-whisper-base", "faster-whisper-tiny.en")


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder one stands in, with a folder `calls` of three recordings and a table of them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    recordings(tmp_path / "calls", 3)
    return tmp_path


def recordings(folder: Path, count: int, text: str = TEXT) -> None:
    folder.mkdir(exist_ok=True)
    with (folder / "list.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "transcript", "spk"])
        for i in range(count):
            soundfile.write(folder / f"{i}.wav", np.random.default_rng(i).normal(0, 0.1, 4000 + 10 * i), 16_000)
            writer.writerow([f"{i}.wav", f"{text} {i}", f"s{i % 2}"])


def written(home: Path) -> set[str]:
    found = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}
    return {name for name in found if not name.startswith(("calls/", "cache/", "lab/.schemas/", ".git/"))}


class TestInit:
    def test_all_that_a_session_needs_is_written(self, home: Path, told: Told) -> None:
        said = told("init", "calls/")
        assert written(home) == {
            *(f"lab/models/{name}.yaml" for name in ENGLISH),
            *("lab/datasets/calls.yaml", "lab/limits.yaml", "pytest.ini", "tests/test_speech.py", ".gitignore"),
        }
        assert "calls: 3 utterances" in said
        assert "calls: 3 utterances, 0.0 min, 2 speakers" in said
        assert "  pytest -m smoke    # 2 models on your recordings; fetches 226 MB of weights first" in said

    def test_the_catalog_is_one(self, home: Path, told: Told) -> None:
        told("init", "calls/")
        catalog = load(home / "lab")
        assert tuple(catalog.models) == ENGLISH
        assert catalog.datasets["calls"].language == "en"
        assert all("smoke" in each.tiers for each in catalog.models.values())
        assert "smoke" in catalog.datasets["calls"].tiers

    def test_a_schema_stands_where_each_file_names_it(self, home: Path, told: Told) -> None:
        told("init", "calls/")
        for path in (home / "lab").rglob("*.yaml"):
            head = path.read_text().splitlines()[0]
            assert (path.parent / head.partition("$schema=")[2]).is_file(), path

    def test_columns_and_language_are_told(self, home: Path, told: Told) -> None:
        said = told("init", "calls/")
        assert "columns: audio = `file`, text = `transcript`, speaker = `spk`" in said
        assert "language: en, guessed; `--language TAG` states another" in said

    def test_twice_changes_nothing(self, home: Path, told: Told) -> None:
        told("init", "calls/")
        before = {name: (home / name).read_bytes() for name in written(home)}
        said = told("init", "calls/")
        assert {name: (home / name).read_bytes() for name in written(home)} == before
        assert said.count("there already: ") == len(before) - 1  # pytest.ini has its line, and isn't looked at again
        assert "wrote" not in said.replace("wrote lab/.schemas", "")

    def test_a_file_that_differs_is_left_alone_and_shown(self, home: Path, told: Told) -> None:
        told("init", "calls/")
        path = home / "tests/test_speech.py"
        path.write_text("# mine, of pytest_modellab\n", encoding="utf-8")
        said = told("init", "calls/", "--merge", code=Exit.WRONG)
        assert path.read_text(encoding="utf-8") == "# mine, of pytest_modellab\n"
        assert "tests/test_speech.py is there and was left as it is; it would be" in said
        assert "-# mine, of pytest_modellab" in said

    def test_a_large_set_has_a_part_for_the_quick_runs(self, home: Path, told: Told) -> None:
        recordings(home / "calls", MOST_SMOKE + 1)
        told("init", "calls/")
        catalog = load(home / "lab")
        assert catalog.datasets["calls"].tiers == ("real_e2e",)
        part = catalog.datasets["calls-smoke"]
        assert part.tiers == ("smoke",)
        assert part.derive is not None
        assert part.derive.take == SMOKE_TAKE

    @pytest.mark.parametrize("language", ["de", "zh"])
    def test_models_of_another_language_speak_it(self, language: str, home: Path, told: Told) -> None:
        told("init", "calls/", "--language", language)
        models = load(home / "lab").models
        assert len(models) == 2
        assert all(model.speaks(language) for model in models.values())

    def test_models_by_name(self, home: Path, told: Told) -> None:
        told("init", "calls/", "--model", "moonshine-tiny-en", "--model", "known/faster-whisper-base")
        assert set(load(home / "lab").models) == {"moonshine-tiny-en", "faster-whisper-base"}

    @pytest.mark.parametrize("service", ["github", "gitlab"])
    def test_a_job(self, service: str, home: Path, told: Told) -> None:
        told("init", "calls/", "--ci", service)
        path = ".github/workflows/modellab.yml" if service == "github" else ".gitlab-ci.yml"
        job = yaml.safe_load((home / path).read_text(encoding="utf-8"))
        assert "pytest -m smoke --lab-expect" in str(job)
        assert "EXTRAS" not in str(job)

    def test_jobs_of_a_folder_within_a_repository(
        self, home: Path, told: Told, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        subprocess.run(["git", "init", "-q", str(home)], check=True)
        (home / "sub").mkdir()
        (home / "sub/pytest.ini").write_text("[pytest]\nmodellab_catalog = lab\n", encoding="utf-8")
        monkeypatch.chdir(home / "sub")
        told("init", "../calls", "--ci", "github", "--ci", "gitlab")
        job = yaml.safe_load((home / ".github/workflows/modellab.yml").read_text())["jobs"]["smoke"]
        assert job["defaults"] == {"run": {"working-directory": "sub"}}
        assert "hashFiles('sub/lab/**')" in str(job)
        other = yaml.safe_load((home / ".gitlab-ci.yml").read_text())["modellab"]
        assert other["script"][0] == "cd sub"
        assert other["artifacts"]["paths"] == ["sub/reports"]

    def test_the_hook(self, home: Path, told: Told) -> None:
        subprocess.run(["git", "init", "-q", str(home)], check=True)
        told("init", "calls/", "--hook")
        assert (home / ".git/hooks/pre-push").is_file()

    def test_recordings_that_cannot_be_read_are_told_at_once(self, home: Path, told: Told) -> None:
        (home / "calls/1.wav").unlink()
        told("init", "calls/", code=Exit.WRONG)
        assert "list.csv:3: no audio file" in told.errors

    def test_a_recording_that_is_broken_is_told_at_once(self, home: Path, told: Told) -> None:
        (home / "calls/1.wav").write_bytes(b"RIFF")
        told("init", "calls/", code=Exit.WRONG)
        assert "1 recording can't be read: mend or remove them" in told.errors

    def test_a_test_of_something_else_is_left_alone_and_ours_has_another_name(self, home: Path, told: Told) -> None:
        (home / "tests").mkdir()
        (home / "tests/test_speech.py").write_text("def test_mine():\n    pass\n", encoding="utf-8")
        assert "wrote tests/test_speech_models.py" in told("init", "calls/")
        assert (home / "tests/test_speech.py").read_text() == "def test_mine():\n    pass\n"

    def test_a_place_that_holds_nothing(self, home: Path, told: Told) -> None:
        told("init", "nowhere", code=Exit.USAGE)
        assert "no such file or folder; what is taken: a CSV" in told.errors

    def test_a_model_that_is_not_known(self, home: Path, told: Told) -> None:
        told("init", "calls/", "--model", "faster-whisper-bass", code=Exit.USAGE)
        assert "no known model `faster-whisper-bass`; did you mean `faster-whisper-base`" in told.errors
        assert written(home) == set()

    def test_a_language_that_is_none(self, home: Path, told: Told) -> None:
        told("init", "calls/", "--language", "englisch", code=Exit.USAGE)
        assert "--language: " in told.errors


class TestHub:
    def test_at_a_commit(self, home: Path, told: Told) -> None:
        said = told("init", "org/calls", "--revision", COMMIT, "--language", "en")
        assert f"split test of org/calls at {COMMIT}" in said
        assert "calls: not here yet" in said
        hub = load(home / "lab").datasets["calls"].hub
        assert hub is not None
        assert (hub.repo, hub.revision, hub.split) == ("org/calls", COMMIT, "test")

    def test_at_its_newest_commit(self, home: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("huggingface_hub.HfApi.dataset_info", lambda *_: SimpleNamespace(sha=COMMIT))
        assert f"split test of org/calls at {COMMIT}" in told("init", "org/calls", "--language", "en")

    def test_without_a_connection(self, home: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
        def refused(*_: object) -> None:
            raise ConnectionError("no route")

        monkeypatch.setattr("huggingface_hub.HfApi.dataset_info", refused)
        told("init", "org/calls", code=Exit.USAGE)
        assert "org/calls: no such file or folder here, and the hub doesn't tell the commit" in told.errors
        assert "(ConnectionError): give --revision COMMIT" in told.errors


class TestSettings:
    def test_lines_for_a_file_that_is_there_are_shown_and_added_when_asked(self, home: Path, told: Told) -> None:
        path = home / "pyproject.toml"
        path.write_text('[tool.pytest.ini_options]\naddopts = "-ra"\n\n[tool.other]\nx = 1\n', encoding="utf-8")
        said = told("init", "calls/", code=Exit.WRONG)
        assert '+modellab_catalog = "lab"' in said
        assert "lines are lacking in a file that is there: `--merge` adds them, as shown" in said
        assert "modellab_catalog" not in path.read_text()
        told("init", "calls/", "--merge")
        lines = path.read_text().splitlines()
        assert lines[:3] == ["[tool.pytest.ini_options]", 'modellab_catalog = "lab"', 'addopts = "-ra"']
        assert lines[-1] == "x = 1"

    @pytest.mark.parametrize(
        ("name", "text", "section"),
        [
            ("pytest.ini", "[pytest]\n", "[pytest]"),
            ("tox.ini", "[tox]\n\n[pytest]\n", "[pytest]"),
            ("setup.cfg", "[metadata]\n\n[tool:pytest]\n", "[tool:pytest]"),
            ("pyproject.toml", '[project]\nname = "x"', "[tool.pytest.ini_options]"),
        ],
    )
    def test_every_kind_of_file(self, name: str, text: str, section: str, home: Path, told: Told) -> None:
        (home / name).write_text(text, encoding="utf-8")
        told("init", "calls/", "--merge")
        lines = (home / name).read_text().splitlines()
        assert lines[lines.index(section) + 1].startswith("modellab_catalog = ")
        assert not (home / "pytest.ini").exists() or name == "pytest.ini"
        assert "there already: lab/limits.yaml" in told("init", "calls/")

    def test_line_ends_stay(self, home: Path, told: Told) -> None:
        path = home / "tox.ini"
        path.write_bytes(b"[tox]\r\n[pytest]\r\naddopts = -ra\r\n")
        told("init", "calls/", "--merge")
        assert path.read_bytes() == b"[tox]\r\n[pytest]\r\nmodellab_catalog = lab\r\naddopts = -ra\r\n"

    def test_a_catalog_that_is_configured_is_used(self, home: Path, told: Told) -> None:
        (home / "pytest.ini").write_text("[pytest]\nmodellab_catalog = speech\n", encoding="utf-8")
        told("init", "calls/")
        assert (home / "speech/datasets/calls.yaml").is_file()
        assert not (home / "lab").exists()

    def test_the_test_lies_where_pytest_looks(self, home: Path, told: Told) -> None:
        (home / "pytest.ini").write_text(
            "[pytest]\nmodellab_catalog = lab\ntestpaths = checks\npython_files = check_*.py\n", encoding="utf-8"
        )
        told("init", "calls/")
        assert (home / "checks/check_speech.py").is_file()

    def test_its_functions_are_named_as_pytest_wants_them(self, home: Path, told: Told) -> None:
        (home / "pytest.ini").write_text(
            "[pytest]\nmodellab_catalog = lab\npython_functions = check_*\n", encoding="utf-8"
        )
        told("init", "calls/")
        assert "def check_wer(run: Run, limits: Limits)" in (home / "tests/test_speech.py").read_text()

    def test_its_fixtures_have_long_names_where_the_short_ones_are_taken(self, home: Path, told: Told) -> None:
        (home / "conftest.py").write_text("import pytest\n\n\n@pytest.fixture\ndef run():\n    return 1\n")
        told("init", "calls/")
        text = (home / "tests/test_speech.py").read_text()
        assert "def test_wer(modellab_run: Run, modellab_limits: Limits)" in text
        assert "assert modellab_run.wer <= modellab_limits.wer" in text
        assert "assert modellab_no_worse()" in text

    def test_what_git_leaves_out(self, home: Path, told: Told) -> None:
        (home / ".gitignore").write_text("*.pyc", encoding="utf-8")
        subprocess.run(["git", "init", "-q", str(home)], check=True)
        told("init", "calls/", "--merge")
        assert (home / ".gitignore").read_text().splitlines() == [
            "*.pyc",
            "/reports/*",
            "!/reports/baselines/",
            "/calls/",
        ]
        ignored = ["reports/runs/x.json", "calls/0.wav"]
        kept = ["reports/baselines/x/y.jsonl", "lab/datasets/calls.yaml"]
        found = subprocess.run(["git", "check-ignore", *ignored, *kept], capture_output=True, text=True, check=False)
        assert found.stdout.splitlines() == ignored


class TestNewData:
    def test_a_file_in_the_catalog(self, home: Path, told: Told) -> None:
        told("init", "calls/")
        recordings(home / "more", 2)
        said = told("new-data", "more/list.csv", "--id", "later")
        assert "wrote lab/datasets/later.yaml" in said
        assert said.splitlines()[-1] == "next: pytest --lab-dataset later"
        assert load(home / "lab").datasets["later"].table is not None

    def test_without_a_catalog(self, home: Path, told: Told) -> None:
        told("new-data", "calls/", code=Exit.USAGE)
        assert "`modellab init FOLDER`" in told.errors

    def test_an_id_that_is_none(self, home: Path, told: Told) -> None:
        told("init", "calls/")
        told("new-data", "calls/", "--id", "a b", code=Exit.USAGE)
        assert "--id a b: an id has letters" in told.errors


class TestKnownModels:
    def test_they_are_listed(self, home: Path, told: Told) -> None:
        said = told("models", "--known")
        assert "faster-whisper-tiny.en" in said
        assert "148 MB" in said

    def test_one_is_added_by_its_name(self, home: Path, told: Told) -> None:
        told("init", "calls/")
        said = told("new-model", "known/moonshine-tiny-en", "--tier", "smoke")
        assert said.splitlines()[0] == f"wrote {home / 'lab/models/moonshine-tiny-en.yaml'}; look it over"
        assert load(home / "lab").models["moonshine-tiny-en"].tiers == ("smoke",)

    def test_and_by_another_one(self, home: Path, told: Told) -> None:
        told("init", "calls/")
        told("new-model", "known/faster-whisper-base", "mine")
        assert load(home / "lab").models["mine"].engine == "faster-whisper"

    def test_an_engine_needs_an_id(self, home: Path, told: Told) -> None:
        told("new-model", "pocketsphinx", code=Exit.USAGE)
        assert "give an id for the model: `modellab new-model pocketsphinx ID`" in told.errors
