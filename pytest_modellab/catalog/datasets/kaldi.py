"""The form `kaldi`: a data folder of Kaldi."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_modellab.core.remote_path import RemotePath

from ..corpus_specs import KaldiSpec
from ..specs import DatasetSpec
from .access import DatasetAccess
from .form import DatasetForm
from .manifest_line import ManifestReader
from .root import Place
from .rows import Rows
from .sound_facts import SoundFacts
from .texts import text_of
from .utterance import DatasetError, Utterance

_FILES = ("wav.scp", "text", "segments", "utt2spk", "spk2gender")
_IN_ARCHIVE = re.compile(r".+:\d+(\[.*\])?")


@dataclass
class KaldiFile:
    """A file of lines `key rest`, by key, with their numbers."""

    place: Place
    lines: dict[str, tuple[int, str]] = field(default_factory=dict)

    def at(self, key: str) -> str:
        """The file with the line of a key."""
        return f"{self.place}:{self.lines[key][0]}"

    def get(self, key: str) -> str | None:
        return self.lines[key][1] if key in self.lines else None


@dataclass(frozen=True)
class KaldiFolder:
    """The files of a data folder; those that may be absent are None then."""

    recordings: KaldiFile
    texts: KaldiFile
    segments: KaldiFile | None
    speakers: KaldiFile | None
    genders: KaldiFile | None


class _Reader:
    """Reads the files of a folder; what is wrong with their lines is added to `problems`."""

    def __init__(self, folder: Place, access: DatasetAccess, problems: list[str]) -> None:
        self._folder = folder
        self._access = access
        self._problems = problems

    def folder(self) -> KaldiFolder:
        self._access.remote.fetch(place for name in _FILES if isinstance(place := self._place(name), RemotePath))
        return KaldiFolder(
            self._needed("wav.scp"),
            self._needed("text"),
            self._read("segments"),
            self._read("utt2spk"),
            self._read("spk2gender"),
        )

    def _needed(self, name: str) -> KaldiFile:
        found = self._read(name)
        if found is None:
            self._access.file(self._place(name), name)  # raises
            raise DatasetError(f"{self._place(name)}: no file")
        return found

    def _place(self, name: str) -> Place:
        return self._folder.joined(name) if isinstance(self._folder, RemotePath) else self._folder / name

    def _read(self, name: str) -> KaldiFile | None:
        place = self._place(name)
        path = place if isinstance(place, Path) else self._copy(place)
        if path is None or not path.is_file():
            return None
        found = KaldiFile(place)
        for number, line in enumerate(text_of(path, place).split("\n"), 1):
            key, _, rest = line.strip().replace("\t", " ").partition(" ")
            if not key:
                continue
            if key in found.lines:
                self._problems.append(f"{place}:{number}: duplicate `{key}` (first on line {found.lines[key][0]})")
            else:
                found.lines[key] = (number, rest.strip())
        return found

    def _copy(self, place: RemotePath) -> Path | None:
        kept = self._access.remote.file(place)
        return None if kept is None else kept.path


def from_kaldi(spec: DatasetSpec, given: KaldiSpec, access: DatasetAccess) -> Sequence[Utterance]:
    """The utterances in the order of `text`. Raises as DatasetForm.read."""
    place = access.place(given.folder)
    rows = Rows(spec, "give each utterance its own")
    folder = _Reader(place, access, rows.problems).folder()
    facts = SoundFacts()
    files = access.sounds(place if given.relative_to is None else access.place(given.relative_to))
    reader = ManifestReader(spec, files, facts)
    paths = _paths(folder.recordings, rows.problems)
    files.fetch(paths.values())
    for utterance in folder.texts.lines:
        where = folder.texts.at(utterance)
        try:
            row, others = _row(utterance, folder, paths)
            rows.add(where, reader.read(row, others))
        except _Elsewhere:
            continue  # told with its own line
        except ValueError as error:
            rows.problems.append(f"{where}: {error}")
        except OSError as error:
            rows.problems.append(f"{where}: {error.filename} can't be read: {error.strerror}")
    rows.problems += _without_text(folder)
    facts.save()
    return rows.checked(f"{folder.texts.place}: no utterances")


class _Elsewhere(Exception):
    """A line that is wrong through another one."""


def _paths(recordings: KaldiFile, problems: list[str]) -> dict[str, str]:
    """The file of each recording."""
    found = {}
    for name, (number, path) in recordings.lines.items():
        where = f"{recordings.place}:{number}"
        if path.endswith("|"):
            problems.append(
                f"{where}: a command, which isn't run: write its output to a file once, and name the file here"
            )
        elif not path:
            problems.append(f"{where}: no path")
        elif _IN_ARCHIVE.fullmatch(path):
            problems.append(
                f"{where}: a place in an archive of Kaldi: write its recordings to files, as by `wav-copy`, and name"
                " those here"
            )
        else:
            found[name] = path
    return found


def _row(utterance: str, folder: KaldiFolder, paths: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """A row as of a manifest, and attributes. Raises ValueError, and _Elsewhere where another line is wrong."""
    row: dict[str, Any] = {"id": utterance, "text": folder.texts.get(utterance) or ""}
    recording = utterance
    if folder.segments is not None:
        recording, piece = _segment(utterance, folder.segments)
        row |= piece
    if recording not in folder.recordings.lines:
        raise ValueError(f"`{recording}` has no line in wav.scp")
    if recording not in paths:
        raise _Elsewhere
    row["audio_filepath"] = paths[recording]
    others = {}
    if folder.speakers is not None:
        speaker = folder.speakers.get(utterance)
        if not speaker:
            raise ValueError(f"`{utterance}` has no speaker in utt2spk")
        row["speaker"] = speaker
        if folder.genders is not None and (gender := folder.genders.get(speaker)):
            others["gender"] = gender
    return row, others


def _segment(utterance: str, segments: KaldiFile) -> tuple[str, dict[str, Any]]:
    """The recording of an utterance, and the piece of it. Raises ValueError."""
    said = segments.get(utterance)
    if said is None:
        raise ValueError(f"`{utterance}` has no line in segments")
    where = segments.at(utterance)
    cells = said.split()
    if len(cells) not in {3, 4}:
        raise ValueError(f"{where}: expected recording, begin and end, found `{said}`")
    try:
        begin, end = float(cells[1]), float(cells[2])
        channel = int(cells[3]) if len(cells) == 4 else None
    except ValueError:
        raise ValueError(f"{where}: begin and end must be seconds, found `{said}`") from None
    # An end of -1 is that of the recording.
    if not (0 <= begin < end or (begin >= 0 and end == -1)):
        raise ValueError(f"{where}: a piece from {begin:g} to {end:g} s")
    return cells[0], {"offset": begin, "duration": None if end == -1 else end - begin, "channel": channel}


def _without_text(folder: KaldiFolder) -> Iterator[str]:
    """A message for each line of an utterance that `text` lacks."""
    # With segments a recording may have none that is used.
    for file in (folder.speakers, folder.recordings if folder.segments is None else folder.segments):
        for utterance in () if file is None else file.lines:
            if file is not None and utterance not in folder.texts.lines:
                yield f"{file.at(utterance)}: `{utterance}` has no line in text"


class _Kaldi(DatasetForm[KaldiSpec]):
    goes_with = frozenset({"audio_root", "channel"})

    def read(self, spec: DatasetSpec, given: KaldiSpec, access: DatasetAccess) -> Sequence[Utterance]:
        return from_kaldi(spec, given, access)

    def summary(self, given: KaldiSpec) -> str:
        return given.folder


FORM = _Kaldi()
