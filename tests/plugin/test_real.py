"""This repository's own suites, with real weights on real speech, as `make smoke` runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from edit_distance import edit_counts
from own_suites import copied

from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.table import Table
from pytest_modellab.core.text import TextRules
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import read

ROOT = Path(__file__).parents[2]
MODELS = {"faster-whisper-tiny.en", "faster-whisper-base"}


@dataclass
class Session:
    """One finished pytest session."""

    code: int
    output: str
    reports: Path

    @property
    def scorecard(self) -> dict[str, Any]:
        card: dict[str, Any] = json.loads((self.reports / "scorecard.json").read_text(encoding="utf-8"))
        return card

    @property
    def records(self) -> list[Record]:
        return [read(path) for path in sorted((self.reports / "runs").rglob("*.json"))]

    @property
    def end(self) -> str:
        """The last of what it said: the scorecard, and what failed."""
        return "\n".join(self.output.splitlines()[-60:])

    def of(self, task: str) -> list[Record]:
        return [record for record in self.records if record.case.task == task]


def run(*arguments: str, reports: Path, cwd: Path = ROOT) -> Session:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--lab-card=full",
        "-p",
        "no:cacheprovider",
        f"--lab-report={reports}",
        *arguments,
    ]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    return Session(done.returncode, done.stdout + done.stderr, reports)


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """As `make smoke` runs it, but for limits and bands of times: what is tested here is no machine."""
    folder = copied(tmp_path_factory.mktemp("smoke"))
    limits, grades = (folder / "fixtures" / f"{name}.yaml" for name in ("limits", "grades"))
    spec = yaml.safe_load(limits.read_text(encoding="utf-8"))
    for limit in spec["limits"]:
        if METRICS[limit["metric"]].timed:
            highest = 1.0 if METRICS[limit["metric"]].unit == "%" else 1e6
            limit["max" if "max" in limit else "min"] = highest if "max" in limit else 0
    limits.write_text(yaml.safe_dump(spec), encoding="utf-8")
    spec = yaml.safe_load(grades.read_text(encoding="utf-8"))
    for task in spec["tasks"].values():
        for metric in filter(lambda name: METRICS[name].timed, task["criteria"]):
            task["criteria"][metric]["C"] = 1e6 if METRICS[metric].better == "lower" else 0
    grades.write_text(yaml.safe_dump(spec), encoding="utf-8")
    return run("-m", "smoke", reports=tmp_path_factory.mktemp("reports"), cwd=folder)


def test_smoke_passes_and_grades_both_models_on_the_cpu(smoke: Session) -> None:
    assert smoke.code == 0, smoke.end
    rows = [row for row in smoke.scorecard["rows"] if row["case"]["task"] == "asr"]
    measured = {row["case"]["model"]: row for row in rows if row["record"]}
    assert set(measured) >= MODELS
    for model in MODELS:
        assert measured[model]["status"] == "pass"
        assert measured[model]["grade"]["letter"] in {"A+", "A", "B", "C"}
        assert measured[model]["grade"]["provisional"]
    primary = next(each for each in smoke.scorecard["recommendations"] if each["profile"] == "primary-asr")
    assert primary["brief"].startswith("not enough to say: 60 words; 1,000 would do")


def test_the_wer_in_the_table_is_that_of_an_independent_edit_distance(smoke: Session) -> None:
    for record in smoke.of("asr"):
        normalize = record.rules.of("en")
        errors = words = 0
        for utterance in record.utterances:
            reference = normalize(utterance.reference).split()
            errors += sum(edit_counts(reference, normalize(utterance.hypothesis or "").split()))
            words += len(reference)
        assert record.value("wer") == errors / words
        line = next(line for line in smoke.output.splitlines() if line.startswith(f"{record.case.model} "))
        assert f" {errors / words:.1%} ".replace("%", " %") in line


def test_what_was_recognised_is_the_speech(smoke: Session) -> None:
    for record in smoke.of("asr"):
        jfk = next(utterance for utterance in record.utterances if utterance.id == "jfk")
        assert jfk.hypothesis is not None
        assert "ask not what your country can do for you" in jfk.hypothesis


def test_every_figure_of_a_real_run_is_there_and_plausible(smoke: Session) -> None:
    for record in smoke.of("asr"):
        assert (record.value("rtf") or 0) > 0
        assert record.timing.load_s is not None
        assert record.timing.first_call_s is not None
        assert record.memory.peak_rss is not None
        assert 100e6 < record.memory.peak_rss < 2e9
        assert record.value("success_rate") == 1
        assert record.provenance.inputs["versions"]["ctranslate2"]


def test_what_wer_hides_is_counted_on_real_answers(smoke: Session) -> None:
    for record in smoke.of("asr"):
        assert record.value("looped") == 0
        assert record.value("truncated") == 0
        assert record.value("glossary_recall") == 1
        assert record.value("number_recall") == 1
        # One reference is punctuated and of mixed case: that of 22 words.
        assert sum(Table(record).column(METRICS["casing_error"]).of) == 22
        assert record.value("punctuation_error") is not None


def test_smoke_has_a_voice_speak_a_sentence(smoke: Session) -> None:
    (record,) = smoke.of("tts")
    assert record.case.model == "hibari-en"
    assert record.summary.audio_s <= 5
    assert record.value("wer") == 0
    assert record.value("flawed") == 0
    models = {each["model"]: each["tasks"] for each in smoke.scorecard["models"] if each["device"] == "cpu"}
    assert models["hibari-en"]["tts"]["letter"] in {"A+", "A", "B", "C"}
    assert models["hibari-en"]["asr"]["why"] == "the model does not do it"


def test_words_where_nobody_speaks_are_counted_and_no_word_error_rate(tmp_path: Path) -> None:
    chosen = ("--lab-model", "faster-whisper-tiny.en", "--lab-device", "cpu", "--lab-dataset", "nonspeech")
    session = run("-m", "real_e2e", "suites/test_11_beyond_wer.py", *chosen, reports=tmp_path)
    (record,) = session.records
    found = record.value("insertions_per_min")
    assert found is not None
    words = sum(len(TextRules().of("en")(each.hypothesis or "").split()) for each in record.utterances)
    assert found == pytest.approx(words / 3.5)
    assert record.value("wer") is None
    assert not record.findings
    assert "words written without speech (nonspeech): faster-whisper-tiny.en on cpu" in session.output
    (verdict,) = [each for each in session.scorecard["rows"][0]["verdicts"] if each["metric"] == "insertions_per_min"]
    assert verdict["status"] == ("pass" if found <= 250 else "fail")
    assert session.code == int(found > 250)


@pytest.mark.nightly("tests/plugin/test_session.py::test_a_failing_limit_explains_itself")
def test_a_tighter_limit_fails_and_shows_the_worst_utterances(tmp_path: Path) -> None:
    limits = copied(tmp_path) / "fixtures" / "limits.yaml"
    limits.write_text(limits.read_text() + "  - {metric: wer, max: 0.0001}\n")
    session = run("--lab-model", "*base", "--lab-device", "cpu", reports=tmp_path / "reports", cwd=tmp_path)
    assert session.code == 1
    line = len(limits.read_text().splitlines())
    assert f"limit <= 0.01 % (fixtures/limits.yaml:{line}), over by" in session.output
    assert "worst of 5 utterances:" in session.output
    assert "REF: " in session.output
    assert "rerun: pytest 'suites/test_10_asr.py::test_wer[faster-whisper-base:cpu:smoke-en]'" in session.output


def test_collecting_the_suites_imports_no_heavy_library(tmp_path: Path) -> None:
    """Neither where the catalog is read for the first time nor where it comes from the cache."""
    code = (
        "import sys, pytest; assert pytest.main(['--collect-only', '-q', 'suites']) == 0;"
        "print(sorted({'torch', 'ctranslate2', 'faster_whisper', 'transformers', 'matplotlib', 'av', 'numpy', 'jiwer',"
        "'huggingface_hub'} & set(sys.modules)))"
    )
    env = {**os.environ, "MODELLAB_CACHE": str(tmp_path)}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, env=env
        )
        # Stock plugins may import numpy on their own account; ours must not.
        assert done.stdout.splitlines()[-1] == "[]"
    assert list((tmp_path / "catalogs").iterdir())
