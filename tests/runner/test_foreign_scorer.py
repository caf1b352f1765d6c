"""A scorer of another package, by the entry-point group `modellab.normalizers`: from a data set to rescoring."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from catalogs import find_again, install_package
from fakelab import FakeLab
from fakeruns import FakeRuns

from pytest_modellab.catalog import CatalogError, load
from pytest_modellab.cli import main
from pytest_modellab.cli.exits import Exit
from pytest_modellab.core.text import SCORERS, Scorer, TextRules
from pytest_modellab.results.record_files import read

Output = pytest.CaptureFixture[str]

NAME = "no-plurals"
CODE = """
from pytest_modellab.core.text import Scorer


def normalized(text, language):
    return " ".join(word.rstrip("s") for word in text.lower().split())


SCORER = Scorer(normalize=normalized, version=lambda: "7.2", doc="Plurals are no errors.")
NEEDY = Scorer(normalize=normalized, version="1", packages=("nothing_of_the_kind",), extra="modellab-plurals[all]")
"""
ENTRIES = f"{NAME} = modellab_plurals:SCORER\nneedy = modellab_plurals:NEEDY"
WRONG = "one fine DAYS"
"""What the model hears for "one fine day"."""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of modules with the distribution of the scorer."""
    folder = tmp_path / "site"
    install_package(folder, "modellab-plurals", SCORERS.group, ENTRIES, CODE)
    return folder


@pytest.fixture
def scored(runs: FakeRuns, site: Path, monkeypatch: pytest.MonkeyPatch) -> FakeRuns:
    """Runs in a process in which the scorer is installed, of a model that hears a plural."""
    find_again(monkeypatch, SCORERS, site)
    runs.commanded(monkeypatch)
    runs.ready(wrong={0: WRONG})
    runs.limits()
    return runs


class TestInstalled:
    def test_a_data_set_names_it_and_the_record_says_which_it_was(self, scored: FakeRuns) -> None:
        scored.dataset(normalizer=NAME)
        record = scored.measured()
        assert (record.normalizer.name, record.normalizer.version) == (NAME, "7.2")
        assert record.value("wer") == 0
        assert record.utterances[0].hypothesis == WRONG

    def test_an_old_record_is_scored_again_by_it(self, scored: FakeRuns, capsys: Output) -> None:
        assert scored.measured().value("wer") == pytest.approx(1 / 9)
        capsys.readouterr()
        assert main(["rescore", "--scorer", NAME, "--write"]) == 0
        told = capsys.readouterr().out
        assert "fake:cpu:clips: WER 11.1 %" in told
        assert f"-> WER 0.0 % CER 0.0 % ({NAME} 7.2)" in told
        paths = sorted((scored.path / "reports" / "runs").rglob("*.json"), key=lambda path: path.name)
        assert [read(path).normalizer.name for path in paths] == ["modellab", NAME]

    def test_another_version_of_it_leads_to_scoring_and_no_model_is_run(
        self, scored: FakeRuns, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        scored.dataset(normalizer=NAME)
        scored.measured()
        heard = scored.engine_log()
        assert scored.outcome().unchanged_since is not None
        monkeypatch.setitem(SCORERS._loaded, NAME, Scorer(SCORERS[NAME].normalize, "7.3"))
        assert scored.measured().normalizer.version == "7.3"
        assert scored.engine_log() == heard

    def test_one_whose_library_is_missing_says_what_to_install(self, scored: FakeRuns) -> None:
        with pytest.raises(ValueError, match=r"needs nothing_of_the_kind: pip install 'modellab-plurals\[all\]'"):
            TextRules("needy")
        scored.dataset(normalizer="needy")
        with pytest.raises(CatalogError, match=r"the scorer needy needs nothing_of_the_kind"):
            load(scored.catalog, scored.path)


class TestMissing:
    def test_a_data_set_that_names_it_is_refused_with_what_is_there(self, runs: FakeRuns) -> None:
        path = runs.dataset(normalizer=NAME)
        with pytest.raises(CatalogError) as refused:
            load(runs.catalog, runs.path)
        line = next(i for i, text in enumerate(path.read_text().splitlines(), 1) if text.startswith("normalizer"))
        assert f"clips.yaml:{line}: `normalizer`: no scorer `{NAME}`" in str(refused.value)
        assert "modellab, none, open-asr, whisper" in str(refused.value)

    def test_rescoring_by_it_is_refused_with_what_is_there(
        self, runs: FakeRuns, monkeypatch: pytest.MonkeyPatch, capsys: Output
    ) -> None:
        runs.commanded(monkeypatch)
        runs.ready()
        runs.limits()
        runs.run()
        assert main(["rescore", "--scorer", NAME]) == Exit.USAGE
        assert f"no scorer '{NAME}': choose from" in capsys.readouterr().err

    def test_a_record_that_was_scored_by_it_is_still_read_and_rescored_by_another(
        self, scored: FakeRuns, site: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
    ) -> None:
        scored.dataset(normalizer=NAME)
        scored.run()
        assert main(["baseline", "save", "fake:*"]) == 0
        (path,) = (scored.path / "reports" / "runs").rglob("*.json")
        scored.dataset()  # by the default scorer from now on
        monkeypatch.setattr(sys, "path", [each for each in sys.path if Path(each) != site])
        for name in ("_entries", "_names"):
            monkeypatch.delitem(vars(SCORERS), name, raising=False)
        monkeypatch.setattr(SCORERS, "_loaded", {})
        assert NAME not in SCORERS
        assert read(path).normalizer.name == NAME
        capsys.readouterr()
        assert main(["rescore", str(path), "--scorer", "modellab"]) == 0
        assert "-> WER 11.1 %" in capsys.readouterr().out
        for command in (["compare", str(path), str(path)], ["baseline", "compare"]):
            main(command)
            captured = capsys.readouterr()
            told = " ".join((captured.out + captured.err).split())  # lines are wrapped
            assert f"no scorer '{NAME}': choose from characters, modellab" in told
            assert "`modellab rescore --scorer NAME --write` scores the record anew" in told
        assert main(["rescore", str(path)]) == Exit.USAGE
        assert f"no scorer '{NAME}': choose from" in capsys.readouterr().err


def test_a_session_of_its_own_process_finds_it(lab: FakeLab, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ["PYTHONPATH"]]))
    lab.ready(wrong={0: WRONG})
    lab.dataset(normalizer=NAME)
    lab.limits({"metric": "wer", "max": 0.05})
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"], cwd=lab.path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = (lab.path / "reports" / "runs").rglob("*.json")
    assert (read(path).normalizer.name, read(path).value("wer")) == (NAME, 0)
