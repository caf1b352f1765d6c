"""Clips without speech: made as they are described, the same every time."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from catalogs import write_catalog

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog.datasets import Dataset, prepare
from pytest_modellab.catalog.datasets.made import MadeRecording
from pytest_modellab.catalog.errors import CatalogError
from pytest_modellab.catalog.load import load
from pytest_modellab.catalog.specs import Sound
from pytest_modellab.core import audio

SOUNDS: tuple[Sound, ...] = ("white", "pink", "hum", "music")

SPEC = """\
schema: modellab.dataset/1
id: quiet
tasks: [asr]
tiers: [smoke]
language: en
made:
  - {id: nothing, sound: silence, seconds: 2}
  - {id: hiss, sound: white, seconds: 2, dbfs: -30, seed: 7}
"""


def prepared(folder: Path, text: str = SPEC) -> Dataset:
    catalog = load(write_catalog(folder, datasets=(), files={"datasets/quiet.yaml": text, "limits.yaml": None}))
    return prepare(catalog.datasets["quiet"], catalog, Store(folder / "cache"))


class TestRecording:
    @pytest.mark.parametrize("sound", SOUNDS)
    @pytest.mark.parametrize("rate", [8_000, 16_000, 24_000])
    def test_length_level_and_scale(self, sound: Sound, rate: int) -> None:
        recording = MadeRecording(sound, 3.0, -25.0, 1)
        samples = recording.samples(rate)
        assert samples.dtype == np.float32
        assert samples.shape == (3 * rate,)
        assert recording.seconds == 3.0
        rms = math.sqrt(float(np.mean(np.square(samples, dtype=np.float64))))
        assert 20 * math.log10(rms) == pytest.approx(-25, abs=0.01)
        assert np.abs(samples).max() <= 1

    def test_silence_is_silent(self) -> None:
        assert not MadeRecording("silence", 1.0, None, 0).samples(16_000).any()

    @pytest.mark.parametrize("sound", SOUNDS)
    def test_the_same_seed_is_the_same_sound_and_another_is_not(self, sound: Sound) -> None:
        first, again, other = (MadeRecording(sound, 1.0, -30.0, seed) for seed in (1, 1, 2))
        assert (first.samples(16_000) == again.samples(16_000)).all()
        assert (first.samples(16_000) != other.samples(16_000)).any()
        assert first.identity == again.identity != other.identity

    def test_white_noise_is_flat_and_pink_noise_falls_by_3_db_an_octave(self) -> None:
        def octaves(sound: Sound) -> list[float]:
            power = np.square(np.abs(np.fft.rfft(MadeRecording(sound, 20.0, -30.0, 3).samples(16_000))))
            hertz = np.fft.rfftfreq(20 * 16_000, 1 / 16_000)
            bands = [power[(hertz >= low) & (hertz < 2 * low)].mean() for low in (125, 250, 500, 1000, 2000)]
            return [10 * math.log10(b / a) for a, b in itertools.pairwise(bands)]

        assert octaves("white") == pytest.approx([0, 0, 0, 0], abs=0.5)
        assert octaves("pink") == pytest.approx([-3, -3, -3, -3], abs=0.5)

    def test_a_level_without_room_for_the_peaks_is_refused(self) -> None:
        with pytest.raises(audio.AudioError, match=r"white at -3 dBFS peaks .* dB over full scale; give it a lower"):
            MadeRecording("white", 1.0, -3.0, 0).samples(16_000)

    @pytest.mark.parametrize("seconds", [0.1, 0.3, 1.21])
    @pytest.mark.parametrize("sound", SOUNDS)
    def test_however_short(self, sound: Sound, seconds: float) -> None:
        samples = MadeRecording(sound, seconds, -40.0, 0).samples(16_000)
        assert len(samples) == max(1, round(16_000 * seconds))
        assert np.isfinite(samples).all()


class TestDataset:
    def test_its_references_are_empty(self, tmp_path: Path) -> None:
        dataset = prepared(tmp_path)
        assert [(u.id, u.text, u.kind, u.language) for u in dataset.utterances] == [
            ("nothing", "", "silence", "en"),
            ("hiss", "", "white", "en"),
        ]
        assert not dataset.spec.spoken

    def test_silence_that_is_meant_is_no_finding(self, tmp_path: Path) -> None:
        for utterance in prepared(tmp_path).utterances:
            assert audio.check(utterance.samples(16_000), 16_000, utterance.text) == []
        silence = np.zeros(16_000, dtype=np.float32)
        assert [finding.kind for finding in audio.check(silence, 16_000)] == ["silence"]

    @pytest.mark.parametrize("change", [("seed: 7", "seed: 8"), ("-30", "-31"), ("white", "pink"), ("2, db", "3, db")])
    def test_every_part_of_a_sound_is_in_the_fingerprint(self, tmp_path: Path, change: tuple[str, str]) -> None:
        changed = prepared(tmp_path / "b", SPEC.replace(*change))
        assert changed.fingerprint != prepared(tmp_path / "a").fingerprint

    @pytest.mark.parametrize(
        ("old", "new", "told"),
        [
            (", dbfs: -30", "", "quiet.yaml:8: `made[1]`: `white` needs a level, such as `dbfs: -30`"),
            (
                "silence, sec",
                "silence, dbfs: -50, sec",
                "quiet.yaml:7: `made[0]`: silence has no level: leave `dbfs` out",
            ),
            ("sound: white", "sound: brown", "quiet.yaml:8: "),
            ("id: hiss", "id: nothing", "quiet.yaml:8: duplicate clip id `nothing` (first on line 7)"),
            ("language: en", "glossary: [x]", "`glossary` and `names` go with speech, not with `made`"),
            (
                "language: en",
                "manifest: a.jsonl",
                "give exactly one of `manifest`, `folder`, `clips`, `recipe`, `derive`, `cuts`, `made`",
            ),
        ],
    )
    def test_what_is_wrong_is_told_with_its_line(self, tmp_path: Path, old: str, new: str, told: str) -> None:
        with pytest.raises(CatalogError) as caught:
            prepared(tmp_path, SPEC.replace(old, new))
        assert told in str(caught.value)
