"""Speech synthesis: intelligibility, structure, quality and speed against the limits of fixtures/limits.yaml."""

import pytest

from pytest_modellab import Limits, Run

pytestmark = pytest.mark.tts


def test_success_rate(run: Run, limits: Limits) -> None:
    assert run.success_rate >= limits.success_rate


@pytest.mark.spoken
@pytest.mark.bounded("wer")
def test_intelligibility(run: Run, limits: Limits) -> None:
    """What the judge writes down from the speech, against the text."""
    assert run.wer <= limits.wer


@pytest.mark.bounded("flawed")
def test_structure(run: Run, limits: Limits) -> None:
    assert run.flawed <= limits.flawed


@pytest.mark.bounded("distillmos")
def test_predicted_quality(run: Run, limits: Limits) -> None:
    assert run.distillmos >= limits.distillmos


@pytest.mark.spoken
@pytest.mark.bounded("truncated")
def test_nothing_is_left_out_at_the_end(run: Run, limits: Limits) -> None:
    assert run.truncated <= limits.truncated


@pytest.mark.bounded("looped")
def test_nothing_is_said_over_and_over(run: Run, limits: Limits) -> None:
    assert run.looped <= limits.looped


@pytest.mark.bounded("rtf")
def test_rtf(run: Run, limits: Limits) -> None:
    assert run.rtf <= limits.rtf


@pytest.mark.bounded("first_audio_p95_s")
def test_first_audio(run: Run, limits: Limits) -> None:
    assert run.first_audio_p95_s <= limits.first_audio_p95_s


def test_load_time(run: Run, limits: Limits) -> None:
    assert run.load_s <= limits.load_s


@pytest.mark.bounded("peak_rss_mb")
def test_peak_memory(run: Run, limits: Limits) -> None:
    assert run.peak_rss_mb <= limits.peak_rss_mb
