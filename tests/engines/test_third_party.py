"""Engines that are not ours: in a file beside the tests, in a package; and from an engine to a new model."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from fakelab import FakeLab

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog import known, load
from pytest_modellab.catalog.weights import local_folder
from pytest_modellab.cli import main
from pytest_modellab.reports.scorecard.card import Scorecard
from pytest_modellab.runner.sources import sources_digest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "batched-whisper"
TINY = "faster-whisper-tiny.en"
HUB = ("--repo", "org/mine", "--revision", "a" * 40)

ENGINE = """
from dataclasses import dataclass

from pytest_modellab.engines.base import Transcript


@dataclass(frozen=True)
class Options:
    answer: str
    loud: bool = False
    \'\'\'Whether to
    shout.\'\'\'


class Parrot:
    tasks, devices, rate = frozenset({"asr"}), frozenset({"cpu"}), 16_000
    distributions, extra, Options = (), "", Options

    def __init__(self, options):
        self.options = options

    @classmethod
    def load(cls, request):
        return cls(Options(**request.options))

    def transcribe(self, clip):
        return Transcript(self.options.answer)

    def synchronize(self): ...
    def close(self): ...
"""


def parrot(lab: FakeLab, engine: str = "../../engines/parrot.py:Parrot") -> Path:
    """A lab whose model is an engine in a file beside its tests."""
    (lab.path / "engines").mkdir(exist_ok=True)
    (lab.path / "engines" / "parrot.py").write_text(ENGINE)
    lab.dataset()
    path = lab.model("parrot")
    spec = yaml.safe_load(path.read_text()) | {"engine": engine, "options": {"answer": "one fine day"}}
    return lab.spec("models/parrot.yaml", spec)


BESIDE = pytest.mark.nightly("tests/engines/test_third_party.py::test_an_engine_in_a_file_beside_the_tests")


class TestFile:
    @pytest.mark.parametrize("workers", ["-n0", pytest.param("-n2", marks=BESIDE)])
    def test_an_engine_in_a_file_beside_the_tests(self, lab: FakeLab, workers: str) -> None:
        parrot(lab)
        lab.run(workers)
        record = lab.record()
        assert {utterance.hypothesis for utterance in record.utterances} == {"one fine day"}
        assert record.provenance.inputs["engine"] == "../../engines/parrot.py:Parrot"

    def test_another_text_of_the_file_is_another_input(self, lab: FakeLab) -> None:
        parrot(lab)
        lab.subprocess = True
        lab.run()
        file = lab.path / "engines" / "parrot.py"
        file.write_text(file.read_text().replace("self.options.answer)", "self.options.answer + '!')"))
        lab.run()
        first, second = lab.records()
        assert first.provenance.key != second.provenance.key
        assert {utterance.hypothesis for utterance in second.utterances} == {"one fine day!"}

    def test_another_text_of_a_module_beside_it_in_its_package_is_another_input(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        package = tmp_path / "birds" / "talking"
        package.mkdir(parents=True)
        for name, text in (("../__init__", ""), ("__init__", ""), ("parrot", "class Parrot: ..."), ("words", "A = 1")):
            (package / f"{name}.py").write_text(text)
        (tmp_path / "single.py").write_text("class Single: ...")
        monkeypatch.syspath_prepend(tmp_path)
        targets = ("birds.talking.parrot:Parrot", "single:Single")
        before = [sources_digest(target) for target in targets]
        (package / "words.py").write_text("A = 2")
        after = [sources_digest(target) for target in targets]
        assert before[0] != after[0]
        assert before[1] == after[1]

    def test_the_same_files_in_another_checkout_are_the_same_input(
        self, lab: FakeLab, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        parrot(lab)
        lab.subprocess = True
        lab.run()
        other = tmp_path_factory.mktemp("checkout") / "copy"
        shutil.copytree(lab.path, other, ignore=shutil.ignore_patterns("reports"))
        subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=other, check=False, capture_output=True)
        (path,) = (other / "reports" / "runs").rglob("*.json")
        assert lab.record().provenance.key in path.read_text()

    @pytest.mark.parametrize("workers", ["-n0", pytest.param("-n2", marks=BESIDE)])
    def test_a_module_that_only_pytest_was_told_of(
        self, lab: FakeLab, workers: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        parrot(lab, "aviary.parrot:Parrot")
        package = lab.path / "engines" / "aviary"
        package.mkdir()
        (package / "__init__.py").touch()
        (package.parent / "parrot.py").rename(package / "parrot.py")
        lab.pytester.makeini("[pytest]\nmodellab_catalog = lab\npythonpath = engines\n")
        lab.subprocess = True
        lab.run(workers)
        assert {utterance.hypothesis for utterance in lab.record().utterances} == {"one fine day"}
        monkeypatch.chdir(lab.path)
        monkeypatch.setattr(sys, "path", sys.path[:])
        assert main(["models"]) == 0

    def test_an_engine_in_a_file_cannot_import_its_neighbour(self, lab: FakeLab) -> None:
        parrot(lab)
        file = lab.path / "engines" / "parrot.py"
        (file.parent / "feathers.py").touch()
        file.write_text(f"import feathers\n{ENGINE}")
        result = lab.run()
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(["*parrot.py imports `feathers`, which lies beside it: *stands alone*"])

    @pytest.mark.parametrize(
        ("engine", "told"),
        [
            ("../../engines/parot.py:Parrot", "*can't be used: ImportError: no file */engines/parot.py"),
            ("../../engines/parrot.py:Parot", "*can't be used: AttributeError: *no attribute 'Parot'"),
            ("../../engines/parrot.py:Options", "*can't be used: TypeError: it has no `tasks`, `devices`, *"),
            ("no_such_module:Parrot", "*can't be used: ModuleNotFoundError: *"),
        ],
    )
    def test_one_that_cannot_be_used_is_told_with_its_line(self, lab: FakeLab, engine: str, told: str) -> None:
        parrot(lab, engine)
        result = lab.run()
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines([f"*lab/models/parrot.yaml:3: the engine {told}"])


class TestExample:
    def test_it_is_short(self) -> None:
        assert len((EXAMPLE / "modellab_batched_whisper.py").read_text().splitlines()) < 40

    def test_it_is_installed_and_grades_a_real_model(
        self, lab: FakeLab, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        site = tmp_path_factory.mktemp("site")
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(site), str(EXAMPLE)]
        subprocess.run(pip, check=True)
        shutil.rmtree(lab.catalog)
        shutil.copytree(ROOT / "fixtures", lab.catalog)
        spec = known.content(TINY) | {"tiers": ["smoke"]}
        spec |= {
            "id": "batched",
            "tasks": ["asr"],
            "engine": "batched-whisper",
            "devices": {"cpu": {"compute_type": "int8"}},
        }
        lab.spec("models/batched.yaml", spec)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-m", "smoke", "--lab-model=batched", "--lab-dataset=smoke-en"],
            cwd=lab.path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])},
            capture_output=True,
            text=True,
            check=False,
        )
        card = Scorecard.model_validate(lab.scorecard())
        (row,) = card.rows
        assert row.grade is not None, done.stdout
        assert row.grade.letter is not None
        assert lab.record().provenance.inputs["engine"] == "modellab_batched_whisper:BatchedWhisper"


class TestNewModel:
    @pytest.mark.nightly("tests/engines/test_third_party.py::test_it_is_installed_and_grades_a_real_model")
    def test_two_commands_lead_to_a_graded_model(self, lab: FakeLab, monkeypatch: pytest.MonkeyPatch) -> None:
        """As docs/own-model.md shows it, with weights that somebody has in a folder."""
        shutil.rmtree(lab.catalog)
        shutil.copytree(ROOT / "fixtures", lab.catalog)
        catalog = load(lab.catalog)
        weights = local_folder(catalog.models[TINY], catalog, Store())
        assert weights is not None
        shutil.copytree(weights, lab.path / "my-weights")
        monkeypatch.chdir(lab.path)
        modellab = Path(sys.executable).with_name("modellab")
        commands = [
            [str(modellab), "new-model", "faster-whisper", "my-model", "--weights", "my-weights", "--language", "en"],
            [sys.executable, "-m", "pytest", "-q", "--lab-model", "my-model"],
        ]
        outputs = [subprocess.run(each, capture_output=True, text=True, check=False).stdout for each in commands]
        assert "\npytest --lab-model my-model\n" in outputs[0]
        rows = {row.case.dataset: row for row in Scorecard.model_validate(lab.scorecard()).rows if row.measured}
        grade = rows["smoke-en"].grade
        assert grade is not None, outputs[1]
        assert grade.letter is not None

    def test_every_option_is_told_with_its_default_and_meaning(
        self, lab: FakeLab, capsys: pytest.CaptureFixture[str]
    ) -> None:
        parrot(lab)
        assert self.new(lab, "../../engines/parrot.py:Parrot", "polly") == 0
        text = (lab.catalog / "models" / "polly.yaml").read_text()
        assert "  answer:  # required, text\n" in text
        assert "#   loud: false  # true or false. Whether to shout\n" in text
        assert "devices: " in text
        assert "  cpu: {}\n" in text
        assert "polly.yaml; look it over" in capsys.readouterr().out
        # What is required is missed, with its line, until somebody fills it in.
        lab.run().stderr.fnmatch_lines(["*lab/models/polly.yaml:*: `answer`: expected text, found nothing"])

    def test_without_a_tier_it_says_how_the_model_runs_and_how_it_gets_into_every_run(
        self, lab: FakeLab, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.new(lab, "faster-whisper", "fresh", *HUB) == 0
        assert load(lab.catalog).models["fresh"].tiers == ()
        told = capsys.readouterr().out
        assert "\npytest --lab-model fresh\n" in told
        assert "A plain `pytest` leaves it out (`tiers: []`)" in told
        lines = (lab.catalog / "models" / "fresh.yaml").read_text().splitlines()
        beside = lines[lines.index("tiers: []") - 2 : lines.index("tiers: []")]
        assert all(word in " ".join(beside) for word in ("smoke", "smoke_all", "real_e2e", "[]", "--lab-model"))

    def test_with_tiers_it_is_in_the_runs_of_those(self, lab: FakeLab, capsys: pytest.CaptureFixture[str]) -> None:
        tiers = ("--tier", "real_e2e", "--tier", "smoke", "--tier", "smoke")
        assert self.new(lab, "faster-whisper", "fresh", *HUB, *tiers) == 0
        assert load(lab.catalog).models["fresh"].tiers == ("real_e2e", "smoke")
        told = capsys.readouterr().out
        assert "\npytest --lab-model fresh\n" in told
        assert "leaves it out" not in told

    def test_where_there_is_no_catalog_it_begins_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert main(["new-model", "faster-wisper", "mine"]) == 2
        assert list(tmp_path.iterdir()) == []
        capsys.readouterr()
        assert main(["new-model", "faster-whisper", "mine", *HUB]) == 0
        told = capsys.readouterr().out
        assert f"no catalog here yet: began one in {tmp_path / 'fixtures'}\n" in told
        assert f"write {tmp_path / 'fixtures/datasets'}/ID.yaml" in told
        assert "modellab_catalog" not in told
        made = load(tmp_path / "fixtures").models["mine"]
        assert set(made.devices) == {"cpu", "cuda"}
        assert main(["models"]) == 0
        assert main(["new-model", "faster-whisper", "another", *HUB]) == 0
        assert "began" not in capsys.readouterr().out

    def test_one_that_pytest_would_not_find_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert (
            main(
                [
                    "--catalog",
                    "some/lab",
                    "new-model",
                    "faster-whisper",
                    "mine",
                    "--repo",
                    "org/mine",
                    "--revision",
                    "a" * 40,
                ]
            )
            == 0
        )
        assert '`modellab_catalog = "some/lab"` in pyproject.toml' in capsys.readouterr().out
        assert (tmp_path / "some/lab/models/mine.yaml").is_file()

    def test_a_place_that_cannot_be_written_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "fixtures").write_text("a file")
        assert main(["new-model", "faster-whisper", "mine", *HUB]) == 2
        assert "mine.yaml: Not a directory; name another folder by --catalog DIR" in capsys.readouterr().err

    def test_a_tier_that_is_none_is_refused_with_those_there_are(
        self, lab: FakeLab, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.new(lab, "faster-whisper", "fresh", "--tier", "release") == 2
        told = capsys.readouterr().err
        assert all(tier in told for tier in ("smoke", "smoke_all", "real_e2e", "release"))

    @pytest.mark.parametrize("engine", ["faster-whisper"])
    def test_what_is_written_is_a_valid_spec(self, lab: FakeLab, engine: str) -> None:
        assert self.new(lab, engine, "fresh", "--weights", str(lab.path)) == 0
        assert load(lab.catalog).models["fresh"].engine == engine

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (("faster-wisper", "x"), "no engine `faster-wisper` is installed; did you mean `faster-whisper`?"),
            (("faster-whisper", "a b"), "expected letters, digits, `.`, `_`, `+` and `-`"),
            (("faster-whisper", "x", "--weights", "/no/such/folder"), "/no/such/folder is not a folder"),
            (("faster-whisper", "x", "--repo", "a/b"), "--repo and --revision go together"),
            (("faster-whisper", "x", "--repo", "b", "--revision", "a" * 40), "expected owner/name, found `b`"),
            (("faster-whisper", "x", "--language", "klingon!"), "`klingon!` is no language tag"),
            (("faster-whisper", "fake", *HUB), "there is a model `fake` already"),
            (("faster-whisper", "x"), "faster-whisper needs weights: give --weights FOLDER, one on this machine, or"),
            (("pocketsphinx", "x", *HUB), "pocketsphinx brings its own model: leave --weights and --repo out"),
        ],
    )
    def test_bad_usage_writes_nothing(
        self, lab: FakeLab, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], told: str
    ) -> None:
        lab.model()
        assert self.new(lab, *arguments) == 2
        assert told in capsys.readouterr().err
        assert [path.name for path in (lab.catalog / "models").iterdir()] == ["fake.yaml"]

    def new(self, lab: FakeLab, *arguments: str) -> int:
        return main(["--catalog", str(lab.catalog), "new-model", *arguments])
