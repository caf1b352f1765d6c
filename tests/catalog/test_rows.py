"""Problems of a data set's rows, as they are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_modellab.catalog.datasets.rows import MOST_ALIKE, MOST_PROBLEMS, Rows, folded
from pytest_modellab.catalog.datasets.utterance import DatasetError
from pytest_modellab.catalog.specs import DatasetSpec

MANY = MOST_ALIKE + 5


def told(problems: list[str], tmp_path: Path) -> list[str]:
    spec = DatasetSpec.model_validate(
        {"schema": "modellab.dataset/1", "id": "talk", "tasks": ["asr"], "tiers": [], "manifest": "talk.jsonl"}
    )
    rows = Rows(spec, "")
    rows.problems = list(problems)
    with pytest.raises(DatasetError) as caught:
        rows.checked("")
    return str(caught.value).splitlines()[1:]


def test_no_more_than_twenty_are_listed(tmp_path: Path) -> None:
    found = told([f"talk.jsonl:{i}: wrong {'very ' * i}" for i in range(MOST_PROBLEMS + 5)], tmp_path)
    assert found[MOST_PROBLEMS:] == ["... and 5 more"]


@pytest.mark.parametrize(
    "problem",
    [
        "/data/x/talk.jsonl:{i}: /disk/{i}.wav lies outside /data; set `audio_root`",
        "/data/{i}.wav: no {i}.txt beside it with the reference",
        "talk.csv:{i}: no audio file /data/{i}.wav",
        "s3://bucket/talk.jsonl:{i}: `duration` is {i}.50 s, but /x/{i}.wav has 2.00 s; correct it, or leave it out",
    ],
)
def test_what_differs_by_line_and_file_alone_is_of_one_kind(problem: str, tmp_path: Path) -> None:
    found = told([problem.format(i=i) for i in range(MANY)], tmp_path)
    assert found == [*(problem.format(i=i) for i in range(3)), f"... and the same in {MANY - 3} more"]


def test_a_few_of_a_kind_are_told_one_by_one() -> None:
    problems = [f"x:{i}: /a/{i}.wav is wrong" for i in range(MOST_ALIKE)]
    assert folded(problems) == problems


def test_the_same_on_other_lines_is_told_once_with_the_lines() -> None:
    problems = [f"/data/talk.jsonl:{i}: `text` is missing or not text" for i in (1, 2, 5, 7)]
    assert folded(problems) == [problems[0], "... and the same on the lines 2, 5, 7"]


def test_kinds_stay_apart() -> None:
    problems = [f"x:{i}: /a/{i}.wav is wrong" for i in range(MANY)] + ["x:99: other"]
    assert folded(problems)[-2:] == [f"... and the same in {MANY - 3} more", "x:99: other"]
