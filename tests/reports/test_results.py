"""The latest results: records that are kept in the repository, and the page that is made of them."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from fakelab import FakeLab
from records import TIMING, record, utterance

from pytest_modellab.catalog import load
from pytest_modellab.cli import main
from pytest_modellab.core.schema_base import Failure
from pytest_modellab.reports.scorecard import results
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import RecordError, read

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))
import scoreboard  # noqa: E402  # a script beside the documents, in no package

REMAKE = "modellab results -o docs/results.md"


@pytest.mark.slow
def test_the_committed_page_is_what_the_committed_records_say() -> None:
    catalog = load(ROOT / "fixtures", ROOT)
    page = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    assert results.page(catalog, results.load(ROOT / "results")) == page, f"docs/results.md is out of date: {REMAKE}"


@pytest.mark.slow
def test_the_scoreboard_is_what_the_committed_records_say() -> None:
    page = scoreboard.README.read_text(encoding="utf-8")
    assert scoreboard.filled(page) == page, "README.md is out of date: python docs/scoreboard.py"
    assert "~" not in scoreboard.scoreboard()


def test_the_committed_records_are_whole_and_few_enough() -> None:
    found = results.load(ROOT / "results")
    assert found
    for each, path in found:
        assert each.seal is not None  # and holds, or it would not have been read
        assert path == results.place(ROOT / "results", each.case)
    assert sum(path.stat().st_size for _, path in found) <= results.MOST_BYTES


def test_the_reference_tells_how_large_they_may_be() -> None:
    reference = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert f"All together may have {results.MOST_BYTES / 1e6:g} MB;" in reference


def made(day: int = 1, **changes: Any) -> Record:
    whole = record(**{"seal": "0" * 64, **changes})  # as of a record that was read
    created = f"2026-01-{day:02}T03:04:05.678+00:00"
    return whole.model_copy(update={"provenance": whole.provenance.model_copy(update={"created": created})})


class TestKeep:
    def test_a_record_is_kept_whole(self, tmp_path: Path) -> None:
        (told,) = results.keep([made()], tmp_path)
        path = tmp_path / "asr" / "tiny" / "cpu" / "talk.json.gz"
        assert told == results.SavedResult("asr/tiny:cpu:talk", str(path))
        kept = read(path)
        assert kept.model_copy(update={"seal": None}) == made(seal=None)

    def test_the_same_record_is_the_same_file(self, tmp_path: Path) -> None:
        for name in ("a", "b"):
            results.keep([made()], tmp_path / name)
        a, b = (results.place(tmp_path / name, made().case).read_bytes() for name in ("a", "b"))
        assert a == b

    @pytest.mark.parametrize(("day", "stays"), [(1, 2), (2, 2), (3, 3)])
    def test_the_newer_stays(self, tmp_path: Path, day: int, stays: int) -> None:
        results.keep([made(2)], tmp_path)
        results.keep([made(day)], tmp_path)
        ((kept, _),) = results.load(tmp_path)
        assert kept.provenance.created == made(stays).provenance.created

    @pytest.mark.parametrize(
        ("bad", "why"),
        [
            (made(failure=Failure(kind="crash", message="no such file\nmore")), "the model failed: no such file"),
            (made(answered=0), "nothing was answered"),
            (made(seal=None), "it has no checksum (`seal`): changes can't be detected"),
        ],
    )
    def test_what_came_to_nothing_is_told_and_leaves_the_kept_one(self, tmp_path: Path, bad: Record, why: str) -> None:
        results.keep([made()], tmp_path)
        newer = bad.model_copy(update={"provenance": made(9).provenance})
        assert results.keep([newer], tmp_path) == [results.SavedResult("asr/tiny:cpu:talk", f"left out: {why}")]
        assert len(results.load(tmp_path)) == 1

    def test_too_much_is_refused_whole(self, tmp_path: Path) -> None:
        results.keep([made()], tmp_path)
        with pytest.raises(results.ResultsError, match=r"1 kB that may be committed; the largest: asr/"):
            results.keep([made(model="other"), made(2)], tmp_path, most=1_000)
        assert [each.provenance.created for each, _ in results.load(tmp_path)] == [made().provenance.created]

    def test_a_kept_record_that_was_changed_is_noticed(self, tmp_path: Path) -> None:
        results.keep([made()], tmp_path)
        path = results.place(tmp_path, made().case)
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b'"value": 0.1', b'"value": 0.0')))
        with pytest.raises(RecordError, match="was changed after it was written"):
            results.load(tmp_path)
        packed = path.read_bytes()
        path.write_bytes(gzip.compress(json.dumps({**json.loads(gzip.decompress(packed)), "seal": None}).encode()))
        with pytest.raises(RecordError, match=r"has no checksum \(`seal`\), so that changes can't be detected"):
            results.load(tmp_path)
        path.write_bytes(packed[:20])
        with pytest.raises(RecordError, match="can't be unpacked"):
            results.load(tmp_path)


class TestPage:
    def test_the_same_records_give_the_same_page_in_any_order(self, tmp_path: Path) -> None:
        catalog = load(ROOT / "fixtures", ROOT)
        results.keep([made(model="worse", wer=0.2), made(model="better", wer=0.1)], tmp_path)
        found = results.load(tmp_path)
        text = results.page(catalog, found)
        assert results.page(catalog, found[::-1]).split("## asr")[1] == text.split("## asr")[1]
        assert text.index("| better ") < text.index("| worse ")

    def test_figures_intervals_origin_and_noise_are_there(self, tmp_path: Path) -> None:
        noisy = TIMING.model_copy(update={"noisy": "others used 30% of the processors"})
        one = made(timing=noisy, utterances=[utterance()], words=100)
        one = one.model_copy(
            update={
                "provenance": one.provenance.model_copy(update={"dirty": True, "inputs": {"versions": {"x": "1.2"}}})
            }
        )
        results.keep([one], tmp_path)
        text = results.page(load(ROOT / "fixtures", ROOT), results.load(tmp_path))
        assert "| tiny    | cpu      | talk       | 10.0 % \\[n/a\\] | 5.0 % | 0.20 \\~ |" in text
        assert "~ timed on a noisy machine: `tiny:cpu:talk`: others used 30% of the processors" in text
        assert f"| `asr/tiny:cpu:talk` | 2026-01-01 | `{'b' * 12}` with changes | some, 2 cores, avx2, 9 GB |" in text
        assert "x 1.2" in text

    def test_what_is_of_other_data_is_told_and_not_compared(self, tmp_path: Path) -> None:
        old, new = made(model="old", wer=0.01, words=2000), made(model="new", wer=0.09, words=2000)
        origin = new.provenance.model_copy(update={"inputs": {**new.provenance.inputs, "dataset": "another"}})
        results.keep([old, new.model_copy(update={"provenance": origin})], tmp_path)
        text = results.page(load(ROOT / "fixtures", ROOT), results.load(tmp_path))
        assert "- `talk`: its recordings, references or normalisation have changed between these; only" in text
        assert (
            "| primary ASR | none | the 2 that pass with a grade above F share no data set to be compared on |" in text
        )

    def test_times_of_other_hardware_are_told(self, tmp_path: Path) -> None:
        found = []
        for name, sets in (("old", ["avx"]), ("one", ["avx", "avx2"]), ("two", ["avx", "avx2"])):
            each = made(model=name)
            hardware = {**each.provenance.hardware, "instruction_sets": sets}
            found.append(
                each.model_copy(update={"provenance": each.provenance.model_copy(update={"hardware": hardware})})
            )
        results.keep(found, tmp_path)
        text = results.page(load(ROOT / "fixtures", ROOT), results.load(tmp_path))
        told = "- of other hardware than most here: times can't be compared, nor answers of models that compute in int8"
        assert f"{told} (instruction sets avx, most avx, avx2): `old:cpu:talk`\n" in text
        assert "| some, 2 cores, avx avx2, 9 GB |" in text

    def test_without_records(self, tmp_path: Path) -> None:
        text = results.page(load(ROOT / "fixtures", ROOT), results.load(tmp_path))
        assert text.endswith("Nothing was measured yet.\n")

    def test_nothing_in_a_record_becomes_mark_up(self, tmp_path: Path) -> None:
        noisy = TIMING.model_copy(update={"noisy": "<b>x</b> | [y](z)\nmore"})
        results.keep([made(timing=noisy)], tmp_path)
        text = results.page(load(ROOT / "fixtures", ROOT), results.load(tmp_path))
        assert "\\<b\\>x\\</b\\> \\| \\[y\\](z)\n" in text
        assert "<b>" not in text.replace("\\<b\\>", "")


class TestCommand:
    def test_a_session_is_kept_and_shown(self, lab: FakeLab, capsys: pytest.CaptureFixture[str]) -> None:
        lab.ready().run()
        capsys.readouterr()
        assert main(["results", "save"]) == 0
        path = lab.path / "results" / "asr" / "fake" / "cpu" / "clips.json.gz"
        assert capsys.readouterr().out == f"asr/fake:cpu:clips: {path}\n"
        assert main(["results", "save"]) == 0
        assert capsys.readouterr().out == "asr/fake:cpu:clips: left out: what is kept is as new\n"
        # What is kept can be scored again by the code of now, and is then kept in its place.
        assert main(["rescore", str(path), "--write"]) == 0
        capsys.readouterr()
        assert main(["results", "save"]) == 0
        assert capsys.readouterr().out == f"asr/fake:cpu:clips: {path}\n"
        assert read(path).provenance.rescored is not None
        assert main(["results", "-o", "page.md"]) == 0
        assert capsys.readouterr().out == "page.md\n"
        assert main(["results"]) == 0
        assert capsys.readouterr().out == Path("page.md").read_text(encoding="utf-8")
        assert "| fake    | cpu      | clips      | 0.0 % " in Path("page.md").read_text(encoding="utf-8")

    def test_a_part_of_a_data_set_is_not_kept(self, lab: FakeLab, capsys: pytest.CaptureFixture[str]) -> None:
        lab.ready().run("--lab-max-utterances=2")
        assert main(["results", "save"]) == 2
        assert "no whole record of any case in " in capsys.readouterr().err

    def test_what_is_wrong_on_the_command_line(self, lab: FakeLab, capsys: pytest.CaptureFixture[str]) -> None:
        lab.ready().run()
        assert main(["results", "show", "fake:*"]) == 2
        assert "CASE is for `save`" in capsys.readouterr().err
        assert main(["results", "save", "other:*"]) == 2
        assert "no record of other:*" in capsys.readouterr().err
        (lab.path / "file").touch()
        assert main(["results", "-o", "file/page.md"]) == 2
        assert "can't be written" in capsys.readouterr().err
        assert main(["results", "save", "--folder", "file"]) == 1
        assert "nothing was kept: " in capsys.readouterr().err
