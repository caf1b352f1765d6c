"""Audio as engines get it (mono float32), and checks for recordings that would distort a measurement."""

import math
import struct
import unicodedata
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from . import ffmpeg

Samples = npt.NDArray[np.float32]

# Frames decoded at a time: a corrupt header may promise billions, so its word is never used to size an array.
BLOCK_FRAMES = 1 << 18

# A decoder may fall short of the header by a little in a sound file (MP3's encoder delay and padding); one
# MPEG layer III frame is 1152 samples. A file that is shorter by more than that has lost its end.
SHORTFALL_FRAMES = 1152

# Enough of a file to tell its container.
_MAGIC_BYTES = 16

# Writers that cannot seek back put a placeholder where the length of a WAV file belongs: 0xFFFFFFFF (FFmpeg),
# 0x7FFFFFFF or slightly less (SoX). Lengths from here on are read as "unknown".
WAV_UNKNOWN_LENGTH = 0x7FFF0000

# Float files may pass full scale by some dB (a hot mix, an inter-sample peak) and are clipped to it. 8 is 18
# dB over: beyond that the samples are on another scale, such as integers saved as floats, and clipping would
# wreck them.
OVER_SCALE = 8.0

# The largest positive 8-bit sample is 127/128 = 0.992, so full scale begins just below it. Equality with the
# largest value would not do: resampling leaves ripples on a flat top.
CLIP_LEVEL = 0.99
# A peak of speech stays above 99 % of its height for a sample or two; three in a row are a flat top. (So is
# the crest of a steady full-scale tone below some 300 Hz at 16 kHz; speech is no such tone.)
CLIP_RUN = 3
# A rare clipped plosive changes no transcript; one sample in a thousand means the gain was wrong throughout.
CLIP_SHARE = 0.001

# Recorded speech peaks between about -20 and 0 dBFS and has an RMS between about -40 and -15 dBFS. These
# bounds lie well below both, where only an unplugged microphone, an empty track or a single click among
# silence is left.
SILENCE_PEAK_DBFS = -50.0
SILENCE_RMS_DBFS = -60.0

# Speech has no energy at 0 Hz, so its mean is near 0. 1 % of full scale (-40 dBFS) is a fault of the
# recorder, and shifts energy-based voice detection.
DC_OFFSET = 0.01

# Counted in letters, digits and marks, so that scripts without spaces are covered too. English is read at
# about 11 to 16 a second, and at its fastest intelligible rate near 25; Mandarin at 4 to 6 (one character is
# one syllable).
MAX_CHARACTERS_PER_S = 25.0
MIN_CHARACTERS_PER_S = 2.0
# Allowed silence around a short utterance: "yes" in a clip of four seconds is usual.
PAUSE_ALLOWANCE_S = 5.0


class AudioError(Exception):
    """A clip that cannot be used. The message names the clip, the problem and the fix."""


@dataclass(frozen=True)
class RecordingFinding:
    """A warning about a clip, for a person to check; never an error by itself."""

    kind: Literal["clipping", "silence", "dc_offset", "duration"]
    message: str


def load(source: Path | bytes, rate: int, *, name: str | None = None, form: str | None = None) -> Samples:
    """Decode a clip to mono at `rate` Hz.

    Any container, sample width, rate and channel count that libsndfile reads is accepted; m4a, AAC, WebM and files
    without a header go to FFmpeg (ffmpeg.py). Channels are
    averaged with equal weight; the rate is converted by soxr's HQ recipe, and what passes full scale is
    clipped to it.

    Args:
        source: a file, or the bytes of one.
        rate: the sampling rate wanted, in Hz.
        name: what to call the clip in error messages; by default its path.
        form: FFmpeg's name of the format, for a file without a header ("g722").

    Returns:
        float32 samples of shape (n,), n >= 1, all in [-1, 1].

    Raises:
        AudioError: the file is missing, is not audio, is corrupt, lacks its end, holds no samples, or holds
            samples that are not finite or not on the scale of audio. A lost end is noticed in
            WAV, FLAC, Ogg and MP3 files only.
        ValueError: `rate` is not positive.
    """
    if rate <= 0:
        raise ValueError(f"the sampling rate must be positive, not {rate} Hz")
    name = name or ("audio given as bytes" if isinstance(source, bytes) else str(source))
    data = source if isinstance(source, bytes) else _read(source, name)
    missing = _missing_wav_bytes(data)
    if missing:
        raise AudioError(
            f"{name}: truncated: its header promises {missing} bytes more than it holds; copy or download it again"
        )
    samples, native_rate = _by_ffmpeg(data, name, form) if _is_ffmpegs(data, form) else _decode(data, name)
    if not np.isfinite(samples).all():
        raise AudioError(f"{name}: holds NaN or infinite samples; export it again, or leave it out")
    peak = float(np.abs(samples).max())
    if peak > OVER_SCALE:
        raise AudioError(
            f"{name}: samples reach {peak:.6g} where full scale is 1; they look like integers saved as "
            "floats: divide them by the integer type's full scale and write the file again"
        )
    mono: Samples = samples.mean(axis=1, dtype=np.float32)
    if native_rate != rate:
        import soxr

        mono = soxr.resample(mono, native_rate, rate, quality="HQ")
        if not len(mono):
            raise AudioError(
                f"{name}: {len(samples)} samples at {native_rate} Hz leave none at {rate} Hz; leave it out"
            )
    return np.clip(mono, -1.0, 1.0)


