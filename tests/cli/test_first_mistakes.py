"""Mistakes of the first hour: each is told with what is wrong, where, what is allowed, and what to do next."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import Told
from fakeruns import FakeRuns

from pytest_modellab.cli.exits import Exit

Spoil = Callable[[FakeRuns], object]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


@pytest.fixture
def lab(runs: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> FakeRuns:
    """A catalog with a model, five recordings and a limit, in the folder that one stands in."""
    runs.texts = ("one fine day", "two fine days", "three fine days", "four", "five")
    runs.ready()
    runs.commanded(monkeypatch)
    return runs


def edit(name: str, old: str, new: str) -> Spoil:
    """A spoiler that edits a file of the catalog."""

    def spoil(lab: FakeRuns) -> None:
        path = lab.catalog / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return spoil


def write(name: str, text: str) -> Spoil:
    return lambda lab: (lab.catalog / name).write_text(text, encoding="utf-8")


MODEL, DATA, LIMITS = "models/fake.yaml", "datasets/clips.yaml", "limits.yaml"

CATALOG: dict[str, tuple[Spoil, str]] = {
    "a table as manifest": (
        edit(DATA, "clips.jsonl", "clips.csv"),
        r"lab/datasets/clips\.yaml:1: `manifest` is JSON Lines: clips\.csv is a table, `table: \{path: clips\.csv\}`",
    ),
    "usual devices that a devices.yaml hides": (
        write("devices.yaml", "schema: modellab.devices/1\ndevices: [{id: gpu0, kind: cuda}]\n"),
        r"lab/models/fake\.yaml:\d+: unknown device `cpu`; allowed: gpu0; devices\.yaml replaces the usual devices: add"
        r" `\{id: cpu, kind: cpu\}` to it",
    ),
    "a language that is none": (
        edit(DATA, "language: en", "language: xyzw"),
        r"lab/datasets/clips\.yaml:\d+: `language`: .*xyzw",
    ),
    "a limit on a model that there is not": (
        edit(LIMITS, "max: 0.1", "max: 0.1\n  model: fke*"),
        r"lab/limits\.yaml:\d+: no model matches `fke\*`; did you mean `fake`\? allowed: fake",
    ),
    "a percentage in place of a ratio": (
        edit(LIMITS, "max: 0.1", "max: 15"),
        r"lab/limits\.yaml:\d+: `limits\[0\]`: wer is a ratio: 0\.15 is 15 %, found 15",
    ),
    "a limit on a metric that there is not": (
        edit(LIMITS, "metric: wer", "metric: werr"),
        r"lab/limits\.yaml:\d+: unknown metric `werr`; did you mean `wer`\?",
    ),
    "two models of one id": (
        lambda lab: (lab.catalog / "models/a.yaml").write_text((lab.catalog / MODEL).read_text()),
        r"lab/models/fake\.yaml:2: duplicate id `fake` \(first in a\.yaml:2\); ids are unique|"
        r"lab/models/fake\.yaml:2: duplicate id `fake` \(first in a\.yaml\S*\); ids are unique",
    ),
    "a task that the engine does not do": (
        edit(MODEL, "tasks:\n- asr", "tasks:\n- tts"),
        r"lab/models/fake\.yaml:\d+: fake-for-tests does not do `tts`; allowed: asr",
    ),
    "an engine's file that is no Python": (
        lambda lab: (
            (lab.catalog / "models/e.py").write_text("class X(\n"),
            edit(MODEL, "engine: fake-for-tests", "engine: e.py:X")(lab),
        ),
        r"lab/models/fake\.yaml:\d+: the engine `e\.py:X` \(\S+\) can't be used: SyntaxError: .*line 1",
    ),
    "an engine that is not installed": (
        edit(MODEL, "engine: fake-for-tests", "engine: faster-wisper"),
        r"lab/models/fake\.yaml:\d+: no engine `faster-wisper` is installed; did you mean `faster-whisper`\?",
    ),
    "a digest that YAML takes for a number": (
        edit(MODEL, "tasks:", f"weights: {{files: {{model.bin: {{sha256: {'0' * 64}, size: 3}}}}}}\ntasks:"),
        r"lab/models/fake\.yaml:\d+: .*which YAML reads as the number 0; put it in quotes",
    ),
}


@pytest.mark.parametrize("mistake", CATALOG)
def test_of_the_catalog(mistake: str, lab: FakeRuns, told: Told) -> None:
    spoil, message = CATALOG[mistake]
    spoil(lab)
    told("models", code=Exit.WRONG)
    assert re.search(message, told.errors), told.errors


DATASETS: dict[str, tuple[Callable[[Path], object], str]] = {
    "keys of its own": (
        lambda path: path.write_text(path.read_text().replace('"text"', '"transcript"')),
        r"clips\.jsonl:1: `text` is missing or not text; a file with keys of its own is a table: `table: \{path: \.\.\."
        r", audio: audio_filepath, text: transcript\}` in place of `manifest`\n"
        r"\.\.\. and the same on the lines 2, 3, 4, 5",
    ),
    "an empty transcript": (
        lambda path: path.write_text(path.read_text().replace("three fine days", "")),
        r"clips\.jsonl:3: an empty reference can't be scored; give its words or remove the line",
    ),
    "a recording that is not there": (
        lambda path: (path.parent / "clips-1.wav").unlink(),
        r"clips\.jsonl:2: no audio file \S+clips-1\.wav",
    ),
    "recordings of an absolute path elsewhere": (
        lambda path: path.write_text(path.read_text().replace('"clips-', '"/elsewhere/clips-')),
        r"clips\.jsonl:1: /elsewhere/clips-0\.wav lies outside \S+; if it may be read, set `audio_root` in clips\.yaml",
    ),
}


@pytest.mark.parametrize("mistake", DATASETS)
def test_of_the_data(mistake: str, lab: FakeRuns, told: Told) -> None:
    spoil, message = DATASETS[mistake]
    spoil(lab.catalog / "datasets/clips.jsonl")
    assert re.search(message, told("data", "check", code=Exit.WRONG))


NOTED: dict[str, tuple[str, str]] = {
    "spk": ("spk", r"`spk` means nothing here, and is kept as an attribute of 5 utterances; did you mean `speaker`\?"),
    "speaker_id": ("speaker_id", r"`speaker_id` means nothing here.*did you mean `speaker`\?"),
    "locale": ("locale", r"`locale` means nothing here.*did you mean `language`\?"),
}


@pytest.mark.parametrize("key", NOTED)
def test_a_key_that_means_nothing_is_noted(key: str, lab: FakeRuns, told: Told) -> None:
    path = lab.catalog / "datasets/clips.jsonl"
    path.write_text(path.read_text().replace("}", f', "{key}": "a"}}'), encoding="utf-8")
    assert re.search(NOTED[key][1], told("data", "check"))


class TestCommands:
    def test_a_folder_that_the_ini_file_names_and_is_not_there(self, lab: FakeRuns, told: Told) -> None:
        lab.catalog.rename(lab.path / "moved")
        told("models", code=Exit.USAGE)
        assert "is not a folder\nBegin one with `modellab init FOLDER`" in told.errors

    def test_an_engine_of_the_current_folder(self, lab: FakeRuns, told: Told) -> None:
        (lab.path / "mine.py").write_text(
            "from modellab_fake_engine import FakeEngine\n\n\nclass Mine(FakeEngine):\n    pass\n", encoding="utf-8"
        )
        told("new-model", "mine.py:Mine", "mine")
        assert "engine: ../../mine.py:Mine\n" in (lab.catalog / "models/mine.yaml").read_text()
        told("models")

    def test_a_model_that_is_misspelt(self, lab: FakeRuns, told: Told) -> None:
        told("pull", "fkae", code=Exit.USAGE)
        assert "no model matches `fkae`; did you mean `fake`?" in told.errors

    def test_a_command_that_is_misspelt(self, capsys: pytest.CaptureFixture[str]) -> None:
        from pytest_modellab.cli import main

        assert main(("dcotor",)) == Exit.USAGE
        assert "did you mean `doctor`?" in capsys.readouterr().err

    def test_a_recording_at_another_speed(self, lab: FakeRuns, told: Told) -> None:
        import soundfile

        path = lab.catalog / "datasets/clips-4.wav"
        samples, _ = soundfile.read(path)
        soundfile.write(path, samples, 200)
        assert "is slower than speech" in told("data", "check")
