"""Streaming recognition: accuracy, latency, steadiness and keeping up, against the limits of fixtures/limits.yaml."""

import pytest

from pytest_modellab import Limits, Run

pytestmark = pytest.mark.streaming


def test_success_rate(run: Run, limits: Limits) -> None:
    assert run.success_rate >= limits.success_rate


@pytest.mark.spoken
@pytest.mark.bounded("wer")
def test_wer_of_the_final_texts(run: Run, limits: Limits) -> None:
    assert run.wer <= limits.wer


@pytest.mark.spoken
@pytest.mark.bounded("streaming_loss")
def test_little_is_lost_against_the_whole_clip(run: Run, limits: Limits) -> None:
    assert run.streaming_loss <= limits.streaming_loss


@pytest.mark.spoken
@pytest.mark.bounded("early_partials")
def test_partial_results_come_while_somebody_speaks(run: Run, limits: Limits) -> None:
    assert run.early_partials >= limits.early_partials


@pytest.mark.spoken
@pytest.mark.bounded("unstable_words")
def test_what_is_shown_stays(run: Run, limits: Limits) -> None:
    assert run.unstable_words <= limits.unstable_words


@pytest.mark.spoken
@pytest.mark.bounded("first_partial_p95_s")
def test_first_partial(run: Run, limits: Limits) -> None:
    assert run.first_partial_p95_s <= limits.first_partial_p95_s


@pytest.mark.bounded("final_p95_s")
def test_final_text(run: Run, limits: Limits) -> None:
    assert run.final_p95_s <= limits.final_p95_s


@pytest.mark.spoken
@pytest.mark.bounded("endpoint_p95_s")
def test_the_end_of_speech_is_found_soon(run: Run, limits: Limits) -> None:
    assert run.endpoint_p95_s <= limits.endpoint_p95_s


@pytest.mark.spoken
@pytest.mark.bounded("early_cuts")
def test_nobody_is_cut_short(run: Run, limits: Limits) -> None:
    assert run.early_cuts <= limits.early_cuts


@pytest.mark.bounded("kept_up")
def test_it_keeps_up_with_the_speaker(run: Run, limits: Limits) -> None:
    assert run.kept_up >= limits.kept_up


@pytest.mark.bounded("reconnects")
def test_the_connection_holds(run: Run, limits: Limits) -> None:
    assert run.reconnects <= limits.reconnects


@pytest.mark.bounded("rtf")
def test_rtf(run: Run, limits: Limits) -> None:
    assert run.rtf <= limits.rtf


def test_load_time(run: Run, limits: Limits) -> None:
    assert run.load_s <= limits.load_s


@pytest.mark.bounded("peak_rss_mb")
def test_peak_memory(run: Run, limits: Limits) -> None:
    assert run.peak_rss_mb <= limits.peak_rss_mb
