"""The data set form `segments`: recordings, and files that say who speaks when in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_modellab.catalog.datasets.folder import AUDIO_SUFFIXES
from pytest_modellab.catalog.datasets.form import DatasetForm, Location
from pytest_modellab.catalog.datasets.recording import FileRecording
from pytest_modellab.catalog.datasets.utterance import DatasetError, Utterance
from pytest_modellab.core.console import counted
from pytest_modellab.core.remote_path import is_remote

from .data_specs import SegmentsSpec
from .formats import FORMATS, format_of
from .formats.fields import FormatError
from .segments import Segment, written

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets.access import DatasetAccess
    from pytest_modellab.catalog.specs import DatasetSpec


class _Segments(DatasetForm[SegmentsSpec]):
    Options = SegmentsSpec
    goes_with = frozenset({"channel"})

    def check(self, spec: DatasetSpec, given: SegmentsSpec) -> None:
        if spec.tasks != ("diarize",):
            raise ValueError("`segments` are for `tasks: [diarize]`: their references are times and speakers")

    def mistakes(self, spec: DatasetSpec, given: SegmentsSpec) -> Iterator[tuple[Location, str]]:
        for key in ("reference", "audio"):
            if is_remote(getattr(given, key) or ""):
                yield (key,), "segments and their recordings are on this machine"

    def read(self, spec: DatasetSpec, given: SegmentsSpec, access: DatasetAccess) -> Sequence[Utterance]:
        place = access.folder / given.reference
        files = [place] if place.is_file() else _files(place, given)
        if not files:
            raise DatasetError(f"data set {spec.id}: no file of segments {place} (named in {spec.origin})")
        folder = access.folder / given.audio if given.audio is not None else files[0].parent
        recordings = _recordings(folder)
        segments = _read(files, given)
        problems = [f"{name}: no recording of that name in {folder}" for name in segments if name not in recordings]
        if problems:
            raise DatasetError(f"data set {spec.id} ({spec.origin}):\n" + "\n".join(problems))
        if unnamed := len(recordings.keys() - segments.keys()):
            access.notes.append(f"{counted(unnamed, 'recording')} of {folder} without segments: left out")
        return tuple(
            Utterance(
                id=name,
                text=written(own),
                recording=_recording(recordings[name], spec),
                language=spec.language,
                attributes={"speakers": str(len({each.speaker for each in own})), **given.score.attributes},
            )
            for name, own in sorted(segments.items())
        )

    def summary(self, given: SegmentsSpec) -> str:
        return given.reference


def _files(folder: Path, given: SegmentsSpec) -> list[Path]:
    """The files of segments in a folder."""
    if not folder.is_dir():
        return []
    suffixes = tuple(each for name, made in FORMATS.items() if given.format in (None, name) for each in made.suffixes)
    return sorted(path for path in folder.iterdir() if path.is_file() and path.name.lower().endswith(suffixes))


def _read(files: Sequence[Path], given: SegmentsSpec) -> dict[str, list[Segment]]:
    """The segments by recording. Raises DatasetError."""
    found: dict[str, list[Segment]] = {}
    for path in files:
        name = given.format or format_of(path.name)
        if name is None:
            raise DatasetError(f"{path}: its suffix tells no format; name it, as in `format: rttm`")
        try:
            own = FORMATS[name].read(path.read_text(encoding="utf-8-sig"))
        except UnicodeDecodeError as error:
            raise DatasetError(f"{path}: not UTF-8 text; save the file as UTF-8") from error
        except OSError as error:
            raise DatasetError(f"{path}: can't be read: {error.strerror}") from error
        except FormatError as error:
            raise DatasetError(f"{path}: no {name.upper()}: {error}") from error
        for session, segments in own.items():
            found.setdefault(session, []).extend(segments)
    return found


def _recordings(folder: Path) -> dict[str, Path]:
    """The recordings of a folder by their names without suffix. Raises DatasetError for two of one name."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix.lower() not in AUDIO_SUFFIXES:
            continue
        if path.stem in found:
            raise DatasetError(f"{path}: {found[path.stem].name} has the same name; move one of them elsewhere")
        found[path.stem] = path
    return found


def _recording(path: Path, spec: DatasetSpec) -> FileRecording:
    try:
        return FileRecording.of(path, channel=spec.channel)
    except OSError as error:
        raise DatasetError(f"{path}: can't be read: {error.strerror}") from error


FORM = _Segments()
