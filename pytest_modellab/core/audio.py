"""Audio as engines get it (mono float32), and checks for recordings that would distort a measurement."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, TypeAlias

from . import ffmpeg, framed_audio, sound_headers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# numpy is imported where samples are: data sets name this module's errors, and are asked while tests are collected.
Samples: TypeAlias = "NDArray[np.float32]"

# Frames decoded at a time: a corrupt header may promise billions, so its word is never used to size an array.
BLOCK_FRAMES = 1 << 18

# A decoder may fall short of the header by a little in a sound file (MP3's encoder delay and padding); one
# MPEG layer III frame is 1152 samples. A file that is shorter by more than that has lost its end.
SHORTFALL_FRAMES = 1152

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


@dataclass(frozen=True)
class Decoded:
    """A file decoded as a whole.

    Attributes:
        samples: shape (n, channels), n >= 1, all finite and on the scale of audio.
        rate: Hz, the file's own.
        remark: what is odd about its end, though it could be read; None for nothing.
    """

    samples: Samples
    rate: int
    remark: str | None

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


def load(
    source: Path | bytes, rate: int, *, name: str | None = None, form: str | None = None, channel: int | None = None
) -> Samples:
    """Decode a clip to mono at `rate` Hz.

    Any container, sample width, rate and channel count that libsndfile reads is accepted; m4a, AAC, WebM, AMR, AVI and
    the like, and files without a header go to FFmpeg (ffmpeg.py). Channels are
    averaged with equal weight; the rate is converted by soxr's HQ recipe, and what passes full scale is
    clipped to it.

    Args:
        source: a file, or the bytes of one.
        rate: the sampling rate wanted, in Hz.
        name: what to call the clip in error messages; by default its path.
        form: FFmpeg's name of the format, for a file without a header ("g722").
        channel: the channel to take, from 0 on; None for the mean of all.

    Returns:
        float32 samples of shape (n,), n >= 1, all in [-1, 1].

    Raises:
        AudioError: the file is missing, is not audio, is corrupt, lacks its end, holds no samples, holds
            samples that are not finite or not on the scale of audio, or lacks the channel.
        ValueError: `rate` is not positive.
    """
    import numpy as np

    if rate <= 0:
        raise ValueError(f"the sampling rate must be positive, not {rate} Hz")
    name = _name(source, name)
    decoded = decode(source, name=name, form=form)
    mono = _mono(decoded.samples, channel, name)
    if decoded.rate != rate:
        import soxr

        mono = soxr.resample(mono, decoded.rate, rate, quality="HQ")
        if not len(mono):
            raise AudioError(
                f"{name}: {len(decoded.samples)} samples at {decoded.rate} Hz leave none at {rate} Hz; leave it out"
            )
    return np.clip(mono, -1.0, 1.0)


def decode(source: Path | bytes, *, name: str | None = None, form: str | None = None) -> Decoded:
    """Decode a file as it is: every channel, at its own rate. Several MP3, Ogg or WebM files on end are read as one.

    Arguments and errors as those of `load`.
    """
    import numpy as np

    name = _name(source, name)
    data = sound_headers.completed(source if isinstance(source, bytes) else _read(source, name))
    header = sound_headers.sample_bytes(data)
    if header is not None and header.fault is not None:
        raise AudioError(f"{name}: {header.fault}")
    if form is not None:
        samples, rate = _by_ffmpeg(data, name, form)
        remark = None
    else:
        samples, rate = _all(framed_audio.files_on_end(data), name)
        remark = framed_audio.unfinished(data)
    if not np.isfinite(samples).all():
        raise AudioError(f"{name}: holds NaN or infinite samples; export it again, or leave it out")
    peak = float(np.abs(samples).max())
    if peak > OVER_SCALE:
        raise AudioError(
            f"{name}: samples reach {peak:.6g} where full scale is 1; they look like integers saved as "
            "floats: divide them by the integer type's full scale and write the file again"
        )
    return Decoded(samples, rate, remark)


def _all(files: list[bytes], name: str) -> tuple[Samples, int]:
    """The samples of files on end, which have one rate and number of channels."""
    import numpy as np

    decoded = [_one(data, name) for data in files]
    if len({(samples.shape[1], rate) for samples, rate in decoded}) > 1:
        raise AudioError(
            f"{name}: {len(files)} files on end, of several sampling rates or numbers of channels; take them apart"
        )
    return np.concatenate([samples for samples, _ in decoded]), decoded[0][1]


def _one(data: bytes, name: str) -> tuple[Samples, int]:
    """The samples of one file, all of them."""
    coded = ffmpeg.is_container(data)
    try:
        found = _by_ffmpeg(data, name, None) if coded else _decode(data, name)
    except AudioError as error:
        told = "truncated" in str(error) or (coded and ffmpeg.absent())
        why = None if told else framed_audio.lost_end(data)
        raise error if why is None else AudioError(f"{error} ({why})") from error
    if (why := framed_audio.lost_end(data)) is not None:
        raise AudioError(f"{name}: {why}")
    return found


def _mono(samples: Samples, channel: int | None, name: str) -> Samples:
    import numpy as np

    if channel is None:
        mean: Samples = samples.mean(axis=1, dtype=np.float32)
        return mean
    check_channel(channel, samples.shape[1], name)
    return np.ascontiguousarray(samples[:, channel])


def check_channel(channel: int | None, channels: int, name: str) -> None:
    """Raise AudioError where a file of so many channels lacks the one that is asked for."""
    if channel is not None and not 0 <= channel < channels:
        there = "1 channel" if channels == 1 else f"{channels} channels"
        raise AudioError(f"{name}: no channel {channel}: it has {there}, counted from 0; correct `channel`")


def _name(source: Path | bytes, name: str | None) -> str:
    return name or ("audio given as bytes" if isinstance(source, bytes) else str(source))


def probe(source: Path | bytes, form: str | None = None, *, name: str | None = None) -> float:
    """Seconds of audio in a file, by its header alone: quick, and a truncated file still looks whole.

    Arguments as those of `load`.

    Raises:
        AudioError: the file is missing, not audio, or holds no samples.
    """
    import soundfile

    name = _name(source, name)
    try:
        with BytesIO(source) if isinstance(source, bytes) else source.open("rb") as stream:
            coded = form is not None or ffmpeg.is_container(stream.read(ffmpeg.MAGIC_BYTES))
            stream.seek(0)
            seconds = ffmpeg.seconds(stream.read(), form) if coded else _header_s(stream)
            if not coded and not seconds:
                stream.seek(0)
                seconds = _header_s(BytesIO(sound_headers.completed(stream.read())))
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


def _header_s(stream: BinaryIO) -> float:
    import soundfile

    with soundfile.SoundFile(stream) as file:
        return int(file.frames) / int(file.samplerate)


def _by_ffmpeg(data: bytes, name: str, form: str | None) -> tuple[Samples, int]:
    try:
        samples, rate = ffmpeg.decode(data, form)
    except ffmpeg.Truncated as error:
        raise AudioError(f"{name}: {error}") from error
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


def _decode(data: bytes, name: str) -> tuple[Samples, int]:
    """Samples of shape (n, channels), n >= 1, and their rate in Hz."""
    import numpy as np
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
    import numpy as np

    if len(samples) < CLIP_RUN:
        return None
    full_scale = np.abs(samples) >= CLIP_LEVEL
    windows = np.lib.stride_tricks.sliding_window_view(full_scale, CLIP_RUN)
    flat: NDArray[np.bool_] = np.logical_and.reduce(windows, axis=1)
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
    import numpy as np

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
    import numpy as np

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
            f"({MAX_CHARACTERS_PER_S:.0f} a second): is the clip cut short, the text another clip's,"
            " or the sample rate in its header wrong?",
        )
    if spoken < MIN_CHARACTERS_PER_S * (seconds - PAUSE_ALLOWANCE_S):
        return RecordingFinding(
            "duration",
            f"{spoken} characters in {seconds:.2f} s is slower than speech "
            f"({MIN_CHARACTERS_PER_S:.0f} a second): is the text incomplete, another clip's,"
            " or the sample rate in its header wrong?",
        )
    return None
