"""Word times and confidence against the limits of fixtures/limits.yaml."""

import pytest

from pytest_modellab import Limits, Run

pytestmark = pytest.mark.words


def test_success_rate(run: Run, limits: Limits) -> None:
    assert run.success_rate >= limits.success_rate


@pytest.mark.spoken
@pytest.mark.bounded("wer")
def test_wer(run: Run, limits: Limits) -> None:
    assert run.wer <= limits.wer


@pytest.mark.spoken
@pytest.mark.bounded("word_boundary_median_s")
def test_word_times_are_near_the_speech(run: Run, limits: Limits) -> None:
    assert run.word_boundary_median_s <= limits.word_boundary_median_s


@pytest.mark.spoken
@pytest.mark.bounded("boundaries_within_200ms")
def test_most_word_times_are_within_200_ms(run: Run, limits: Limits) -> None:
    assert run.boundaries_within_200ms >= limits.boundaries_within_200ms


@pytest.mark.spoken
@pytest.mark.bounded("boundaries_found")
def test_boundaries_are_found(run: Run, limits: Limits) -> None:
    assert run.boundaries_found >= limits.boundaries_found


@pytest.mark.bounded("untimed_words")
def test_every_word_has_a_time(run: Run, limits: Limits) -> None:
    assert run.untimed_words <= limits.untimed_words


@pytest.mark.spoken
@pytest.mark.bounded("words_in_silence")
def test_no_word_lies_in_silence(run: Run, limits: Limits) -> None:
    assert run.words_in_silence <= limits.words_in_silence


@pytest.mark.spoken
@pytest.mark.bounded("word_nce")
def test_confidence_tells_right_from_wrong(run: Run, limits: Limits) -> None:
    assert run.word_nce >= limits.word_nce
