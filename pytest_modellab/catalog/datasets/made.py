"""Synthetic clips without speech: all words in the answers to them are insertions.

Every sound is a function of its kind, length, level and seed. The noise comes from numpy's legacy generator, whose
stream is frozen (NEP 19), so that a clip is the same under every version of numpy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_modellab.core import audio

from .form import DatasetForm
from .utterance import Utterance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..specs import DatasetSpec, MadeSpec, Sound
    from .access import DatasetAccess

    Wave = NDArray[np.float64]

# Raised when a sound changes, so that results on the old one aren't taken for results on the new.
VERSION = 1

MAINS_HZ = 50.0
BEATS_PER_S = 1.75
# Semitones above the root of the key: the roots of I, V, vi and IV in a major key, of which most pop songs are made.
PROGRESSION = (0, 7, 9, 5)
TRIADS = {0: (0, 4, 7), 7: (0, 4, 7), 9: (0, 3, 7), 5: (0, 4, 7)}
ROOT_HZ = 130.81  # C3
PARTIALS = 6


def from_made(spec: DatasetSpec, made: tuple[MadeSpec, ...]) -> Sequence[Utterance]:
    """Utterances with empty references."""
    return tuple(
        Utterance(
            id=clip.id,
            text="",
            recording=MadeRecording(clip.sound, clip.seconds, clip.dbfs, clip.seed),
            language=spec.language,
            kind=clip.sound,
        )
        for clip in made
    )


@dataclass(frozen=True)
class MadeRecording:
    """A synthetic audio clip without speech.

    Attributes:
        sound: its kind.
        length_s: seconds.
        dbfs: root mean square against a constant full-scale signal; None for silence, whose samples are all 0.
        seed: which of many.
    """

    sound: Sound
    length_s: float
    dbfs: float | None
    seed: int

    @property
    def identity(self) -> tuple[Any, ...]:
        return "made", VERSION, self.sound, self.length_s, self.dbfs, self.seed

    @property
    def seconds(self) -> float:
        return self.length_s

    def samples(self, rate: int) -> NDArray[np.float32]:
        """Mono float32 of shape (n,) at `rate` Hz.

        Raises audio.AudioError where the level leaves no room for the sound's peaks.
        """
        import numpy as np

        n = max(1, round(self.length_s * rate))
        if self.dbfs is None:
            return np.zeros(n, dtype=np.float32)
        wave = _MAKERS[self.sound](n, rate, np.random.RandomState(self.seed))
        wave = wave - wave.mean()
        wave *= 10 ** (self.dbfs / 20) / math.sqrt(float(np.mean(np.square(wave))))
        peak = float(np.abs(wave).max())
        if peak > 1:
            raise audio.AudioError(
                f"{self.sound} at {self.dbfs:g} dBFS peaks {20 * math.log10(peak):.1f} dB over full scale;"
                " give it a lower `dbfs`"
            )
        samples: NDArray[np.float32] = wave.astype(np.float32)
        return samples


def _white(n: int, rate: int, random: np.random.RandomState) -> Wave:
    wave: Wave = random.standard_normal(n)
    return wave


def _pink(n: int, rate: int, random: np.random.RandomState) -> Wave:
    """Power falls with 1/f, down to 20 Hz: rain, wind, a ventilator."""
    import numpy as np

    spectrum = np.fft.rfft(random.standard_normal(n))
    frequency = np.fft.rfftfreq(n, 1 / rate)
    wave: Wave = np.fft.irfft(spectrum / np.sqrt(np.maximum(frequency, 20.0)), n)
    return wave


def _hum(n: int, rate: int, random: np.random.RandomState) -> Wave:
    """The mains and its harmonics, the odd ones stronger, as from a bad cable."""
    import numpy as np

    t = np.arange(n) / rate
    wave: Wave = np.zeros(n)
    for k in range(1, 11):
        strength = (1.0 if k % 2 else 0.3) / k
        wave += strength * np.sin(2 * math.pi * (k * MAINS_HZ * t + random.random_sample()))
    return wave


def _music(n: int, rate: int, random: np.random.RandomState) -> Wave:
    """A plucked chord on every beat, an arpeggio in eighths above it, a bass drum and a hi-hat."""
    import numpy as np

    beat = round(rate / BEATS_PER_S)
    wave: Wave = np.zeros(n)
    key = ROOT_HZ * 2 ** (int(random.randint(12)) / 12)

    def add(start: int, sound: Wave) -> None:
        wave[start : start + len(sound)] += sound[: max(0, n - start)]

    for i, start in enumerate(range(0, n, beat)):
        root = PROGRESSION[i // 4 % len(PROGRESSION)]
        chord = [key * 2 ** ((root + step) / 12) for step in TRIADS[root]]
        for pitch in chord:
            add(start, 0.5 * _pluck(pitch, 2 * beat, rate))
        for half in range(2):
            add(start + half * beat // 2, 0.4 * _pluck(2 * chord[int(random.randint(3))], beat, rate))
        drum = np.arange(beat // 2) / rate
        add(start, np.sin(2 * math.pi * 60 * drum) * np.exp(-12 * drum))
        hat = np.arange(beat // 8) / rate
        add(start + beat // 2, 0.2 * random.standard_normal(len(hat)) * np.exp(-60 * hat))
    return wave


def _pluck(pitch_hz: float, n: int, rate: int) -> Wave:
    """A string: partials below half the rate, the higher the sooner gone."""
    import numpy as np

    t = np.arange(n) / rate
    wave: Wave = np.zeros(n)
    for k in range(1, PARTIALS + 1):
        if k * pitch_hz < rate / 2:
            wave += np.sin(2 * math.pi * k * pitch_hz * t) * np.exp(-2 * k * t) / k
    # 5 ms of attack, so that no note begins with a click.
    return wave * np.minimum(1.0, t / 0.005)


_MAKERS: dict[Sound, Callable[[int, int, np.random.RandomState], Wave]] = {
    "white": _white,
    "pink": _pink,
    "hum": _hum,
    "music": _music,
}


class _Made(DatasetForm["tuple[MadeSpec, ...]"]):
    speech = False

    def read(self, spec: DatasetSpec, given: tuple[MadeSpec, ...], access: DatasetAccess) -> Sequence[Utterance]:
        return from_made(spec, given)

    def summary(self, given: tuple[MadeSpec, ...]) -> str:
        return f"{len(given)} made"


FORM = _Made()
