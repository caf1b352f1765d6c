"""Speaker diarization: who spoke when, and who said what, against the limits of fixtures/limits.yaml."""

import pytest

from pytest_modellab import Limits, Run

pytestmark = pytest.mark.diarize


def test_success_rate(run: Run, limits: Limits) -> None:
    assert run.success_rate >= limits.success_rate


@pytest.mark.spoken
@pytest.mark.bounded("der")
def test_der(run: Run, limits: Limits) -> None:
    assert run.der <= limits.der


@pytest.mark.spoken
@pytest.mark.bounded("jer")
def test_jer(run: Run, limits: Limits) -> None:
    assert run.jer <= limits.jer


@pytest.mark.spoken
@pytest.mark.bounded("speaker_count_error")
def test_number_of_speakers(run: Run, limits: Limits) -> None:
    assert run.speaker_count_error <= limits.speaker_count_error


@pytest.mark.spoken
@pytest.mark.bounded("cpwer")
def test_words_by_speaker(run: Run, limits: Limits) -> None:
    assert run.cpwer <= limits.cpwer


@pytest.mark.bounded("rtf")
def test_rtf(run: Run, limits: Limits) -> None:
    assert run.rtf <= limits.rtf


def test_load_time(run: Run, limits: Limits) -> None:
    assert run.load_s <= limits.load_s


@pytest.mark.bounded("peak_rss_mb")
def test_peak_memory(run: Run, limits: Limits) -> None:
    assert run.peak_rss_mb <= limits.peak_rss_mb
