"""The folder that a data set's own files must lie in: a manifest from elsewhere can't have just any file read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..specs import DatasetSpec
from .utterance import DatasetError


class OutsideRoot(ValueError):
    """A file outside the root."""


@dataclass(frozen=True)
class Root:
    """A folder, and which spec may name another."""

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
        """Raise Outside unless `path`, links followed, lies in the folder."""
        if not path.resolve().is_relative_to(self.folder):
            hint = f"if it may be read, set `audio_root` in {self.spec} to a folder that holds it"
            raise OutsideRoot(f"{path} lies outside {self.folder}; {hint}")
