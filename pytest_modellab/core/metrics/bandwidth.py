"""The effective bandwidth of speech: the frequency up to which it has content, whatever its sample rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FRAME_S = 0.064
SMOOTHED_HZ = 100.0
DEPTH_DB = 50.0
"""Voices that reach half their sample rate are within this of their maximum there; what a codec, a resampler or a
telephone removed is below it."""
VOICED_DB = -40.0
EXCEEDING = 0.05
FLOOR_DB = -20.0
FLOOR_SHARE = 0.05
ABOVE_FLOOR_DB = 10.0
FEWEST_FLOOR_FRAMES = 3
LEAST_SHARE = 0.5
"""A voice without content above this share of half its sample rate has less than half the bandwidth that it claims."""


def bandwidth_hz(samples: NDArray[np.float32], rate: int) -> float | None:
    """The highest frequency (Hz) at which the long-term spectrum is within 50 dB of its maximum and 10 dB above noise.

    The spectrum is the power that 5 % of the frames exceed, which no single click makes: of Hann windows of 64 ms that
    overlap by half, smoothed over 100 Hz, of the frames within 40 dB of the loud ones (their 95th percentile). Noise is
    the mean power of the quietest 5 % of all frames, where these are at least 20 dB below the loud ones; else there is
    none to tell.

    Args:
        samples: of shape (n,).
        rate: Hz.

    Returns:
        None for silence, and for less than one frame.
    """
    import numpy as np

    size = round(FRAME_S * rate)
    if len(samples) < size or not samples.any():
        return None
    power, step = _powers(samples, size), rate / size
    levels = 10 * np.log10(np.maximum(power.sum(axis=1), 1e-20))
    loud = float(np.quantile(levels, 0.95))
    voiced = _smoothed(np.quantile(power[levels >= loud + VOICED_DB], 1 - EXCEEDING, axis=0), step)
    heard = voiced >= voiced.max() * 10 ** (-DEPTH_DB / 10)
    quiet = np.sort(levels)[: max(FEWEST_FLOOR_FRAMES, round(FLOOR_SHARE * len(levels)))]
    if quiet[-1] <= loud + FLOOR_DB:
        heard &= voiced >= 10 ** (ABOVE_FLOOR_DB / 10) * _smoothed(power[levels <= quiet[-1]].mean(axis=0), step)
    return float(np.flatnonzero(heard)[-1] * step) if heard.any() else None


def narrow(bandwidth: float | None, rate: int) -> str:
    """A fault in words where a sound claims twice the bandwidth that it has; "" for none."""
    if bandwidth is None or bandwidth >= LEAST_SHARE * rate / 2:
        return ""
    return f"its sample rate is {rate / 1000:g} kHz, but there is nothing above {bandwidth / 1000:.1f} kHz"


def _powers(samples: NDArray[np.float32], size: int) -> NDArray[np.float64]:
    """Power spectra of overlapping frames, of shape (frames, bins)."""
    import numpy as np

    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), size)[:: max(1, size // 2)]
    powers: NDArray[np.float64] = np.square(np.abs(np.fft.rfft(frames * np.hanning(size + 1)[:-1], axis=1)))
    return powers


def _smoothed(spectrum: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """A spectrum in bins of `step` Hz, of shape (bins,)."""
    import numpy as np

    width = max(1, round(SMOOTHED_HZ / step))
    smoothed: NDArray[np.float64] = np.convolve(spectrum, np.ones(width) / width, "same")
    return smoothed
