"""The audio files that a listing names: beside it or below `audio_root`, on this machine or on shared storage."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from pytest_modellab.core import ffmpeg
from pytest_modellab.core.remote_path import RemotePath, is_remote

from .recording import FileRecording
from .remote_files import RemoteFiles
from .root import Place, Root


class NoFile(ValueError):
    """A file that isn't there."""


@dataclass(frozen=True)
class SoundFiles:
    """The audio files of one listing."""

    folder: Place
    """Which relative paths start from."""
    root: Root
    remote: RemoteFiles

    def fetch(self, names: Iterable[str]) -> None:
        """Have remote files here, all at once; what is wrong with one is told by `whole`. Raises as RemoteFiles."""
        if isinstance(self.folder, RemotePath) or isinstance(self.root.folder, RemotePath):
            self.remote.fetch(place for name in names if (place := self._allowed(name)) is not None)

    def whole(self, name: str, channel: int | None) -> FileRecording:
        """The recording of a whole file. Raises NoFile, root.OutsideRoot, OSError, and as RemoteFiles."""
        place = self._place(name)
        self.root.check(place)
        if isinstance(place, RemotePath):
            kept = self.remote.file(place)
            if kept is None:
                raise NoFile(f"no audio file {place}")
            # The copy keeps no suffix: the format is read from the bytes, or named.
            return FileRecording(kept.path, kept.sha256, form=ffmpeg.format_of(place.name), channel=channel)
        if not place.is_file():
            hint = _as_windows_writes(name, self.folder) if isinstance(self.folder, Path) else ""
            raise NoFile(f"no audio file {place}{hint}")
        return FileRecording.of(place, channel=channel)

    def _place(self, name: str) -> Place:
        """Raises ValueError for a path of an unknown protocol."""
        if is_remote(name):
            return RemotePath(name)
        if isinstance(self.folder, RemotePath):
            return Path(name) if name.startswith("/") else self.folder.joined(name)
        return existing(self.folder, name)

    def _allowed(self, name: str) -> RemotePath | None:
        try:
            place = self._place(name)
            self.root.check(place)
        except (ValueError, OSError):
            return None
        return place if isinstance(place, RemotePath) else None


def existing(folder: Path, name: str) -> Path:
    """The file or folder of that name, however its letters with marks are composed in the name and on the disk."""
    path = folder / name
    if name.isascii() or path.exists():
        return path
    found = folder
    for step in Path(name).parts:
        found = found / step
        if not found.exists() and (alike := _alike(found.parent, step)) is not None:
            found = alike
    return found if found.exists() else path


def _alike(folder: Path, name: str) -> Path | None:
    """What has the same letters, among what is in the folder."""
    wanted = unicodedata.normalize("NFC", name)
    try:
        found = sorted(each for each in folder.iterdir() if unicodedata.normalize("NFC", each.name) == wanted)
    except OSError:
        return None
    return found[0] if found else None


def _as_windows_writes(name: str, folder: Path) -> str:
    """A hint for a path that names no file, where it looks as if it was written on Windows; else ""."""
    if any(character in name for character in "\b\f\n\r\t"):
        return "; `\\b`, `\\f`, `\\n`, `\\r` and `\\t` are no letters in JSON: write paths with `/`"
    if "\\" not in name or os.sep == "\\":
        return ""
    path = PureWindowsPath(name)
    if path.drive or path.root:
        return "; it is a path of Windows: write it from the manifest's folder on, with `/`"
    there = " (which is there)" if (folder / path.as_posix()).is_file() else ""
    return f"; `\\` divides folders on Windows only: write `{path.as_posix()}`{there}"
