"""Playback of pieces of speech as they come."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_modellab.tasks.playback import Playback, first_audible

RATE = 1_000


def tone(seconds: float, level: float = 0.5) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.full(round(seconds * RATE), level, dtype=np.float32)


SILENCE = tone(1.0, 0.0)


def test_leading_silence_counts() -> None:
    heard = Playback()
    heard.add(np.concatenate([tone(0.28, 0.0), tone(0.5)]), RATE, 0.1)
    assert heard.times() == {"first_audio_s": 0.1, "first_audible_s": pytest.approx(0.38), "stalled_s": 0.0}


def test_a_silent_piece_is_played_before_the_next() -> None:
    heard = Playback()
    heard.add(SILENCE, RATE, 0.1)
    heard.add(tone(0.5), RATE, 0.2)
    assert heard.first_piece_s == 0.1
    assert heard.first_audible_s == pytest.approx(1.1)
    assert heard.stalled_s == 0


def test_what_comes_too_late_stalls() -> None:
    heard = Playback()
    heard.add(tone(0.5), RATE, 0.1)
    heard.add(tone(0.5), RATE, 1.0)
    heard.add(tone(0.5), RATE, 1.1)
    assert heard.stalled_s == pytest.approx(0.4)


@pytest.mark.parametrize("pieces", [[], [tone(0, 0)], [SILENCE]])
def test_where_nothing_is_heard_there_is_no_time(pieces: list[np.ndarray[tuple[int], np.dtype[np.float32]]]) -> None:
    heard = Playback()
    for piece in pieces:
        heard.add(piece, RATE, 0.1)
    assert heard.first_audible_s is None


@pytest.mark.parametrize(
    ("level", "place"), [(0.5 * 10**-3, 0), (0.4 * 10**-3, 10)], ids=["at -60 dB of the peak", "below it"]
)
def test_audible_is_relative_to_the_peak_of_the_piece(level: float, place: int) -> None:
    assert first_audible(np.concatenate([tone(0.01, level), tone(0.01, 0.5)])) == place


def test_the_noise_floor_alone_is_silence() -> None:
    assert first_audible(tone(0.1, 0.9e-3)) is None
    assert first_audible(np.array([np.nan, 0.5], dtype=np.float32)) is None