def probe(source: Path | bytes, form: str | None = None, *, name: str | None = None) -> float:
    """Seconds of audio in a file, by its header alone: quick, and a truncated file still looks whole.

    Arguments as those of `load`.

    Raises:
        AudioError: the file is missing, not audio, or holds no samples.
    """
    import soundfile

    name = name or ("audio given as bytes" if isinstance(source, bytes) else str(source))
    try:
        with BytesIO(source) if isinstance(source, bytes) else source.open("rb") as stream:
            if _is_ffmpegs(stream.read(_MAGIC_BYTES), form):
                stream.seek(0)
                seconds = ffmpeg.seconds(stream.read(), form)
            else:
                stream.seek(0)
                with soundfile.SoundFile(stream) as file:
                    seconds = int(file.frames) / int(file.samplerate)
    except FileNotFoundError:
        raise AudioError(f"{name}: no such file; check the path, or fetch the data set") from None
    except ffmpeg.DecodingError as error:
        raise AudioError(_undecoded(name, form, error)) from error
    except (OSError, soundfile.LibsndfileError) as error:
        reason = getattr(error, "error_string", None) or error
        raise AudioError(f"{name}: not audio that libsndfile can read ({reason})") from error
    if seconds <= 0:
        raise AudioError(f"{name}: holds no samples; record or download it again, or leave it out")
    return seconds


def _is_ffmpegs(data: bytes, form: str | None) -> bool:
    return form is not None or ffmpeg.is_container(data)


def _by_ffmpeg(data: bytes, name: str, form: str | None) -> tuple[Samples, int]:
    try:
        samples, rate = ffmpeg.decode(data, form)
    except ffmpeg.DecodingError as error:
        raise AudioError(_undecoded(name, form, error)) from error
    if not len(samples):
        raise AudioError(f"{name}: holds no samples; record or download it again, or leave it out")
    return samples, rate


def _undecoded(name: str, form: str | None, error: ffmpeg.DecodingError) -> str:
    return f"{name}: can't be decoded{f' as {form}' if form else ''}: {error}"


