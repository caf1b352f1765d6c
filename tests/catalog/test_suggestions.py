"""What a message says is allowed: all of it where that is a line or two, else what is most alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_modellab.catalog.errors import MOST_LISTED, suggest
from pytest_modellab.cli import main
from pytest_modellab.cli.exits import Exit

CASES = [f"model-{model}:{device}:set-{number}" for model in "ab" for device in ("cpu", "cuda") for number in range(50)]


def test_few_are_all_listed_in_order() -> None:
    assert suggest("gpu", ["mps", "cpu", "cuda"]) == "did you mean `cpu`? allowed: cpu, cuda, mps"
    assert suggest("x", []) == "allowed: (nothing)"
    names = [f"n{i:02}" for i in range(MOST_LISTED)]
    assert suggest("x", names) == f"allowed: {', '.join(names)}"


def test_of_many_those_most_alike_are_with_the_number_of_the_others() -> None:
    said = suggest("model-a:cpu:set7", CASES)
    assert said.startswith("did you mean `model-a:cpu:set-7`? allowed: model-a:cpu:set-7, ")
    assert said.endswith(", and 192 more")
    assert len(said) < 300


def test_a_glob_that_matches_none_of_hundreds_of_cases_is_told_in_a_few_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    assert main(["why", "whisper-bse:cpu:smoke-en"]) == Exit.USAGE
    said = capsys.readouterr().err
    assert "no case matches `whisper-bse:cpu:smoke-en`; did you mean `" in said
    assert "faster-whisper-base:cpu:smoke-en" in said
    assert len(said) < 1_000
