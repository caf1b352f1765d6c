"""A checkpoint of OpenAI's package is written by an interpreter with torch, and read again before it counts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from ct2_files import model_bin, variables, whisper_folder

from pytest_modellab.assets.convert import WeightsDamaged, openai_whisper, whisper


def written(source: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit code of the program that `write` starts, run in this process."""
    pytest.importorskip("torch")
    monkeypatch.setattr(sys, "argv", ["openai_whisper", str(source), str(file)])
    return openai_whisper.main()


def test_what_is_written_is_what_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whisper_folder(tmp_path / "source", model_bin(variables()))
    assert written(tmp_path / "source", tmp_path / openai_whisper.FILE, monkeypatch) == 0
    import torch

    found = torch.load(tmp_path / openai_whisper.FILE, weights_only=True)
    model = whisper.read(tmp_path / "source")
    assert list(found["model_state_dict"]) == list(model.tensors)
    assert found["dims"]["n_mels"] == model.dims.n_mels


def test_a_damaged_source_is_refused_with_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whisper_folder(tmp_path / "source", model_bin(variables())[:-100])
    assert written(tmp_path / "source", tmp_path / openai_whisper.FILE, monkeypatch) != 0
    assert "model.bin is cut off in " in capsys.readouterr().err
    assert not (tmp_path / openai_whisper.FILE).exists()


def interpreter(folder: Path, script: str) -> str:
    """A program in the place of Python."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for Python is a script")
class TestProgram:
    def test_one_that_refuses_the_source_is_believed(self, tmp_path: Path) -> None:
        python = interpreter(tmp_path, f"echo 'model.bin is cut off' >&2; exit {openai_whisper._REFUSED}")
        with pytest.raises(WeightsDamaged, match=r"^model\.bin is cut off$"):
            openai_whisper.write(tmp_path / "source", tmp_path, python)

    def test_one_that_fails_is_told_by_its_last_lines(self, tmp_path: Path) -> None:
        python = interpreter(tmp_path, "for i in 1 2 3 4 5 6 7; do echo line $i >&2; done; exit 4")
        with pytest.raises(WeightsDamaged, match=r"could not be written as a checkpoint \(exit code 4\):\nline 3\n"):
            openai_whisper.write(tmp_path / "source", tmp_path, python)

    def test_one_that_succeeds_was_told_the_source_and_the_file(self, tmp_path: Path) -> None:
        openai_whisper.write(tmp_path / "source", tmp_path, interpreter(tmp_path, f'echo "$@" > {tmp_path}/told'))
        told = (tmp_path / "told").read_text().split()
        assert told == ["-P", "-m", openai_whisper.__name__, f"{tmp_path}/source", f"{tmp_path}/{openai_whisper.FILE}"]
