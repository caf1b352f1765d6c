"""Smoke: does each default model load, answer everything, and stay within sane bounds?"""

import pytest

from pytest_modellab import Run

pytestmark = pytest.mark.smoke


def test_every_utterance_is_answered(run: Run) -> None:
    assert run.success_rate >= 1.0


@pytest.mark.asr
@pytest.mark.tts
@pytest.mark.streaming
@pytest.mark.spoken
def test_something_is_recognised(run: Run) -> None:
    assert run.wer < 0.5
