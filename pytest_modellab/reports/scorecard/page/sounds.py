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

EMBEDDED_BYTES = 12_000_000
"""Of sound files in one page; base64 makes a third more of them."""

_SMALLEST_PER_S = 6_000
"""Bytes that a second of speech takes at the very least: what can't fit isn't even decoded."""
_MOST_MISSES = 3


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
    """A data: URI, or a path relative to the page; "" where there is nothing to play."""
    note: str = ""


class Sounds:
    """The audio clips of one page; each case gets an equal share of the size limit."""

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
        self._misses = 0
        self.linked = 0
        """Sounds that the page only links to."""
        self._licence = ""
        self._beyond: dict[str, int] = {}
        self._silent: dict[str, None] = {}

    def next_case(self) -> None:
        self._left = self._share
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
        path = self._kept.path(digest) if self._kept is not None else None
        if path is None or not path.is_file():
            return Sound(label, "", "its audio is not kept, or is in another folder")
        return self._sound(label, path)

    def heard(self, label: str, record: Record, result: UtteranceResult) -> Sound | None:
        """What a model listened to; None where it isn't at hand or there is no room, which `silent` tells."""
        if self._recordings is None:
            return None
        dataset = record.case.dataset
        data = None
        if self._misses < _MOST_MISSES and result.audio_s * _SMALLEST_PER_S <= self._left:
            try:
                data = self._recordings.clip(record, result.id)
            except NoRecording as error:
                self._silent.setdefault(f"{dataset}: {error}")
                return None
            self._misses += len(data) > self._left
        if data is None or len(data) > self._left:
            self._beyond[dataset] = self._beyond.get(dataset, 0) + 1
            return None
        self._left -= len(data)
        self._licence = self._recordings.licence(record.case) or "no licence is stated"
        return Sound(label, _embedded(data))

    def _sound(self, label: str, path: Path) -> Sound:
        size = path.stat().st_size
        if size <= self._left:
            try:
                data = path.read_bytes()
            except OSError as error:
                return Sound(label, "", f"{path.name}: {error.strerror}")
            self._left -= size
            return Sound(label, _embedded(data))
        self.linked += 1
        return Sound(label, quote(Path(os.path.relpath(path, self._folder)).as_posix()), "in a file beside this page")


def _embedded(data: bytes) -> str:
    return f"data:audio/flac;base64,{base64.b64encode(data).decode('ascii')}"
