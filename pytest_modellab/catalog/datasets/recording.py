"""Recordings: the sources of an utterance's samples."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pytest_modellab.assets.store import digest_file
from pytest_modellab.core import audio, ffmpeg

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Durations in manifests are rounded: a piece may end this much past its file.
PIECE_TOLERANCE_S = 0.05


class Recording(Protocol):
    """An audio recording: its identity, length and samples."""

    @property
    def identity(self) -> tuple[Any, ...]:
        """JSON values that are equal for two recordings only where their samples are; part of the fingerprint."""
        ...

    @property
    def seconds(self) -> float:
        """Length in seconds, as far as it is known without decoding. Raises audio.AudioError."""
        ...

    def samples(self, rate: int) -> NDArray[np.float32]:
        """Mono float32 of shape (n,), n >= 1, in [-1, 1], at `rate` Hz. Raises audio.AudioError."""
        ...


@dataclass(frozen=True)
class FileRecording:
    """An audio file, or the piece of it given by `offset` and `duration`, in seconds."""

    path: Path
    sha256: str
    offset: float = 0.0
    duration: float | None = None
    form: str | None = None
    """FFmpeg's name of the format, of a file without a header: "g722"."""
    channel: int | None = None
    """The channel of it, from 0 on; None for the mean of all."""

    @classmethod
    def of(
        cls, path: Path, offset: float = 0.0, duration: float | None = None, channel: int | None = None
    ) -> FileRecording:
        """The recording of a whole file, or of the piece. Raises OSError."""
        return cls(path, digest_file(path), offset, duration, ffmpeg.format_of(path.name), channel)

    @property
    def identity(self) -> tuple[Any, ...]:
        # What isn't given is no part of it, so that fingerprints of before it could be given go on to hold.
        form = () if self.form is None else (self.form,)
        channel = () if self.channel is None else ("channel", self.channel)
        return (self.sha256, self.offset, self.duration, *form, *channel)

    @property
    def file(self) -> tuple[Any, ...]:
        """The identity of the whole file, as JSON values."""
        return "file", self.sha256, self.form

    def decoded(self) -> audio.Decoded:
        """The whole file. Raises audio.AudioError."""
        return audio.decode(self.path, form=self.form)

    def check_place(self, whole_s: float, channels: int) -> None:
        """Raise audio.AudioError where the piece or the channel isn't within a file of that length and width."""
        audio.check_channel(self.channel, channels, str(self.path))
        if self.duration is not None and self.offset + self.duration > whole_s + PIECE_TOLERANCE_S:
            raise audio.AudioError(
                f"{self.path}: a piece of it is said to end at {self.offset + self.duration:.2f} s,"
                f" but the file ends at {whole_s:.2f} s; correct `offset` and `duration`"
            )
        if self.offset >= whole_s:
            raise audio.AudioError(f"{self.path}: nothing left from {self.offset} s on; correct `offset`")

    @property
    def by_ffmpeg(self) -> bool:
        """Whether it takes FFmpeg to read it, as far as its name tells."""
        return self.form is not None or self.path.suffix.lower() in ffmpeg.SUFFIXES

    @property
    def seconds(self) -> float:
        """Length by the file's header. Raises audio.AudioError."""
        return self.duration if self.duration is not None else audio.probe(self.path, self.form) - self.offset

    def samples(self, rate: int) -> NDArray[np.float32]:
        samples = audio.load(self.path, rate, form=self.form, channel=self.channel)
        if self.offset or self.duration is not None:
            start = round(self.offset * rate)
            whole_s = len(samples) / rate
            self.check_place(whole_s, 1 if self.channel is None else self.channel + 1)
            end = None if self.duration is None else start + round(self.duration * rate)
            samples = samples[start:end]
            if not len(samples):
                raise audio.AudioError(f"{self.path}: nothing left from {self.offset} s on; correct `offset`")
        return samples


@dataclass(frozen=True)
class MissingRecording:
    """A recording that isn't there, of a data set that goes on without."""

    reason: str

    @property
    def identity(self) -> tuple[Any, ...]:
        return "missing", self.reason

    @property
    def seconds(self) -> float:
        raise audio.AudioError(self.reason)

    def samples(self, rate: int) -> NDArray[np.float32]:
        raise audio.AudioError(self.reason)


@dataclass(frozen=True)
class EmbeddedRecording:
    """An audio file embedded in a larger file: `size` bytes from `start`."""

    path: Path
    sha256: str
    """Of these bytes."""
    start: int
    size: int

    @property
    def identity(self) -> tuple[Any, ...]:
        return (self.sha256,)

    @property
    def file(self) -> tuple[Any, ...]:
        """The identity of the file, as JSON values."""
        return "file", self.sha256, None

    def decoded(self) -> audio.Decoded:
        """The whole file. Raises audio.AudioError."""
        return audio.decode(self._bytes(), name=self._name)

    @property
    def seconds(self) -> float:
        """Length by the sound file's header. Raises audio.AudioError."""
        return audio.probe(self._bytes(), name=self._name)

    def samples(self, rate: int) -> NDArray[np.float32]:
        return audio.load(self._bytes(), rate, name=self._name)

    @property
    def _name(self) -> str:
        return f"{self.path}, {self.size} bytes from {self.start}"

    def _bytes(self) -> bytes:
        try:
            with self.path.open("rb") as file:
                file.seek(self.start)
                return file.read(self.size)
        except OSError as error:
            raise audio.AudioError(
                f"{self._name}: can't be read: {error.strerror}; fetch the data set again"
            ) from error
