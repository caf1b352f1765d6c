"""A task of another package, with real weights on real speech: examples/language-id-task, from spec to shards."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from debian import without_apt

from pytest_modellab.results import speed_baseline
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import read

EXAMPLE = Path(__file__).parents[2] / "examples" / "language-id-task"
PACKAGE = "asterisk-core-sounds-es-g722=1.6.1-1"
SUITE = """
import pytest

pytestmark = [pytest.mark.language_id, pytest.mark.smoke]


def test_accuracy(run, limits):
    assert run.language_id_accuracy >= limits.language_id_accuracy


def test_no_worse(no_worse):
    assert no_worse()
"""
LIMITS = """
schema: modellab.limits/1
limits:
  - {metric: language_id_accuracy, min: 0.8}
"""
INI = """
[tool.pytest.ini_options]
modellab_catalog = "catalog"
"""
CASE = "language_id/whisper-base-language-id:cpu:five-languages"


class Repository:
    """A repository whose catalog is the example's, with the example installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        site = folder / "site"
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(site), str(EXAMPLE)]
        subprocess.run(pip, check=True)
        shutil.copytree(EXAMPLE / "catalog", folder / "catalog")
        (folder / "catalog" / "limits.yaml").write_text(LIMITS)
        (folder / "pyproject.toml").write_text(INI)
        (folder / "test_language_id.py").write_text(SUITE)
        self.environment = {**os.environ, "PYTHONPATH": str(site), "COLUMNS": "200"}

    def run(self, *command: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def session(self, *arguments: str, code: int = 0) -> str:
        return self.run(
            "pytest", "--lab-card=full", "-p", "no:cacheprovider", "--lab-device", "cpu", *arguments, code=code
        )

    def modellab(self, *arguments: str) -> str:
        return self.run("pytest_modellab.cli", *arguments)

    def records(self, reports: str = "reports") -> list[Record]:
        return [read(path) for path in sorted((self.folder / reports / "runs").rglob("*.json"))]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Repository, str]:
    """The repository after its first session, and what that session printed."""
    if why := without_apt(PACKAGE):
        pytest.skip(why)
    repository = Repository(tmp_path_factory.mktemp("repository"))
    return repository, repository.session()


def test_a_session_measures_and_grades_it(measured: tuple[Repository, str]) -> None:
    repository, output = measured
    (record,) = repository.records()
    accuracy = record.values["language_id_accuracy"]
    assert accuracy.value is not None
    assert accuracy.interval is not None
    assert 0.8 <= accuracy.value <= 1
    right = sum(each.detected_language == each.language for each in record.utterances)
    assert accuracy.value == right / 25
    confusion = record.parts["language_id"]["confusion"]
    assert sum(sum(found.values()) for found in confusion.values()) == 25
    assert sum(confusion[language].get(language, 0) for language in confusion) == right
    assert record.values["rtf"].value is not None
    assert [*record.parts] == ["language_id"]
    assert "wer" not in record.values or record.values["wer"].value is None
    assert "language_id model" in output
    card = json.loads((repository.folder / "reports" / "scorecard.json").read_text())
    assert card["rows"][0]["grade"]["letter"] in {"A+", "A", "B", "C"}


def test_the_page_shows_each_utterance_its_way(measured: tuple[Repository, str]) -> None:
    page = (measured[0].folder / "reports" / "scorecard.html").read_text(encoding="utf-8")
    assert "es for es" in page
    assert "confidence" in page
    # The reference is a text, the answer the name of a language: no words are aligned.
    assert 'title="deleted"' not in page
    (record,) = measured[0].records()
    wrong = sum(each.detected_language != each.language for each in record.utterances)
    assert f"{wrong} with errors; the worst first" in page


def test_an_unchanged_session_reuses_and_a_baseline_holds_it(measured: tuple[Repository, str]) -> None:
    repository, _ = measured
    repository.modellab("baseline", "save")
    assert "unchanged: Language ID error" in repository.modellab("baseline", "compare")
    assert "unchanged since" in repository.modellab("why", "*:cpu:*")
    assert "2 passed" in repository.session()
    assert "Language ID error" in repository.modellab("compare", "baseline", "newest")
    assert CASE in repository.modellab("history")


def test_worse_answers_than_the_baseline_fail(measured: tuple[Repository, str]) -> None:
    repository, _ = measured
    repository.modellab("baseline", "save")
    saved_files = (repository.folder / "reports" / "baselines").rglob("*five-languages*.jsonl")
    # Times stand in a file of their own, where the machine was quiet enough.
    (path,) = (each for each in saved_files if not each.name.endswith(speed_baseline.SUFFIX))
    saved = path.read_text(encoding="utf-8")
    (record,) = repository.records()
    languages = {each.id: each.language for each in record.utterances}
    # A model that was right throughout.
    answers = [json.loads(line) for line in saved.splitlines()[1:]]
    right = [{**each, "hypothesis": languages[each["id"]]} for each in answers]
    before = sum(each["hypothesis"] != languages[each["id"]] for each in answers)
    path.write_text("\n".join([saved.splitlines()[0], *map(json.dumps, right)]) + "\n", encoding="utf-8")
    told = repository.modellab("baseline", "compare")
    path.write_text(saved, encoding="utf-8")
    assert f"Language ID error 0.0 % -> {100 * before / 25:.1f} %" in told
    assert f"{before} utterances worse, 0 better" in told


@pytest.mark.nightly("tests/results/test_shards.py::test_merged_shards_equal_the_undivided_run")
def test_shards_come_to_the_whole(measured: tuple[Repository, str]) -> None:
    repository, _ = measured
    whole = repository.records()[0]
    for shard in ("1", "2"):
        repository.session("--lab-shard", f"{shard}/2", "--lab-report", f"part{shard}", "-k", "accuracy")
    repository.modellab("merge", "part1", "part2", "--output", "joined")
    (joined,) = repository.records("joined")
    for metric in ("language_id_accuracy", "language_id_error", "language_id_confidence"):
        assert joined.values[metric] == whole.values[metric]
    assert joined.parts == whole.parts


def test_it_is_short() -> None:
    files = (EXAMPLE / "modellab_language_id").glob("*.py")
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files) < 250
