"""What may be listened to: embedded in the page as far as there is room, beyond that as links beside it."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ...bench.artefacts import Artefacts
from ...bench.record import CaseRef

EMBEDDED_BYTES = 12_000_000
"""Of sound files in one page; base64 makes a third more of them."""

Recordings = Callable[[CaseRef, str], Path | None]
"""The recording of an utterance, where its file is at hand."""

_TYPES = {".flac": "audio/flac", ".wav": "audio/wav", ".mp3": "audio/mpeg", ".ogg": "audio/ogg", ".opus": "audio/ogg"}


@dataclass(frozen=True)
class Sound:
    """One thing to listen to."""

    label: str
    source: str
    """A data: URI, or a path relative to the page; "" where there is nothing to play."""
    note: str = ""


class Sounds:
    """Hands out the sounds of one page, its cases each having an equal share of the room."""

    def __init__(
        self,
        kept: Artefacts | None,
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
        self.linked = 0
        """Sounds that the page only links to."""

    def next_case(self) -> None:
        self._left = self._share

    def spoken(self, label: str, digest: str | None) -> Sound | None:
        """What a model said; None where it said nothing."""
        if digest is None:
            return None
        path = self._kept.path(digest) if self._kept is not None else None
        if path is None or not path.is_file():
            return Sound(label, "", "its sound is not kept, or lies elsewhere")
        return self._sound(label, path)

    def heard(self, label: str, case: CaseRef, utterance: str) -> Sound | None:
        """What a model listened to, where its file is at hand."""
        path = self._recordings(case, utterance) if self._recordings is not None else None
        return self._sound(label, path) if path is not None and path.is_file() else None

    def _sound(self, label: str, path: Path) -> Sound:
        size = path.stat().st_size
        if size <= self._left:
            try:
                data = base64.b64encode(path.read_bytes()).decode("ascii")
            except OSError as error:
                return Sound(label, "", f"{path.name}: {error.strerror}")
            self._left -= size
            return Sound(label, f"data:{_TYPES.get(path.suffix, 'application/octet-stream')};base64,{data}")
        self.linked += 1
        return Sound(label, quote(Path(os.path.relpath(path, self._folder)).as_posix()), "in a file beside this page")
