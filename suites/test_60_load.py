"""Recognition under load: accuracy and times at each level, against the limits of fixtures/limits.yaml."""

import pytest

from pytest_modellab import Limits, Run

pytestmark = pytest.mark.load


def test_calls_are_answered(run: Run, limits: Limits) -> None:
    assert run.success_rate >= limits.success_rate


@pytest.mark.spoken
@pytest.mark.bounded("wer")
def test_wer_under_load(run: Run, limits: Limits) -> None:
    assert run.wer <= limits.wer


@pytest.mark.bounded("load_p95_s")
def test_latency_under_load(run: Run, limits: Limits) -> None:
    assert run.load_p95_s <= limits.load_p95_s


@pytest.mark.bounded("load_rtfx")
def test_throughput(run: Run, limits: Limits) -> None:
    assert run.load_rtfx >= limits.load_rtfx


@pytest.mark.bounded("time_outs")
def test_nobody_waits_in_vain(run: Run, limits: Limits) -> None:
    assert run.time_outs <= limits.time_outs


@pytest.mark.bounded("live_streams")
def test_streams_keep_up(run: Run, limits: Limits) -> None:
    assert run.live_streams >= limits.live_streams
