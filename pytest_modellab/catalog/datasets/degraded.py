"""Degradations of speech: noise, babble, reverberation, speed, telephone bandwidth. Deterministic formulas.

Every function takes and gives float samples of shape (n,) at `RATE` Hz.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Signal = NDArray[np.float64]

RATE = 16_000
"""Hz. Degraded recordings are made at it, so that they don't depend on the rate an engine asks for."""

# Peaks are kept below full scale by turning the whole recording down, which changes no ratio in it.
CEILING = 0.98

DIRECT_TO_REVERBERANT_DB = 0.0
"""Energy of the direct sound over that of the reverberation: a speaker some metres off in a small room."""

TELEPHONE_RATE = 8_000
TELEPHONE_BAND_HZ = (300.0, 3400.0)
# Taps of the band filter at 8 kHz: a transition of some 100 Hz.
_TAPS = 255
_MU = 255.0


def below_ceiling(signal: Signal) -> Signal:
    """The signal, attenuated where it would clip."""
    peak = float(np.abs(signal).max())
    if peak <= CEILING:
        return signal
    return np.asarray(signal * (CEILING / peak), dtype=np.float64)


def mixed(speech: Signal, noise: Signal, snr_db: float) -> Signal:
    """Speech plus noise (shape (n,), as long) at the ratio of their mean powers over the whole recording, in dB."""
    power, loudness = _power(speech), _power(noise)
    if not power or not loudness:
        return speech
    gain = float(np.sqrt(power / loudness * 10 ** (-snr_db / 10)))
    return speech + noise * gain


def white(length: int, random: np.random.Generator) -> Signal:
    """Gaussian noise with equal power at all frequencies."""
    return random.standard_normal(length)


def pink(length: int, random: np.random.Generator) -> Signal:
    """Gaussian noise whose power falls with 1 / frequency."""
    spectrum = np.fft.rfft(random.standard_normal(length))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0
    return np.fft.irfft(spectrum, length)


def babble(length: int, voices: Sequence[Signal], random: np.random.Generator) -> Signal:
    """Several speakers at once, equally loud, each repeated to the length from a random start."""
    total = np.zeros(length)
    for voice in voices:
        power = _power(voice)
        if power:
            total += np.roll(np.resize(voice / np.sqrt(power), length), int(random.integers(length)))
    return total


def reverberant(signal: Signal, rt60_s: float, random: np.random.Generator) -> Signal:
    """The signal in a room whose sound decays by 60 dB in `rt60_s`; longer by that time.

    The room is Polack's (1988): Gaussian noise under an exponential decay, after the direct sound.
    """
    times = np.arange(1, round(rt60_s * RATE)) / RATE
    tail = random.standard_normal(len(times)) * np.exp(-np.log(1000) * times / rt60_s)
    tail *= np.sqrt(10 ** (-DIRECT_TO_REVERBERANT_DB / 10) / np.sum(tail**2))
    return _convolved(signal, np.concatenate([[1.0], tail]))


def faster(signal: Signal, factor: float) -> Signal:
    """Speed perturbation by `factor`, which changes the pitch too (Ko et al. 2015)."""
    return _resampled(signal, RATE * factor, RATE)


def over_telephone(signal: Signal) -> Signal:
    """A narrow-band line: 300 to 3400 Hz at 8 kHz, 8 bits by the mu-law (ITU-T G.711's, in its continuous form)."""
    narrow = _resampled(signal, RATE, TELEPHONE_RATE)
    half = _TAPS // 2
    line = _convolved(narrow, _band_pass())[half : half + len(narrow)]
    line = np.clip(line, -1, 1)
    companded = np.sign(line) * np.log1p(_MU * np.abs(line)) / np.log1p(_MU)
    coded = np.round(companded * 127) / 127
    heard = np.sign(coded) * np.expm1(np.abs(coded) * np.log1p(_MU)) / _MU
    return _resampled(heard, TELEPHONE_RATE, RATE)


def _band_pass() -> Signal:
    """Windowed sinc (Hamming), linear phase, shape (_TAPS,)."""
    steps = np.arange(_TAPS) - _TAPS // 2
    low, high = (2 * edge / TELEPHONE_RATE for edge in TELEPHONE_BAND_HZ)
    taps: Signal = (high * np.sinc(high * steps) - low * np.sinc(low * steps)) * np.hamming(_TAPS)
    return taps


def _convolved(signal: Signal, response: Signal) -> Signal:
    length = len(signal) + len(response) - 1
    size = 1 << (length - 1).bit_length()
    return np.fft.irfft(np.fft.rfft(signal, size) * np.fft.rfft(response, size), size)[:length]


def _resampled(signal: Signal, rate: float, wanted: float) -> Signal:
    import soxr

    converted: Signal = soxr.resample(signal, rate, wanted, quality="HQ")
    return converted


def _power(signal: Signal) -> float:
    return float(np.mean(signal**2)) if len(signal) else 0.0
