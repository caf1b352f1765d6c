"""Audio of the page: embedded up to a size limit, beyond it linked as files."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.audio_artifacts import AudioArtifacts
from pytest_modellab.core.console import counted
from pytest_modellab.results.record import Record, UtteranceResult

from .compressed import compressed, is_mp3

EMBEDDED_BYTES = 5_000_000
"""Of sound files in one page; base64 makes a third more of them, so that a page stays below 8 MB."""

_SMALLEST_PER_S = 2_000
"""Bytes that a second of speech takes at the very least: what can't fit isn't even decoded."""
_MOST_MISSES = 3
_MOST_COMPRESSED = 0.1
"""A compressed clip takes this part of its FLAC at the very least."""


class NoRecording(Exception):
    """The audio of an utterance isn't available; the message says why."""


class Recordings(Protocol):
    """The recordings given to models, where they are available."""

    def clip(self, record: Record, utterance: str) -> bytes:
        """The recording of an utterance as a FLAC file. Raises NoRecording."""
        ...

    def licence(self, case: CaseRef) -> str:
        """Under which the recordings of a case may be passed on, as far as it is known."""
        ...


@dataclass(frozen=True)
class Sound:
    """One playable audio clip."""

    label: str
    source: str
    """A data: URI, or a path relative to the page; "" where there is nothing to play, or another player has it."""
    note: str = ""
    id: str = ""
    """Of the player on the page that has the source: this one, or with `again` an earlier one."""
    again: bool = False


class Sounds:
    """The audio clips of one page, each once; each case gets an equal share of the size limit, and what is left over.

    A clip that takes more than its part of the share is compressed.
    """

    def __init__(
        self,
        kept: AudioArtifacts | None,
        folder: Path,
        *,
        cases: int,
        embedded_bytes: int = EMBEDDED_BYTES,
        recordings: Recordings | None = None,
    ) -> None:
        """`folder` is the page's; `cases` is how many have anything to be heard."""
        self._kept = kept
        self._folder = folder
        self._recordings = recordings
        self._share = embedded_bytes // max(1, cases)
        self._left = self._share
        self._begun = False
        self._clips = 1
        self._ids: dict[tuple[str, ...], str] = {}
        self._misses = 0
        self.linked = 0
        """Sounds that the page only links to."""
        self._licence = ""
        self._beyond: dict[str, int] = {}
        self._silent: dict[str, None] = {}

    def next_case(self, clips: int = 1) -> None:
        """Go on to a case that has so many clips."""
        self._left += self._share if self._begun else 0
        self._begun = True
        self._clips = max(1, clips)
        self._misses = 0
        self._licence = ""

    @property
    def licence(self) -> str:
        """Of the recordings of this case, where any is in the page."""
        return self._licence

    @property
    def silent(self) -> list[str]:
        """Why recordings have no player, each reason once."""
        beyond = [
            f"{name}: {counted(count, 'recording')} beyond the size limit" for name, count in self._beyond.items()
        ]
        return [*self._silent, *beyond]

    def spoken(self, label: str, digest: str | None) -> Sound | None:
        """The audio of a model's answer; None where there is none."""
        if digest is None:
            return None
        if found := self._again(label, ("spoken", digest)):
            return found
        path = self._kept.path(digest) if self._kept is not None else None
        if path is None or not path.is_file():
            return Sound(label, "", "its audio is not kept, or is in another folder")
        return self._sound(label, path)

    def heard(self, label: str, record: Record, result: UtteranceResult) -> Sound | None:
        """What a model listened to; None where it isn't at hand or there is no room, which `silent` tells."""
        if self._recordings is None:
            return None
        dataset = record.case.dataset
        key = ("heard", dataset, str(record.provenance.inputs.get("dataset")), result.id)
        if found := self._again(label, key):
            self._licence = self._recordings.licence(record.case) or "no licence is stated"
            return found
        data = None
        if self._misses < _MOST_MISSES and result.audio_s * _SMALLEST_PER_S <= self._left:
            try:
                data = self._fitting(self._recordings.clip(record, result.id))
            except NoRecording as error:
                self._silent.setdefault(f"{dataset}: {error}")
                return None
            self._misses += len(data) > self._left
        if data is None or len(data) > self._left:
            self._beyond[dataset] = self._beyond.get(dataset, 0) + 1
            return None
        self._licence = self._recordings.licence(record.case) or "no licence is stated"
        return self._embedded(label, data, key)

    def _sound(self, label: str, path: Path) -> Sound:
        try:
            data = self._fitting(path.read_bytes()) if path.stat().st_size * _MOST_COMPRESSED <= self._left else None
        except OSError as error:
            return Sound(label, "", f"{path.name}: {error.strerror}")
        if data is not None and len(data) <= self._left:
            return self._embedded(label, data, ("spoken", path.stem))
        self.linked += 1
        return Sound(label, quote(Path(os.path.relpath(path, self._folder)).as_posix()), "in a file beside this page")

    def _fitting(self, flac: bytes) -> bytes:
        """A clip, compressed where it takes more than its part of what is left to the case."""
        return flac if len(flac) <= self._left / self._clips else compressed(flac)

    def _embedded(self, label: str, data: bytes, key: tuple[str, ...]) -> Sound:
        self._left -= len(data)
        self._clips = max(1, self._clips - 1)
        self._ids[key] = f"sound-{len(self._ids) + 1}"
        kind = "mpeg" if is_mp3(data) else "flac"
        return Sound(label, f"data:audio/{kind};base64,{base64.b64encode(data).decode('ascii')}", id=self._ids[key])

    def _again(self, label: str, key: tuple[str, ...]) -> Sound | None:
        """The player of a clip that is on the page already."""
        return Sound(label, "", id=self._ids[key], again=True) if key in self._ids else None
