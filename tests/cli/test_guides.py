"""Three questions, each answered by following one page of the documents from its top, with fake models."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import streamlab
import yaml
from commands import Told
from fakelab import FakeLab
from guides import commands, files

SAMPLES = 8000


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


@pytest.fixture
def repository(lab: FakeLab, monkeypatch: pytest.MonkeyPatch) -> FakeLab:
    """An empty repository of git: nothing of the lab but the way it runs pytest."""
    shutil.rmtree(lab.catalog)
    for path in lab.path.glob("*.*"):
        path.unlink()
    subprocess.run(["git", "init", "-q"], cwd=lab.path, check=True)
    monkeypatch.chdir(lab.path)
    # Its sessions run in this process, which may know a module of that name.
    monkeypatch.delitem(sys.modules, "test_speech", raising=False)
    return lab


def recording(path: Path, samples: int = SAMPLES) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).normal(0, 0.1, samples).astype(np.float32)
    soundfile.write(path, noise, 16_000, subtype="PCM_16")


class TestGateAMerge:
    def ready(self, lab: FakeLab, answer: str) -> None:
        """The files of the page, with a model that gives this answer."""
        for file in files("gate.md").values():
            file.write(lab.path)
        (model,) = (lab.path / "lab" / "models").iterdir()
        spec = {**yaml.safe_load(model.read_text()), "engine": "fake-for-tests", "devices": {"cpu": {}}}
        del spec["weights"]
        model.write_text(yaml.safe_dump({**spec, "options": {"answers": {str(SAMPLES): answer}}}))
        manifest = lab.path / "lab" / "datasets" / "calls.jsonl"
        for line in manifest.read_text().splitlines():
            recording(manifest.parent / json.loads(line)["audio_filepath"])

    def run(self, lab: FakeLab, told: Told, words: tuple[str, ...]) -> int:
        program, *arguments = words
        if program == "pytest":
            return int(lab.run(*arguments).ret)
        told(*arguments)
        return 0

    def test_every_step_works(self, repository: FakeLab, told: Told) -> None:
        self.ready(repository, "good morning")
        asked = commands("gate.md")
        assert [words[:2] for words in asked] == [
            ("modellab", "calibrate"),
            ("pytest", "-m"),
            ("modellab", "baseline"),
            ("modellab", "hook"),
            ("pytest", "-m"),
        ]
        # Five sessions take long, and two show as much.
        for words in asked:
            assert self.run(repository, told, tuple("2" if word == "5" else word for word in words)) == 0
        ignored = subprocess.run(["git", "status", "--short", "-uall", "reports"], capture_output=True, text=True)
        kept = [line.split()[-1] for line in ignored.stdout.splitlines()]
        assert kept
        assert all(name.startswith("reports/baselines/") for name in kept)

    def test_a_model_that_got_worse_is_stopped(self, repository: FakeLab, told: Told) -> None:
        self.ready(repository, "good mourning")
        assert self.run(repository, told, commands("gate.md")[-1]) == 1


class TestIsMyFineTuneBetter:
    TEXTS = tuple(f"call number {number} is about the bill of last month" for number in range(12))

    def ready(self, lab: FakeLab, told: Told, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
        """The models that the page makes, then fakes in their place; what it then runs."""
        monkeypatch.setattr(lab, "texts", self.TEXTS)
        (lab.path / "pyproject.toml").write_text('[tool.pytest.ini_options]\nmodellab_catalog = "lab"\n')
        _, first, second, run, again = commands("better.md")
        assert run == again
        for words in (first, second):
            folder = lab.path / words[words.index("--weights") + 1]
            folder.mkdir(parents=True)
            (folder / "model.bin").write_bytes(b"weights")
            told(*words[1:])
        (lab.catalog / "datasets").mkdir()
        lab.dataset("calls")
        for file in files("better.md").values():
            file.write(lab.path)
        return run[1:]

    def test_one_that_is_as_good_passes_and_one_that_is_worse_fails(
        self, repository: FakeLab, told: Told, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        arguments = self.ready(repository, told, monkeypatch)
        repository.model("base")
        repository.model("tuned")
        assert repository.run(*arguments).ret == 0
        repository.model("tuned", wrong=dict.fromkeys(range(12), "call"))
        result = repository.run(*arguments)
        assert result.ret == 1
        result.stdout.fnmatch_lines(["*test_the_fine_tune_is_no_worse*tuned:cpu:calls*"])


class TestLiveCaptions:
    def test_the_use_case_is_answered(self, lab: FakeLab) -> None:
        lab.pytester.makepyfile(test_suite="")
        streamlab.streams(lab)
        streamlab.model(lab, tiers=("real_e2e",))
        shown = files("captions.md")
        shown["tests/test_captions.py"].write(lab.path)
        for name in ("datasets/our-captions.yaml", "profiles.yaml"):
            shown[name].write(lab.catalog)
        (lab.catalog / "datasets" / "numbers.jsonl").rename(lab.catalog / "datasets" / "talks.jsonl")
        (lab.catalog / "datasets" / "numbers.yaml").unlink()
        asked = [words for words in commands("captions.md") if "our-captions" in words]
        result = lab.run(*asked[0][1:])
        assert result.ret == 0, result.stdout.str()
        result.stdout.fnmatch_lines(["*live captions*"])
