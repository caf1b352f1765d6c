"""The data set form `segments`: recordings, and files that say who speaks when in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_modellab.catalog.datasets.folder import AUDIO_SUFFIXES
from pytest_modellab.catalog.datasets.form import DatasetForm, Location
from pytest_modellab.catalog.datasets.recording import PIECE_TOLERANCE_S, FileRecording
from pytest_modellab.catalog.datasets.utterance import DatasetError, Utterance
from pytest_modellab.core.audio import AudioError
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
        utterances = tuple(
            Utterance(
                id=name,
                text=written(own),
                recording=_recording(recordings[name], spec),
                language=spec.language,
                attributes={"speakers": str(len({each.speaker for each in own})), **given.score.attributes},
            )
            for name, own in sorted(segments.items())
        )
        access.notes.extend(_past_the_end(utterances, segments))
        return utterances

    def summary(self, given: SegmentsSpec) -> str:
        return given.reference


def _past_the_end(utterances: Sequence[Utterance], segments: dict[str, list[Segment]]) -> Iterator[str]:
    """What to tell of segments that end after their recording.

    Raises DatasetError where one begins after it. Of a recording whose length can't be read, its case tells.
    """
    late = []
    for utterance in utterances:
        own = segments[utterance.id]
        if not own:
            raise DatasetError(f"{utterance.id}: none of its segments lasts; remove the recording, or correct them")
        try:
            whole_s = utterance.seconds
        except AudioError:
            continue
        last = max(own, key=lambda each: each.start)
        if last.start >= 1000 * whole_s:
            raise DatasetError(
                f"{utterance.id}: {last.speaker} is said to speak from {last.start / 1000:g} s on,"
                f" but the recording ends at {whole_s:.2f} s; are these the segments of this recording?"
            )
        if max(each.end for each in own) > 1000 * (whole_s + PIECE_TOLERANCE_S):
            late.append(utterance.id)
    if late:
        named = counted(len(late), "recording") + " with segments that end after it"
        listed = ", ".join(late[:3]) + (", ..." if len(late) > 3 else "")
        yield f"{named}; DER leaves out what is beyond: {listed}"


def _files(folder: Path, given: SegmentsSpec) -> list[Path]:
    """The files of segments in a folder."""
    if not folder.is_dir():
        return []
    suffixes = tuple(each for name, made in FORMATS.items() if given.format in (None, name) for each in made.suffixes)
    return sorted(path for path in folder.iterdir() if path.is_file() and path.name.lower().endswith(suffixes))


def _read(files: Sequence[Path], given: SegmentsSpec) -> dict[str, list[Segment]]:
    """The segments by recording. Raises DatasetError."""
    found: dict[str, list[Segment]] = {}
    told: dict[str, tuple[str, Path]] = {}
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
        if not own:
            raise DatasetError(f"{path}: no segment in it; for a recording in which nobody speaks, leave the file out")
        for session, segments in own.items():
            kind, first = told.setdefault(session, (name, path))
            if kind != name:
                raise DatasetError(
                    f"{path}: {session} is in {first.name}, too; say which counts, as in `format: {kind}`"
                )
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
