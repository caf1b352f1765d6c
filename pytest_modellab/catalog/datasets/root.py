"""The folder in which a data set's files must lie, so that an untrusted manifest can't read any other file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pytest_modellab.core.remote_path import RemotePath, is_remote

from ..specs import DatasetSpec
from .utterance import DatasetError

Place = Path | RemotePath
"""A file or folder, on this machine or on shared storage."""


class OutsideRoot(ValueError):
    """A file outside the root."""


def place_of(spec: DatasetSpec, name: str, folder: Path) -> Place:
    """What a path of a spec names, on this machine from `folder` on. Raises DatasetError."""
    if not is_remote(name):
        return folder / name
    try:
        return RemotePath(name)
    except ValueError as error:
        raise DatasetError(f"data set {spec.id}: {error} (named in {spec.origin})") from None


@dataclass(frozen=True)
class Root:
    """The root folder, and the key of the spec that may name another."""

    folder: Place
    spec: str

    @classmethod
    def of(cls, spec: DatasetSpec, beside: Place) -> Root:
        """The spec's `audio_root`, by default `beside`. Raises DatasetError where there is no such folder."""
        file = Path(spec.origin.rpartition(":")[0])
        folder = beside if spec.audio_root is None else place_of(spec, spec.audio_root, file.parent)
        if isinstance(folder, RemotePath):
            return cls(folder, file.name)
        if not folder.is_dir():
            raise DatasetError(f"data set {spec.id}: `audio_root` {folder} is no folder (named in {spec.origin})")
        return cls(folder.resolve(), file.name)

    def check(self, path: Place) -> None:
        """Raise OutsideRoot unless `path`, links followed, lies in the folder."""
        if isinstance(path, RemotePath):
            inside = isinstance(self.folder, RemotePath) and path.is_within(self.folder)
        else:
            inside = isinstance(self.folder, Path) and path.resolve().is_relative_to(self.folder)
        if not inside:
            hint = f"if it may be read, set `audio_root` in {self.spec} to a folder that holds it"
            raise OutsideRoot(f"{path} lies outside {self.folder}; {hint}")
