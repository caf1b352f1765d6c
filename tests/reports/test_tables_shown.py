"""Records in tables on pages, in releases and among kept results: as those that hold their utterances."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from fakeruns import FakeRuns
from pages import card, rendered, spoken
from releases import release
from tabled import answered_anew, made, tables_from

from pytest_modellab.reports.explanation import explain
from pytest_modellab.reports.release.checks import verify
from pytest_modellab.reports.scorecard.results import keep, load
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import files_of, read, write
from pytest_modellab.results.verdicts import Status, Verdict


def page(folder: Path, *records: Record) -> str:
    found = card(folder, *records).model_copy(update={"created": "2026-01-02T03:04:05+00:00"})
    return rendered(folder, found).replace(str(folder), "reports")


def test_the_page_is_the_same(tmp_path: Path) -> None:
    with tables_from(10_000):
        before = made(150, languages=("en", "de"))
        after = answered_anew(before, 1, id="fedcba98", case=before.case.model_copy(update={"model": "other"}))
        plain = page(tmp_path / "plain", before, after)
    with tables_from(10):
        assert page(tmp_path / "tables", before, after) == plain


def test_speech_with_faults_is_shown(tmp_path: Path) -> None:
    voice = spoken(tmp_path)
    with tables_from(1):
        assert "a long pause" in page(tmp_path, voice)


@pytest.mark.parametrize("metric", ["wer", "casing_error", "looped", "success_rate"])
def test_a_failing_verdict_is_explained_the_same(tmp_path: Path, metric: str) -> None:
    verdict = Verdict("asr/c", metric, "<=", 0.5, 0.1, Status.FAIL, "test")
    with tables_from(10_000):
        plain = made(80)
    with tables_from(10):
        stored = read(write(plain, tmp_path))
    assert explain([verdict], stored, "pytest") == explain([verdict], plain, "pytest")


def test_a_kept_result_is_one_file(tmp_path: Path) -> None:
    with tables_from(10):
        original = read(write(made(), tmp_path))
    keep([original], tmp_path / "results")
    ((kept, path),) = load(tmp_path / "results")
    assert path.name == "talk.json.gz"
    assert list(kept.utterances) == list(original.utterances)


def test_a_release_takes_tables_along_and_checks_them(releasing: FakeRuns, tmp_path: Path) -> None:
    with tables_from(3):
        done = release(releasing)
        assert done.passed, done.verified
        with zipfile.ZipFile(done.bundle) as packed:
            packed.extractall(tmp_path / "bundle")
        (path,) = (tmp_path / "bundle" / "records").rglob("*.json")
        _, table = files_of(path)
        assert verify(tmp_path / "bundle").good
        table.write_bytes(table.read_bytes()[:-1])
        told = [problem for check in verify(tmp_path / "bundle").checks for problem in check.problems]
    assert any(table.name in problem for problem in told)
