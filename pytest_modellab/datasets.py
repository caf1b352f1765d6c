"""A data set, from its spec to utterances whose audio lies on disk, with a fingerprint of all of it."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import audio
from .catalog.specs import LANGUAGE_TAG, ArchiveSpec, ClipSpec, DatasetSpec, MirrorSpec
from .engines.base import Clip
from .store import Folder, Sdist, Source, Store, Wanted, Wheel, digest_file
from .text import for_language
from .weights import mirror_sources

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Durations in manifests are rounded: a piece may end this much past its file.
PIECE_TOLERANCE_S = 0.05

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".mp3", ".ogg", ".opus", ".aif", ".aiff"})


# A manifest in the wrong format is wrong on every line.
MOST_PROBLEMS = 20


class DatasetError(Exception):
    """A data set that can't be used as it stands; the text lists every problem with its place."""


@dataclass(frozen=True)
class Utterance:
    """One recording with its reference. `offset` and `duration` (seconds) cut a piece out of the file."""

    id: str
    text: str
    path: Path
    sha256: str
    speaker: str | None = None
    language: str | None = None
    offset: float = 0.0
    duration: float | None = None

    @property
    def seconds(self) -> float:
        """Length by the file's header. Raises audio.AudioError."""
        return self.duration if self.duration is not None else audio.probe(self.path) - self.offset

    def samples(self, rate: int) -> NDArray[np.float32]:
        """Mono float32 of shape (n,) at `rate` Hz. Raises audio.AudioError."""
        samples = audio.load(self.path, rate)
        if self.offset or self.duration is not None:
            start = round(self.offset * rate)
            whole_s = len(samples) / rate
            if self.duration is not None and self.offset + self.duration > whole_s + PIECE_TOLERANCE_S:
                raise audio.AudioError(
                    f"{self.path}: utterance {self.id} is said to end at {self.offset + self.duration:.2f} s,"
                    f" but the file ends at {whole_s:.2f} s; correct `offset` and `duration`"
                )
            end = None if self.duration is None else start + round(self.duration * rate)
            samples = samples[start:end]
            if not len(samples):
                raise audio.AudioError(f"{self.path}: nothing left from {self.offset} s on (utterance {self.id})")
        return samples

    def clip(self, rate: int) -> Clip:
        return Clip(self.samples(rate), rate, self.language)


@dataclass(frozen=True)
class Dataset:
    """A prepared data set: every file is here, and is the one that was meant."""

    spec: DatasetSpec
    utterances: tuple[Utterance, ...]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over everything that can change a score: ids, references, speakers, languages, audio bytes."""
        rows = [[u.id, u.text, u.speaker, u.language, u.sha256, u.offset, u.duration] for u in self.utterances]
        return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()

    @property
    def normalizer(self) -> str:
        """Name of the text normalizer: the spec's, or by language."""
        return self.spec.normalizer or for_language(self.spec.language)

    def first(self, count: int | None) -> Dataset:
        return self if count is None else Dataset(self.spec, self.utterances[:count])


def prepare(spec: DatasetSpec, mirrors: Mapping[str, tuple[MirrorSpec, ...]], folder: Path, store: Store) -> Dataset:
    """Fetch and verify what the spec names; `folder` is the catalog's.

    Raises store.Unavailable where archives can't be had, and DatasetError where the data are wrong.
    """
    here = folder / "datasets"
    if spec.clips is not None:
        return Dataset(spec, _from_archives(spec, spec.clips, mirrors, folder, store))
    if spec.manifest is not None:
        return Dataset(spec, _from_manifest(spec, here / spec.manifest))
    return Dataset(spec, _from_folder(spec, here / str(spec.folder)))


def _from_archives(
    spec: DatasetSpec,
    clips: tuple[ClipSpec, ...],
    mirrors: Mapping[str, tuple[MirrorSpec, ...]],
    folder: Path,
    store: Store,
) -> tuple[Utterance, ...]:
    wanted = []
    for clip in clips:
        first = _archive_source(spec.archives[clip.archive], clip.member, folder / "datasets")
        sources = (first, *mirror_sources(clip.sha256, mirrors, folder))
        # The blob keeps no suffix: soundfile reads the format from the bytes.
        wanted.append(Wanted(clip.id, clip.sha256, None, sources))
    paths = store.fetch(wanted)
    return tuple(
        Utterance(clip.id, clip.text, paths[clip.id], clip.sha256, clip.speaker, clip.language or spec.language)
        for clip in clips
    )


def _archive_source(archive: ArchiveSpec, member: str, here: Path) -> Source:
    if archive.wheel is not None:
        return Wheel(archive.wheel, member)
    if archive.sdist is not None:
        return Sdist(archive.sdist, member)
    return Folder(here / str(archive.folder), member)


