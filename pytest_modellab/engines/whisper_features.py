"""Whisper's log-mel features in numpy, with the arithmetic of transformers' WhisperFeatureExtractor.

Mel filters after Slaney (Auditory Toolbox, 1998): linear below 1 kHz, logarithmic above, each of unit area.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 16_000
WINDOW = 400
"""Samples of a frame."""
HOP = 160
MELS = 80
FLOOR = 1e-10
"""Of the power in a band."""
RANGE = 8.0
"""Below the highest, in powers of ten; what is less counts as that."""

_LINEAR_HZ = 200 / 3
"""Of one mel below `_BREAK_HZ`."""
_BREAK_HZ = 1000.0
_LOG_STEP = np.log(6.4) / 27


def log_mel(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Features of shape (80, n // 160), mostly in [-1, 1], of samples of shape (n,), n > 200, at 16 kHz.

    The samples are normalized to zero mean and unit variance first.
    """
    wave = samples.astype(np.float32)
    wave = (wave - wave.mean()) / np.sqrt(wave.var() + 1e-7)
    padded = np.pad(wave.astype(np.float64), WINDOW // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    # A periodic window; the spectrum is rounded to single precision as it is there.
    spectrum = np.fft.rfft(frames * np.hanning(WINDOW + 1)[:-1], axis=1).astype(np.complex64)
    power = np.abs(spectrum.astype(np.complex128)) ** 2
    levels = np.log10(np.maximum(FLOOR, mel_filters().T @ power.T)).astype(np.float32)[:, :-1]
    levels = np.maximum(levels, levels.max() - RANGE)
    features: NDArray[np.float32] = ((levels + 4.0) / 4.0).astype(np.float32)
    return features


@cache
def mel_filters() -> NDArray[np.float64]:
    """Triangles in the power spectrum, shape (201, 80)."""
    edges = _hertz(np.linspace(0.0, _mels(RATE / 2), MELS + 2))
    bins = np.linspace(0, RATE // 2, WINDOW // 2 + 1)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    filters: NDArray[np.float64] = np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (edges[2:] - edges[:-2]))
    return filters


def _mels(hertz: float) -> float:
    if hertz < _BREAK_HZ:
        return hertz / _LINEAR_HZ
    return float(_BREAK_HZ / _LINEAR_HZ + np.log(hertz / _BREAK_HZ) / _LOG_STEP)


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    at_break = _BREAK_HZ / _LINEAR_HZ
    above = _BREAK_HZ * np.exp(_LOG_STEP * np.maximum(mels - at_break, 0.0))
    return np.where(mels < at_break, _LINEAR_HZ * mels, above)
