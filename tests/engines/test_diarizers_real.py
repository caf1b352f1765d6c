"""Diarization by real weights of conversations of real speakers: its errors, and that others count them the same."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import yaml
from debian import without_apt
from own_suites import copied

from pytest_modellab.catalog.load import load
from pytest_modellab.reports.exports.segments import as_segments
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import read
from pytest_modellab.tasks.diarize.words import COLLAR_S

ROOT = Path(__file__).parents[2]
DATASET = "conversations-en"
PLAIN, WITH_WORDS = "voice-clusters", "voice-clusters-tiny.en"
FEW = 6
"""Conversations, in place of the data set's twenty."""


def modellab(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pytest_modellab.cli", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def session(folder: Path, model: str, *more: str, cwd: Path = ROOT) -> Record:
    """The record of a session of the catalog's own suite, with its reports in `folder`."""
    archive = load(ROOT / "fixtures", ROOT).datasets["acted-en"].archives["audio"]
    if why := without_apt(str(archive.deb)):
        pytest.skip(why)
    command = [sys.executable, "-m", "pytest", "suites/test_70_diarize.py", "-m", "real_e2e", *more]
    told = ["-p", "no:cacheprovider", "-o", "modellab_page=false", f"--lab-report={folder}"]
    chosen = ["--lab-dataset", DATASET, "--lab-model", model]
    done = subprocess.run([*command, *told, *chosen], cwd=cwd, capture_output=True, text=True, check=False)
    # What depends on the machine, and on nothing else, may fail.
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    found = [read(path) for path in (folder / "runs").rglob("*.json")]
    (record,) = (each for each in found if each.case.model == model)
    return record


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def records(reports: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Record]:
    """Of six conversations, and of the first of them with words."""
    folder = copied(tmp_path_factory.mktemp("few"))
    path = folder / "fixtures" / "datasets" / f"{DATASET}.yaml"
    spec = yaml.safe_load(path.read_text(encoding="utf-8"))
    spec["form"]["conversations"]["count"] = FEW
    path.write_text(yaml.safe_dump(spec), encoding="utf-8")
    return {
        PLAIN: session(reports, PLAIN, cwd=folder),
        WITH_WORDS: session(reports, WITH_WORDS, "--lab-max-utterances", "1", cwd=folder),
    }


@pytest.fixture(scope="module")
def files(reports: Path, records: dict[str, Record], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The exported references and answers of the model without words."""
    folder = tmp_path_factory.mktemp("segments")
    found = folder / "reference.rttm", folder / "answer.rttm"
    for path, more in zip(found, (("--references",), ()), strict=True):
        modellab("export", "rttm", f"{PLAIN}:*", *more, "--reports", str(reports), "-o", str(path))
    return found


def by_pyannote(reference: Path, answer: Path, record: Record) -> tuple[Any, Any]:
    """The metrics of two RTTM files, over the whole of each recording."""
    core = pytest.importorskip("pyannote.core")
    kinds = pytest.importorskip("pyannote.metrics.diarization")

    def annotations(path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
            _, name, _, onset, lasts, _, _, speaker, *_ = line.split()
            place = core.Segment(float(onset), float(onset) + float(lasts))
            found.setdefault(name, core.Annotation())[place, number] = speaker
        return {name: each.support() for name, each in found.items()}

    truth, guess = annotations(reference), annotations(answer)
    der, jer = kinds.DiarizationErrorRate(), kinds.JaccardErrorRate()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for row in record.utterances:
            uem = core.Timeline([core.Segment(0, row.audio_s)])
            for metric in (der, jer):
                metric(truth[row.id], guess.get(row.id, core.Annotation()), uem=uem)
    return der, jer


@pytest.mark.nightly("tests/engines/test_diarizers_real.py::test_the_baseline_has_a_der_with_an_interval")
def test_the_baseline_has_a_der_with_an_interval_on_twenty_conversations(tmp_path: Path) -> None:
    assert_plausible(session(tmp_path, PLAIN), conversations=20)


def test_the_baseline_has_a_der_with_an_interval(records: dict[str, Record]) -> None:
    assert_plausible(records[PLAIN], conversations=FEW)


def assert_plausible(record: Record, conversations: int) -> None:
    assert record.summary.utterances == record.summary.answered == conversations
    der, interval = record.value("der"), record.interval("der")
    assert der is not None
    assert interval is not None
    assert 0 < interval.low < der < interval.high < 0.6
    parts = [record.value(name) for name in ("missed_speech", "false_alarm_speech", "speaker_confusion")]
    assert sum(each or 0 for each in parts) == pytest.approx(der)


def test_pyannote_metrics_counts_the_same_from_the_exported_files(
    records: dict[str, Record], files: tuple[Path, Path]
) -> None:
    record = records[PLAIN]
    der, jer = by_pyannote(*files, record)
    assert record.value("der") == pytest.approx(abs(der), abs=1e-6)
    for name, theirs in (
        *(("missed_speech", "missed detection"), ("false_alarm_speech", "false alarm")),
        ("speaker_confusion", "confusion"),
    ):
        assert record.value(name) == pytest.approx(der[theirs] / der["total"], abs=1e-6)
    # Its mean is over recordings, ours over all of their speakers.
    assert record.value("jer") == pytest.approx(jer[:]["speaker error"] / jer[:]["speaker count"], abs=1e-6)


def test_words_by_speaker_are_those_of_meeteval(records: dict[str, Record]) -> None:
    wer, io = pytest.importorskip("meeteval.wer"), pytest.importorskip("meeteval.io")
    record = records[WITH_WORDS]
    cpwer, tcpwer = record.value("cpwer"), record.value("tcpwer")
    assert cpwer is not None
    assert tcpwer is not None
    assert 0 < cpwer <= tcpwer < 1
    # Words are normalised as those of the record are, before it counts.
    normalize, sides = record.rules.of("en"), []
    for references in (True, False):
        segments = json.loads(as_segments([record], "seglst", references=references))
        sides.append(io.SegLST([{**each, "words": normalize(each.get("words", ""))} for each in segments]))
    assert cpwer == pytest.approx(wer.combine_error_rates(wer.cpwer(*sides)).error_rate)
    assert tcpwer == pytest.approx(wer.combine_error_rates(wer.tcpwer(*sides, collar=COLLAR_S)).error_rate)
