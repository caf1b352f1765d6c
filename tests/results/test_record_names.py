"""Cases of records by their files' names."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_modellab.results.record_names import case_named, may_match

PATH = Path("runs/tiny.en/asr/20260102T030405678-cpu-4-talk-long-0123abcd.json")


def test_the_name_of_a_record() -> None:
    assert case_named(PATH) == ("asr", "tiny.en", "cpu-4-talk-long")
    assert case_named(PATH.with_name("copy.json")) == ("asr", "tiny.en", "copy.json")


@pytest.mark.parametrize(
    ("globs", "may"),
    [
        ([], True),
        (["*"], True),
        (["tiny.en:cpu-4:talk-long"], True),
        # The name alone doesn't tell where the device's id ends.
        (["tiny.en:cpu:4-talk-long"], True),
        (["asr/tiny*", "none"], True),
        (["*:talk-*"], True),
        (["tts/*:*:*"], False),
        (["tiny:cpu-4:talk-long"], False),
        (["tiny.en:gpu:*"], False),
        (["base*"], False),
    ],
)
def test_what_it_may_be_of(globs: list[str], may: bool) -> None:
    assert may_match(case_named(PATH), globs) is may


def test_a_record_of_another_name_is_to_be_asked() -> None:
    assert may_match(case_named(PATH.with_name("copy.json")), ["base*"])
