"""Speech recognition: accuracy, speed and size against the limits of fixtures/limits.yaml."""

import pytest

from pytest_modellab import Limits, Run

pytestmark = pytest.mark.asr


def test_success_rate(run: Run, limits: Limits) -> None:
    assert run.success_rate >= limits.success_rate


@pytest.mark.spoken
@pytest.mark.bounded("wer")
def test_wer(run: Run, limits: Limits) -> None:
    assert run.wer <= limits.wer


@pytest.mark.spoken
@pytest.mark.bounded("cer")
def test_cer(run: Run, limits: Limits) -> None:
    assert run.cer <= limits.cer


@pytest.mark.bounded("rtf")
def test_rtf(run: Run, limits: Limits) -> None:
    assert run.rtf <= limits.rtf


@pytest.mark.bounded("latency_p95_s")
def test_latency_p95(run: Run, limits: Limits) -> None:
    assert run.latency_p95_s <= limits.latency_p95_s


def test_load_time(run: Run, limits: Limits) -> None:
    assert run.load_s <= limits.load_s


@pytest.mark.bounded("peak_rss_mb")
def test_peak_memory(run: Run, limits: Limits) -> None:
    assert run.peak_rss_mb <= limits.peak_rss_mb
