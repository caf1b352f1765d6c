"""Regressions: the answers and the speed of this run, utterance by utterance, against those that were saved as good."""

from collections.abc import Callable

import pytest

from pytest_modellab import Verdict

# Baselines are compared by WER, which needs words.
pytestmark = [pytest.mark.asr, pytest.mark.tts, pytest.mark.spoken]


def test_no_worse_than_the_baseline(no_worse: Callable[..., Verdict]) -> None:
    assert no_worse()


def test_no_slower_than_the_baseline(no_slower: Callable[..., Verdict]) -> None:
    assert no_slower()