def _read(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise AudioError(f"{name}: no such file; check the path, or fetch the data set") from None
    except OSError as error:
        raise AudioError(f"{name}: cannot be read ({error.strerror}); check what it is and its permissions") from error


def _missing_wav_bytes(data: bytes) -> int:
    """How many bytes of samples a WAV file lacks: libsndfile reads what is there and says nothing."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        return 0
    position = 12
    while position + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, position)
        position += 8
        if kind == b"data":
            return 0 if size >= WAV_UNKNOWN_LENGTH else max(0, position + size - len(data))
        position += size + size % 2
    return 0


def _decode(data: bytes, name: str) -> tuple[Samples, int]:
    """Samples of shape (n, channels), n >= 1, and their rate in Hz."""
    import soundfile

    try:
        # A nameless stream, so that the format is told by its content, never by a file's suffix.
        file = soundfile.SoundFile(BytesIO(data))
    except soundfile.LibsndfileError as error:
        raise AudioError(
            f"{name}: not audio that libsndfile can read ({error.error_string}); "
            "check that it is a whole audio file, or convert it to WAV or FLAC"
        ) from error
    blocks: list[Samples] = []
    with file:
        promised, native_rate = int(file.frames), int(file.samplerate)
        try:
            while len(block := file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)):
                blocks.append(block)
        except soundfile.LibsndfileError as error:
            raise AudioError(
                f"{name}: truncated, corrupt, or a stream that does not state its length "
                f"({error.error_string}); copy or download it again, or convert it to WAV"
            ) from error
    decoded = sum(map(len, blocks))
    if not decoded:
        raise AudioError(f"{name}: holds no samples; record or download it again, or leave it out")
    if promised - decoded > SHORTFALL_FRAMES:
        raise AudioError(
            f"{name}: truncated: {decoded} samples of the {promised} its header promises; copy or download it again"
        )
    return np.concatenate(blocks), native_rate


def check(samples: Samples, rate: int, text: str | None = None) -> list[RecordingFinding]:
    """Look for signs that a clip, or its pairing with a transcript, is not what it should be.

    Args:
        samples: as `load` returns them, shape (n,), n >= 1.
        rate: their rate in Hz.
        text: what is said in the clip. None or a text without letters or digits leaves the duration
            unchecked; an empty one says that nobody speaks, so that silence is no finding.

    Returns:
        Findings in a fixed order (clipping, silence, DC offset, duration); empty for a clip without remark.
    """
    candidates = (
        _clipping(samples),
        None if text == "" else _silence(samples),
        _dc_offset(samples),
        _duration(len(samples) / rate, text or ""),
    )
    return [finding for finding in candidates if finding is not None]


def _clipping(samples: Samples) -> RecordingFinding | None:
    """Flat tops at full scale. Clipping that was turned down afterwards is not seen."""
    if len(samples) < CLIP_RUN:
        return None
    full_scale = np.abs(samples) >= CLIP_LEVEL
    windows = np.lib.stride_tricks.sliding_window_view(full_scale, CLIP_RUN)
    flat: npt.NDArray[np.bool_] = np.logical_and.reduce(windows, axis=1)
    clipped = np.zeros(len(samples), dtype=np.bool_)
    for offset in range(CLIP_RUN):
        clipped[offset : offset + len(flat)] |= flat
    share = float(clipped.mean())
    if share <= CLIP_SHARE:
        return None
    return RecordingFinding(
        "clipping", f"{share:.2%} of the samples are clipped at full scale (bound {CLIP_SHARE:.2%})"
    )


def _silence(samples: Samples) -> RecordingFinding | None:
    """Levels in dBFS against a constant full-scale signal: a full-scale sine has an RMS of -3.01 dBFS."""
    peak = _dbfs(float(np.abs(samples).max()))
    rms = _dbfs(math.sqrt(float(np.mean(np.square(samples, dtype=np.float64)))))
    if peak >= SILENCE_PEAK_DBFS and rms >= SILENCE_RMS_DBFS:
        return None
    return RecordingFinding(
        "silence",
        f"peak {peak:.0f} dBFS (bound {SILENCE_PEAK_DBFS:.0f}), "
        f"RMS {rms:.0f} dBFS (bound {SILENCE_RMS_DBFS:.0f}): almost silent",
    )


def _dbfs(amplitude: float) -> float:
    return 20.0 * math.log10(amplitude) if amplitude > 0.0 else -math.inf


def _dc_offset(samples: Samples) -> RecordingFinding | None:
    mean = float(samples.mean(dtype=np.float64))
    if abs(mean) <= DC_OFFSET:
        return None
    return RecordingFinding("dc_offset", f"the mean is {mean:+.3f} of full scale (bound {DC_OFFSET})")


def _duration(seconds: float, text: str) -> RecordingFinding | None:
    # Marks are counted: the vowel signs of Indic scripts are spoken. NFC keeps "é" from counting twice.
    spoken = sum(unicodedata.category(c)[0] in "LNM" for c in unicodedata.normalize("NFC", text))
    if not spoken:
        return None
    if spoken > MAX_CHARACTERS_PER_S * seconds:
        return RecordingFinding(
            "duration",
            f"{spoken} characters in {seconds:.2f} s is faster than speech "
            f"({MAX_CHARACTERS_PER_S:.0f} a second): is the clip cut short, or the text another clip's?",
        )
    if spoken < MIN_CHARACTERS_PER_S * (seconds - PAUSE_ALLOWANCE_S):
        return RecordingFinding(
            "duration",
            f"{spoken} characters in {seconds:.2f} s is slower than speech "
            f"({MIN_CHARACTERS_PER_S:.0f} a second): is the text incomplete, or another clip's?",
        )
    return None
