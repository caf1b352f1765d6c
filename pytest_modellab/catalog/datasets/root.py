"""The folder in which a data set's files must lie, so that an untrusted manifest can't read any other file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..specs import DatasetSpec
from .utterance import DatasetError


class OutsideRoot(ValueError):
    """A file outside the root."""


@dataclass(frozen=True)
class Root:
    """The root folder, and the key of the spec that may name another."""

    folder: Path
    spec: str

    @classmethod
    def of(cls, spec: DatasetSpec, beside: Path) -> Root:
        """The spec's `audio_root`, by default `beside`. Raises DatasetError where there is no such folder."""
        file = Path(spec.origin.rpartition(":")[0])
        folder = beside if spec.audio_root is None else file.parent / spec.audio_root
        if not folder.is_dir():
            raise DatasetError(f"data set {spec.id}: `audio_root` {folder} is no folder (named in {spec.origin})")
        return cls(folder.resolve(), file.name)

    def check(self, path: Path) -> None:
        """Raise OutsideRoot unless `path`, links followed, lies in the folder."""
        if not path.resolve().is_relative_to(self.folder):
            hint = f"if it may be read, set `audio_root` in {self.spec} to a folder that holds it"
            raise OutsideRoot(f"{path} lies outside {self.folder}; {hint}")
