"""A release: made in a repository with real git, then spoiled in every way that `modellab verify` has to find."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fakelab import FakeLab
from releases import committed, edited, forged, git, keys, lines_of, the_record

from pytest_modellab.cli import main
from pytest_modellab.reports.release import bundle
from pytest_modellab.results import baseline
from pytest_modellab.results.record_files import read


class TestMaking:
    @pytest.mark.parametrize("workers", ["1", "2"])
    def test_what_is_required_ends_in_a_bundle_that_verifies(
        self, repository: FakeLab, workers: str, capfd: pytest.CaptureFixture[str]
    ) -> None:
        key, allowed = keys(repository.path.parent / f"{repository.path.name}-keys")
        sign = ["--sign", str(key)] if workers == "1" else []
        assert main(["release", "1.0", "-n", workers, *sign]) == 0
        made = repository.path / "reports" / "release-1.0.zip"
        said = capfd.readouterr().out
        assert "1 required cases, commit" in said
        assert said.rstrip().endswith(f"modellab release: passed: {made}")
        assert main(["verify", str(made), "--require", "lab", *(["--signed-by", str(allowed)] if sign else [])]) == 0
        said = capfd.readouterr().out
        assert not lines_of(said)
        assert ("signed by releases@example.org\n" if sign else "unsigned: nothing tells who made it") in said
        assert len(lines_of(said, "ok ")) == (17 if sign else 16)
        names = zipfile.ZipFile(made).namelist()
        assert {"release.json", "scorecard.json", "control-scorecard.json", "environment.json"} < set(names)
        assert sum(name.startswith("records/fake/asr/") for name in names) == 1

    def test_the_same_files_are_the_same_bundle(self, released: Path, tmp_path: Path) -> None:
        for name in ("a.zip", "b.zip"):
            bundle.pack(released, tmp_path / name)
        assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()

    def test_the_checksums_are_as_others_read_them(self, released: Path) -> None:
        assert (
            subprocess.run(["sha256sum", "-c", "--quiet", "checksums.sha256"], cwd=released, check=False).returncode
            == 0
        )

    def test_nothing_is_taken_from_an_earlier_session(self, repository: FakeLab) -> None:
        assert main(["release", "1.0", "-n", "1"]) == 0
        heard = len(repository.clips_heard())
        assert main(["release", "1.1", "-n", "1"]) == 0
        assert len(repository.clips_heard()) == 2 * heard

    @pytest.mark.parametrize("name", ["lab/models/new.yaml", "lab/limits.yaml"])
    def test_a_tree_that_is_not_committed_is_refused(
        self, repository: FakeLab, name: str, capfd: pytest.CaptureFixture[str]
    ) -> None:
        with (repository.path / name).open("a") as file:
            file.write("\n# a comment\n")
        if name.endswith("new.yaml"):
            text = (repository.path / "lab/models/fake.yaml").read_text()
            (repository.path / name).write_text(text.replace("id: fake", "id: new"))
        assert main(["release"]) == 1
        said = capfd.readouterr()
        assert f"the working tree is not what is committed:\n  {'??' if 'new' in name else ' M'} {name}" in said.err
        assert not repository.clips_heard()

    @pytest.mark.parametrize(
        ("hide", "told"),
        [
            (("update-index", "--skip-worktree", "lab/limits.yaml"), "taken as unchanged: lab/limits.yaml"),
            (("update-index", "--assume-unchanged", "lab/limits.yaml"), "taken as unchanged: lab/limits.yaml"),
            (("rm", "-q", "--cached", "lab/limits.yaml"), "ignored: limits.yaml"),
        ],
    )
    def test_a_change_that_git_was_told_to_overlook_is_refused_as_well(
        self, repository: FakeLab, hide: tuple[str, ...], told: str, capfd: pytest.CaptureFixture[str]
    ) -> None:
        if hide[0] == "rm":
            with (repository.path / ".gitignore").open("a") as file:
                file.write("limits.yaml\n")
        git(repository.path, *hide)
        if hide[0] == "rm":
            git(repository.path, "add", ".gitignore")
            git(repository.path, "commit", "-qm", "without limits")
        repository.limits({"metric": "wer", "max": 0.95})
        assert main(["release"]) == 1
        assert f"the working tree is not what is committed:\n  {told}\n" in capfd.readouterr().err
        assert not repository.clips_heard()

    def test_a_required_case_that_cannot_run_is_told_before_anything_runs(
        self, repository: FakeLab, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
        repository.model("other", devices={"cpu": {}, "cuda": {}})
        repository.spec("release.yaml", {"schema": "modellab.release/1", "required": ["other:cuda:*"]})
        committed(repository)
        assert main(["release"]) == 1
        said = capfd.readouterr().err
        assert "required cases can't be run here:\n  other:cuda:clips: cuda: CUDA_VISIBLE_DEVICES='' hides" in said
        assert not repository.clips_heard()

    def test_a_required_case_that_there_is_not_is_told_with_its_line(
        self, repository: FakeLab, capfd: pytest.CaptureFixture[str]
    ) -> None:
        repository.spec("release.yaml", {"schema": "modellab.release/1", "required": ["fake:gpu:*"]})
        committed(repository)
        assert main(["release"]) == 1
        said = capfd.readouterr().err
        assert "lab/release.yaml:1: `required`: no case of the tier real_e2e matches `fake:gpu:*`" in said

    def test_without_a_list_of_what_is_required_there_is_no_release(
        self, repository: FakeLab, capfd: pytest.CaptureFixture[str]
    ) -> None:
        (repository.catalog / "release.yaml").unlink()
        assert main(["release"]) == 2
        assert "lab/release.yaml is missing" in capfd.readouterr().err

    def test_a_model_that_fails_ends_in_a_bundle_that_says_so(
        self, repository: FakeLab, capfd: pytest.CaptureFixture[str]
    ) -> None:
        repository.model(wrong={0: "nothing of the kind"})
        committed(repository)
        assert main(["release", "1.0", "-n", "1"]) == 1
        said = capfd.readouterr().out
        assert lines_of(said) == ["every required case passed its gates", "nothing was wrong when it was made"]
        assert main(["verify", str(repository.path / "reports" / "release-1.0-failed.zip")]) == 1

    def test_a_gate_that_cannot_fail_is_found(self, repository: FakeLab, capfd: pytest.CaptureFixture[str]) -> None:
        repository.limits({"metric": "success_rate", "min": 1.0})
        # A test of the WER would ask for a limit on it.
        repository.pytester.makepyfile(test_suite="def test_success(run):\n    assert run.success_rate >= 1.0\n")
        committed(repository)
        assert main(["release", "1.0", "-n", "1"]) == 1
        said = capfd.readouterr().out
        assert lines_of(said) == ["a model that is wrong on purpose is stopped in every required case"]
        assert "asr/fake:cpu:clips: a model that is wrong on purpose came out as pass: give it a limit" in said

    def test_what_is_not_required_may_be_left_out_and_is_named(
        self, repository: FakeLab, capfd: pytest.CaptureFixture[str]
    ) -> None:
        repository.model("other")
        committed(repository)
        assert main(["release", "1.0", "-n", "1", "--required-only"]) == 0
        assert "not run: asr/other:cpu:clips: left out by --required-only" in capfd.readouterr().out
        assert main(["release", "1.1", "-n", "1"]) == 0
        assert "not run" not in capfd.readouterr().out

    def test_a_catalog_that_the_ini_file_does_not_name(self, repository: FakeLab) -> None:
        repository.catalog.rename(repository.path / "other")
        repository.pytester.makeini("[pytest]\nmodellab_page = false\n")
        committed(repository)
        assert main(["--catalog", "other", "release", "1.0", "-n", "1"]) == 0
        assert "records/fake" in "".join(_names(repository, "1.0"))

    def test_one_that_a_baseline_cannot_tell_from_worse_is_named_and_stopped_only_where_that_is_asked(
        self, repository: FakeLab, capfd: pytest.CaptureFixture[str]
    ) -> None:
        suite = "def test_wer(run, limits):\n    assert run.wer <= limits.wer\n\n\n"
        # The control fails it as well, which the bundle's own limits do not tell.
        suite += "def test_baseline(no_worse):\n    assert no_worse()\n"
        assert repository.run().ret == 0
        assert main(["baseline", "save"]) == 0
        repository.pytester.makepyfile(test_suite=suite)
        repository.model(wrong={0: "one fine way"})
        committed(repository, "a word wrong, of fifteen")
        told = "asr/fake:cpu:clips: inconclusive: WER 0.0 % -> 6.7 %"
        assert main(["release", "1.0", "-n", "1"]) == 0
        assert f"not decided: {told}" in capfd.readouterr().out
        with zipfile.ZipFile(repository.path / "reports" / "release-1.0.zip") as made:
            assert told in str(json.loads(made.read("release.json"))["undecided"])
        asked = {"schema": "modellab.release/1", "required": ["fake:cpu:*"], "baselines": "required"}
        repository.spec("release.yaml", asked)
        committed(repository, "baselines have to tell")
        assert main(["release", "1.1", "-n", "1"]) == 1
        assert "FAIL no case is worse than its baseline" in capfd.readouterr().out

    def test_a_worse_model_than_the_baseline_is_stopped(
        self, repository: FakeLab, capfd: pytest.CaptureFixture[str]
    ) -> None:
        repository.spec(
            "release.yaml",
            {"schema": "modellab.release/1", "required": ["fake:cpu:*"], "baselines": "required"},
        )
        committed(repository)
        assert main(["release", "1.0", "-n", "1"]) == 1
        assert "asr/fake:cpu:clips: has no baseline; `modellab baseline save fake:cpu:clips`" in capfd.readouterr().out
        assert main(["baseline", "save"]) == 0
        capfd.readouterr()
        assert main(["release", "1.1", "-n", "1"]) == 1
        assert "?? reports/baselines/asr/fake-cpu-clips.jsonl" in capfd.readouterr().err
        committed(repository, "a baseline")
        assert main(["release", "1.1", "-n", "1"]) == 0
        assert any("baselines/asr/fake-cpu-clips.jsonl" in name for name in _names(repository, "1.1"))


def _names(lab: FakeLab, version: str) -> list[str]:
    return zipfile.ZipFile(lab.path / "reports" / f"release-{version}.zip").namelist()


def older(data: dict[str, Any]) -> None:
    made = datetime.fromisoformat(data["provenance"]["created"]) - timedelta(days=3)
    data["provenance"]["created"] = made.isoformat(timespec="milliseconds")


def loaded(data: dict[str, Any], seconds: float) -> None:
    data["timing"]["load_s"] = data["values"]["load_s"]["value"] = seconds


class TestVerifying:
    def test_a_record_that_is_missing(self, released: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = the_record(released)
        path.unlink()
        assert main(["verify", str(released)]) == 1
        said = capsys.readouterr().out
        assert f"       {path.relative_to(released)}: is missing" in said
        assert "       asr/fake:cpu:clips: there is no record of it" in said

    def test_a_number_that_was_edited(self, released: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = the_record(released)
        edited(path, lambda data: data["values"]["wer"].update(value=0.01))
        assert main(["verify", str(released)]) == 1
        said = capsys.readouterr().out
        name = path.relative_to(released)
        assert f"       {name}: was changed after the bundle was made" in said
        assert f"       {name}: was changed after it was written; its figures can't be relied on" in said

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (lambda d: d["values"]["wer"].update(value=0.01), "says wer 0.01, its utterances come to 0.0"),
            (older, "is 3 days older than the release; at most 2 are allowed"),
            (lambda d: d["provenance"].update(commit="0" * 40), "is of commit 000000000000, the release of"),
            (lambda d: d["provenance"].update(dirty=True), "was made with uncommitted changes"),
            (lambda d: d["provenance"].update(session="x"), "is of another session, x"),
            (lambda d: d["provenance"].update(stands_again="2026-01-01"), "was not measured in this session"),
            (lambda d: d["provenance"].update(created="2999-01-01T00:00:00+00:00"), "is younger than the release"),
            (lambda d: d["provenance"].update(created="2026-01-01"), "its age is unknown"),
            (lambda d: d.update(limited_to=2), "only 2 utterances were run"),
            (lambda d: d.update(ran_on={"device": "cpu", "why": "x"}), "it ran on cpu (x)"),
            (lambda d: loaded(d, 0.5), "figures.load_s: says"),
            (lambda d: d["normalizer"].update(version="0"), "was scored with whisper-english 0, here is"),
        ],
    )
    def test_a_record_that_is_not_the_releases_own_though_everything_fits(
        self, released: Path, change: Callable[[dict[str, Any]], None], told: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        forged(released, change)
        assert main(["verify", str(released)]) == 1
        assert told in capsys.readouterr().out

    def test_a_record_that_is_there_twice(self, released: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = the_record(released)
        shutil.copyfile(path, path.with_name(f"20{path.name}"))
        bundle.seal(released)
        assert main(["verify", str(released)]) == 1
        assert "asr/fake:cpu:clips: there are 2 records of it" in capsys.readouterr().out

    def test_a_baseline_that_it_is_worse_than(self, released: Path, capsys: pytest.CaptureFixture[str]) -> None:
        record = read(the_record(released))
        saved = baseline.place(record, released / "baselines")
        baseline.write_lines(saved, [baseline.of(record).head.model_copy(update={"dataset": "another"})])
        bundle.seal(released)
        assert main(["verify", str(released)]) == 1
        assert (
            "asr/fake:cpu:clips: fake:cpu:clips: the data changed since the baseline was saved"
            in capsys.readouterr().out
        )

    @pytest.mark.parametrize("name", ["scorecard.json", "control-scorecard.json"])
    def test_a_scorecard_that_is_gone_or_none(
        self, released: Path, name: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (released / name).write_text("{}")
        assert main(["verify", str(released)]) == 1
        assert f"       {name}: is no scorecard" in capsys.readouterr().out
        (released / name).unlink()
        assert main(["verify", str(released)]) == 1
        assert f"       {name}: can't be read" in capsys.readouterr().out

    def test_a_file_that_was_added(self, released: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (released / "more.txt").write_text("x")
        assert main(["verify", str(released)]) == 1
        assert "       more.txt: was not in the bundle when it was made" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("spoil", "told"),
        [
            (lambda path: path.unlink(), "no such file"),
            (lambda path: path.write_bytes(b"x"), "is no bundle of a release"),
            (lambda path: _damaged(path), "is no bundle of a release"),
            (lambda path: _zip(path, "../x"), "the member `../x` would leave the bundle's folder"),
            (lambda path: _zip(path, "/x"), "the member `/x` would leave the bundle's folder"),
            (lambda path: _zip(path, "x", "x"), "the member `x` is there twice"),
            (lambda path: _zip(path, "x"), "release.json: can't be read"),
            (lambda path: _zip(path, "release.json"), "release.json: not a modellab.release-bundle/2"),
        ],
    )
    @pytest.mark.filterwarnings("ignore:Duplicate name")
    def test_what_is_no_bundle(
        self, tmp_path: Path, spoil: Callable[[Path], Any], told: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "release.zip"
        path.touch()
        spoil(path)
        assert main(["verify", str(path)]) == 1
        assert told in capsys.readouterr().err


def _damaged(path: Path) -> None:
    """A member whose compressed bytes are no longer what zlib wrote."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("release.json", "x" * 10_000)
    data = bytearray(path.read_bytes())
    data[44:50] = b"\xff" * 6
    path.write_bytes(data)


def _zip(path: Path, *names: str) -> None:
    with zipfile.ZipFile(path, "w") as made:
        for name in names:
            made.writestr(name, "x")
