"""Dialogue: whether replies are right, when they come, and whether silence is left alone."""

import pytest

from pytest_modellab import Limits, Run

pytestmark = pytest.mark.chat


def test_success_rate(run: Run, limits: Limits) -> None:
    assert run.success_rate >= limits.success_rate


@pytest.mark.spoken
@pytest.mark.bounded("answer_accuracy")
def test_answers(run: Run, limits: Limits) -> None:
    assert run.answer_accuracy >= limits.answer_accuracy


@pytest.mark.spoken
@pytest.mark.bounded("context_kept")
def test_what_was_said_before_is_remembered(run: Run, limits: Limits) -> None:
    assert run.context_kept >= limits.context_kept


@pytest.mark.spoken
@pytest.mark.bounded("missed_replies")
def test_everything_is_replied_to(run: Run, limits: Limits) -> None:
    assert run.missed_replies <= limits.missed_replies


@pytest.mark.bounded("replies_to_noise")
def test_silence_is_left_alone(run: Run, limits: Limits) -> None:
    assert run.replies_to_noise <= limits.replies_to_noise


@pytest.mark.spoken
@pytest.mark.bounded("onset_p95_s")
def test_the_reply_begins_soon(run: Run, limits: Limits) -> None:
    assert run.onset_p95_s <= limits.onset_p95_s


@pytest.mark.spoken
@pytest.mark.bounded("latency_p95_s")
def test_the_reply_is_over_soon(run: Run, limits: Limits) -> None:
    assert run.latency_p95_s <= limits.latency_p95_s


def test_load_time(run: Run, limits: Limits) -> None:
    assert run.load_s <= limits.load_s
