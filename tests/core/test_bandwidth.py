"""The effective bandwidth of sounds whose bandwidth is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pytest_modellab.core.metrics.bandwidth import bandwidth_hz, narrow
from pytest_modellab.core.metrics.speech import analyse_speech

CUTS = (3_400, 5_500, 8_000, 11_000)
RATES = (8_000, 16_000, 22_050, 24_000, 44_100)
PAIRS = [(rate, cut) for rate in RATES for cut in CUTS if cut < rate / 2]
NEAR = pytest.approx


def noise(seconds: float, rate: int, level: float = 0.1, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(0, level, round(seconds * rate)).astype(np.float32)


def low_passed(cut: float, rate: int, seconds: float = 2.0) -> NDArray[np.float32]:
    """Noise up to exactly `cut` Hz, that fades in and out."""
    sound = noise(seconds, rate)
    spectrum = np.fft.rfft(sound)
    spectrum[np.fft.rfftfreq(len(sound), 1 / rate) > cut] = 0
    fade = np.minimum(1, np.minimum(np.arange(len(sound)), np.arange(len(sound))[::-1]) / (0.05 * rate))
    made: NDArray[np.float32] = (np.fft.irfft(spectrum, len(sound)) * fade**3).astype(np.float32)
    return made


@pytest.mark.parametrize(("rate", "cut"), PAIRS)
class TestKnown:
    def test_it_is_found_within_five_percent(self, rate: int, cut: int) -> None:
        assert bandwidth_hz(low_passed(cut, rate), rate) == NEAR(cut, rel=0.05)

    def test_of_half_a_second_too(self, rate: int, cut: int) -> None:
        assert bandwidth_hz(low_passed(cut, rate, 0.5), rate) == NEAR(cut, rel=0.05)

    def test_silence_around_and_within_changes_nothing(self, rate: int, cut: int) -> None:
        silence, sound = np.zeros(rate, dtype=np.float32), low_passed(cut, rate)
        assert bandwidth_hz(np.concatenate([silence, sound, silence, sound, silence]), rate) == NEAR(cut, rel=0.05)

    @pytest.mark.parametrize("snr_db", [25, 40, 60])
    def test_nor_does_a_noise_floor_that_is_heard_in_pauses(self, rate: int, cut: int, snr_db: int) -> None:
        silence, sound = np.zeros(rate // 2, dtype=np.float32), low_passed(cut, rate)
        whole = np.concatenate([silence, sound, silence, sound, silence])
        floor = noise(len(whole) / rate, rate, float(sound.std()) * 10 ** (-snr_db / 20), seed=1)
        assert bandwidth_hz(whole + floor, rate) == NEAR(cut, rel=0.05)

    def test_nor_does_its_level(self, rate: int, cut: int) -> None:
        assert bandwidth_hz(low_passed(cut, rate) * np.float32(0.02), rate) == NEAR(cut, rel=0.05)


def test_a_single_click_is_no_bandwidth() -> None:
    sound = low_passed(3_400, 24_000, 4.0)
    sound[40_000] += 0.9
    assert bandwidth_hz(sound, 24_000) == NEAR(3_400, rel=0.05)


def test_a_hiss_that_speech_has_for_a_tenth_of_the_time_counts() -> None:
    sound = low_passed(4_000, 24_000, 4.0)
    sound[20_000:30_000] += low_passed(10_000, 24_000, 10_000 / 24_000) * np.float32(0.2)
    assert bandwidth_hz(sound, 24_000) == NEAR(10_000, rel=0.05)


def test_noise_over_the_whole_band_reaches_its_end() -> None:
    assert bandwidth_hz(noise(1.0, 24_000), 24_000) == 12_000


@pytest.mark.parametrize(("size", "there"), [(1, False), (1_535, False), (1_536, True), (1_537, True), (4_000, True)])
def test_it_takes_a_frame(size: int, there: bool) -> None:
    assert (bandwidth_hz(noise(1.0, 24_000)[:size], 24_000) is not None) is there


def test_silence_has_none() -> None:
    assert bandwidth_hz(np.zeros(1000, dtype=np.float32), 24_000) is None


@pytest.mark.parametrize(
    ("bandwidth", "rate", "fault"),
    [
        (4_012.0, 24_000, "its sample rate is 24 kHz, but there is nothing above 4.0 kHz"),
        (3_400.0, 22_050, "its sample rate is 22.05 kHz, but there is nothing above 3.4 kHz"),
        (6_000.0, 24_000, ""),
        (3_400.0, 8_000, ""),
        (None, 24_000, ""),
    ],
)
def test_a_voice_that_claims_twice_its_bandwidth_is_flawed(bandwidth: float | None, rate: int, fault: str) -> None:
    assert narrow(bandwidth, rate) == fault


def test_speech_is_told_its_bandwidth_and_that_it_is_narrow() -> None:
    text = "a sentence of some thirty letters"
    found = analyse_speech(low_passed(4_000, 24_000), 24_000, text)
    assert found.bandwidth_hz == NEAR(4_000, rel=0.05)
    assert found.faults == ["its sample rate is 24 kHz, but there is nothing above 4.1 kHz"]
    assert analyse_speech(low_passed(11_000, 24_000), 24_000, text).faults == []
