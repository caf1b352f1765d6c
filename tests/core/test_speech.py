"""What is told of speech by its samples, and that its sound is kept."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pytest_modellab.catalog.load import load
from pytest_modellab.core import audio_artifacts
from pytest_modellab.core.audio_artifacts import AudioArtifacts
from pytest_modellab.core.metrics.speech import analyse_speech
from pytest_modellab.core.text import TextRules
from pytest_modellab.engines.base import Speech
from pytest_modellab.tasks.tts.handler import joined

FIXTURES = Path(__file__).parents[2] / "fixtures"
RATE = 16_000
TEXT = "a sentence of some thirty letters"


def voice(seconds: float = 2.0, level: float = 0.1) -> NDArray[np.float32]:
    """Noise that fades at its end, as voices do."""
    samples = np.random.default_rng(0).normal(0, level, round(seconds * RATE))
    fade = round(0.1 * RATE)
    samples[-fade:] *= np.linspace(1, 0, fade) ** 3
    return np.clip(samples, -1, 1).astype(np.float32)


class TestLook:
    def test_a_voice_without_remark(self) -> None:
        found = analyse_speech(voice(), RATE, TEXT)
        assert found.faults == []
        assert found.audible
        assert found.seconds == 2.0
        assert found.longest_pause_s == 0

    def test_one_that_is_cut_off(self) -> None:
        whole = voice()
        assert analyse_speech(whole[: len(whole) * 2 // 3], RATE, TEXT).faults == [
            "it is cut off: the speech stops at full level"
        ]

    def test_a_pause_within_but_not_around(self) -> None:
        pause = np.zeros(RATE, dtype=np.float32)
        found = analyse_speech(np.concatenate([pause, voice(), pause / 2, voice(), pause]), RATE, TEXT * 3)
        assert found.longest_pause_s == pytest.approx(1.0, abs=0.1)
        assert found.silence == pytest.approx(3 / 7, abs=0.05)

    @pytest.mark.parametrize(
        ("samples", "fault"),
        [
            (np.zeros(2 * RATE, dtype=np.float32), "almost silent"),
            (np.clip(voice() * 50, -1, 1), "clipped"),
            (voice() * 0.5 + np.float32(0.2), "the mean is"),
            (voice(0.2), "faster than speech"),
            (voice(60), "slower than speech"),
            (np.zeros(0, dtype=np.float32), "nothing was said"),
        ],
        ids=["silent", "clipped", "offset", "short", "long", "none"],
    )
    def test_what_no_voice_does(self, samples: NDArray[np.float32], fault: str) -> None:
        assert any(fault in each for each in analyse_speech(samples, RATE, TEXT).faults)

    @pytest.mark.parametrize("text", ["", "  ", "...", "😀"])
    def test_nothing_for_no_words_is_no_fault(self, text: str) -> None:
        assert analyse_speech(np.zeros(0, dtype=np.float32), None, text).faults == []
        assert analyse_speech(np.zeros(RATE, dtype=np.float32), RATE, text).faults == []

    @given(st.integers(0, 3000), st.sampled_from([8_000, 22_050, 24_000]))
    def test_any_length_can_be_looked_at(self, size: int, rate: int) -> None:
        found = analyse_speech(np.full(size, 0.01, dtype=np.float32), rate, TEXT)
        assert found.seconds == size / rate
        assert found.silence is None or 0 <= found.silence <= 1


class TestJoined:
    def test_pieces_are_joined(self) -> None:
        samples, rate = joined([Speech(voice(0.5), RATE), Speech(voice(0.5), RATE)])
        assert rate == RATE
        assert len(samples) == 4 * RATE

    def test_none_at_all_is_silence(self) -> None:
        assert joined([]) == (b"", None)


class TestArtefacts:
    def test_sound_is_kept_once_and_comes_back(self, tmp_path: Path) -> None:
        sounds = AudioArtifacts(tmp_path)
        digest = sounds.keep(voice(), RATE)
        assert sounds.keep(voice(), RATE) == digest
        assert len(list(tmp_path.rglob("*.flac"))) == 1
        assert np.abs(sounds.samples(digest, RATE) - voice()).max() <= 1 / 32767

    def test_another_rate_is_another_sound(self, tmp_path: Path) -> None:
        assert AudioArtifacts(tmp_path).keep(voice(), RATE) != AudioArtifacts(tmp_path).keep(voice(), 22_050)

    def test_no_more_than_the_bound_stays(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        sounds = AudioArtifacts(tmp_path)
        digests = [sounds.keep(voice(1 + i / 10), RATE) for i in range(4)]
        monkeypatch.setattr(audio_artifacts, "KEPT_BYTES", 2.5 * sounds.path(digests[0]).stat().st_size)
        sounds.bound(digests)
        assert [sounds.path(digest).exists() for digest in digests] == [True, True, False, False]


def test_digits_that_are_spoken_one_by_one_are_one_number_to_whoever_writes_them_down() -> None:
    """Else every voice would be charged with as many errors as there are digits."""
    for dataset in load(FIXTURES).datasets.values():
        for prompt in dataset.prompts or ():
            words = TextRules("whisper-english").of("en")(prompt.reference).split()
            pairs = pairwise(words)
            assert not any(len(a + b) == 2 and (a + b).isdigit() for a, b in pairs), (dataset.id, prompt.id, words)