def _from_folder(spec: DatasetSpec, folder: Path) -> tuple[Utterance, ...]:
    if not folder.is_dir():
        raise DatasetError(f"data set {spec.id}: no folder {folder} (named in {spec.origin})")
    rows = _Rows(spec, "rename one of the files")
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in AUDIO_SUFFIXES):
        text_file = path.with_suffix(".txt")
        try:
            text = text_file.read_text(encoding="utf-8-sig").strip()
            digest = digest_file(path)
        except FileNotFoundError:
            rows.problems.append(f"{path}: no {text_file.name} beside it with the reference")
        except UnicodeDecodeError:
            rows.problems.append(f"{text_file}: not UTF-8 text; save the file as UTF-8")
        except OSError as error:
            rows.problems.append(f"{error.filename}: can't be read: {error.strerror}")
        else:
            if not text:
                why = "an empty reference can't be scored; give its words or remove the clip"
                rows.problems.append(f"{text_file}: {why}")
                continue
            name = path.relative_to(folder).with_suffix("").as_posix()
            rows.add(str(path), Utterance(name, text, path, digest, None, spec.language))
    return rows.checked(f"{folder}: no audio files ({', '.join(sorted(AUDIO_SUFFIXES))})")


def _from_manifest(spec: DatasetSpec, path: Path) -> tuple[Utterance, ...]:
    try:
        # Windows editors begin a file with a byte order mark.
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DatasetError(f"data set {spec.id}: no manifest {path} (named in {spec.origin})") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DatasetError(f"{path}:{line}: not UTF-8 text; save the file as UTF-8") from None
    except OSError as error:
        raise DatasetError(f"{path}: can't be read: {error.strerror}") from None
    rows = _Rows(spec, "give each line its own `id`")
    # Not splitlines: a text may hold the other characters that it splits at, such as U+2028.
    for number, row_text in enumerate(text.split("\n"), 1):
        if not row_text.strip():
            continue
        try:
            rows.add(f"{path}:{number}", _utterance(spec, path, json.loads(row_text)))
        except json.JSONDecodeError as error:
            rows.problems.append(f"{path}:{number}: not JSON: {error.msg} at column {error.colno}")
        except ValueError as error:
            rows.problems.append(f"{path}:{number}: {error}")
        except OSError as error:
            rows.problems.append(f"{path}:{number}: {error.filename} can't be read: {error.strerror}")
    return rows.checked(f"{path}: no utterances")


def _utterance(spec: DatasetSpec, manifest: Path, row: Any) -> Utterance:
    if not isinstance(row, dict):
        raise ValueError("expected an object with `audio_filepath` and `text`")
    for key in ("audio_filepath", "text"):
        if not isinstance(row.get(key), str):
            raise ValueError(f"`{key}` is missing or not text")
    if not row["text"].strip():
        raise ValueError("an empty reference can't be scored; give its words or remove the line")
    try:
        row["text"].encode()
    except UnicodeEncodeError:
        raise ValueError("half a surrogate pair (a broken \\u escape): not text") from None
    if not isinstance(row.get("language"), str | None):
        raise ValueError(f"`language` must be text, found {row['language']!r}")
    if row.get("language") and not re.match(LANGUAGE_TAG, row["language"]):
        raise ValueError(f"`language` must be a tag such as en or en-US, found `{row['language']}`")
    for key in ("id", "speaker"):
        if not isinstance(row.get(key), str | int | None):
            raise ValueError(f"`{key}` must be text or a number, found {row[key]!r}")
    for key in ("offset", "duration"):
        number = row.get(key)
        # Not a number, and what is too large for one, compare as false.
        if number is not None and (not _is_number(number) or not 0 <= number <= sys.float_info.max):
            raise ValueError(f"`{key}` must be seconds, found {number!r}")
    # NeMo's `duration` describes the whole file unless an `offset` makes it the length of a piece.
    piece = row.get("offset") is not None
    if piece and row.get("duration") == 0:
        raise ValueError("`duration` of a piece must be more than 0 seconds")
    audio_file = manifest.parent / row["audio_filepath"]
    if not audio_file.is_file():
        raise ValueError(f"no audio file {audio_file}")
    name = row.get("id")
    return Utterance(
        id=str(name) if name not in {None, ""} else Path(row["audio_filepath"]).with_suffix("").as_posix(),
        text=row["text"],
        path=audio_file,
        sha256=digest_file(audio_file),
        speaker=None if row.get("speaker") is None else str(row["speaker"]),
        language=row.get("language") or spec.language,
        offset=float(row.get("offset") or 0.0),
        duration=float(row["duration"]) if piece and row.get("duration") is not None else None,
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class _Rows:
    """The utterances of a data set as they are read, and what is wrong with them."""

    def __init__(self, spec: DatasetSpec, advice: str) -> None:
        self.spec = spec
        self.problems: list[str] = []
        self._advice = advice
        self._utterances: dict[str, Utterance] = {}
        self._places: dict[str, str] = {}

    def add(self, place: str, utterance: Utterance) -> None:
        first = self._places.setdefault(utterance.id, place)
        if first == place:
            self._utterances[utterance.id] = utterance
        else:
            self.problems.append(f"{place}: duplicate id `{utterance.id}` (first at {first}); {self._advice}")

    def checked(self, empty: str) -> tuple[Utterance, ...]:
        """All of them. Raises DatasetError with every problem, `empty` being the one of no rows at all."""
        if not self._utterances and not self.problems:
            self.problems.append(empty)
        if self.problems:
            shown = self.problems[:MOST_PROBLEMS]
            rest = len(self.problems) - len(shown)
            more = [f"... and {rest} more"] if rest else []
            raise DatasetError("\n".join([f"data set {self.spec.id} can't be used:", *shown, *more]))
        return tuple(self._utterances.values())
