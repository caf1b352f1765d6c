"""The form `folder`: audio files, each with a .txt of the same name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pytest_modellab.core import ffmpeg
from pytest_modellab.core.remote_path import is_remote

from ..specs import DatasetSpec
from .access import DatasetAccess
from .form import DatasetForm
from .recording import FileRecording
from .root import OutsideRoot, Root
from .rows import Rows
from .sound_files import existing
from .utterance import DatasetError, Utterance

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".mp3", ".ogg", ".opus", ".aif", ".aiff"}) | ffmpeg.SUFFIXES


def from_folder(spec: DatasetSpec, folder: Path) -> Sequence[Utterance]:
    if not folder.is_dir():
        raise DatasetError(f"data set {spec.id}: no folder {folder} (named in {spec.origin})")
    root = Root.of(spec, folder)
    rows = Rows(spec, "rename one of the files")
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in AUDIO_SUFFIXES):
        text_file = existing(path.parent, path.with_suffix(".txt").name)
        try:
            for file in (path, text_file):
                root.check(file)
            text = text_file.read_text(encoding="utf-8-sig").strip()
            recording = FileRecording.of(path, channel=spec.channel)
        except FileNotFoundError:
            rows.problems.append(f"{path}: no {text_file.name} beside it with the reference")
        except UnicodeDecodeError:
            rows.problems.append(f"{text_file}: not UTF-8 text; save the file as UTF-8")
        except OutsideRoot as error:
            rows.problems.append(f"{path}: {error}")
        except OSError as error:
            rows.problems.append(f"{error.filename}: can't be read: {error.strerror}")
        else:
            if not text:
                why = "an empty reference can't be scored; give its words or remove the clip"
                rows.problems.append(f"{text_file}: {why}")
                continue
            name = path.relative_to(folder).with_suffix("").as_posix()
            rows.add(str(path), Utterance(name, text, recording, None, spec.language))
    return rows.checked(f"{folder}: no audio files ({', '.join(sorted(AUDIO_SUFFIXES))})")


class _Folder(DatasetForm[str]):
    goes_with = frozenset({"audio_root", "channel"})

    def check(self, spec: DatasetSpec, given: str) -> None:
        if is_remote(given):
            raise ValueError("`folder` is one on this machine; list files on shared storage in a manifest or a table")

    def read(self, spec: DatasetSpec, given: str, access: DatasetAccess) -> Sequence[Utterance]:
        return from_folder(spec, access.folder / given)

    def summary(self, given: str) -> str:
        return given


FORM = _Folder()
