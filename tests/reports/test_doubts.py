"""Why grades may not last, over several cases."""

from __future__ import annotations

import pytest

from pytest_modellab.reports.scorecard.doubts import doubts, in_one
from pytest_modellab.reports.scorecard.grade import NOISY, Grade


@pytest.mark.parametrize(
    ("reasons", "told"),
    [
        ([], []),
        (["60 reference words, fewer than 5000"], ["60 reference words, fewer than 5000"]),
        (
            [
                "2897 reference words, fewer than 5000",
                "60 reference words, fewer than 5000",
                "5 utterances, fewer than 30",
            ],
            ["60 to 2897 reference words, fewer than 5000", "5 utterances, fewer than 30"],
        ),
        (["conditional on 1 speaker", "conditional on 3 speakers"], ["conditional on 1 to 3 speakers"]),
        (["conditional on 3 speakers", "conditional on 3 speakers"], ["conditional on 3 speakers"]),
        # Another bound, another unit, another share: three reasons.
        (["9 reference words, fewer than 300", "9 reference words, fewer than 5000"],) * 2,
        (["9 reference words, fewer than 300", "8 reference characters, fewer than 300"],) * 2,
        (["WER on calls may be beyond 10.0 %", "WER on calls may be beyond 12.0 %"],) * 2,
        (["WER on calls-3 may be beyond 10.0 %", "WER on calls-4 may be beyond 10.0 %"],) * 2,
        # Stored files may hold anything.
        ([f"{'9' * 5000} reference words, fewer than 300"],) * 2,
    ],
)
def test_reasons_that_differ_by_a_count_are_one(reasons: list[str], told: list[str]) -> None:
    assert in_one(reasons) == told


def test_the_noise_of_a_machine_is_told_apart() -> None:
    grades = [
        Grade(letter="A", provisional=("60 reference words, fewer than 5000", NOISY)),
        None,
        Grade(letter="B", provisional=("9 reference words, fewer than 5000",)),
    ]
    assert doubts(grades) == (["9 to 60 reference words, fewer than 5000"], True)
    assert doubts([None]) == ([], False)
