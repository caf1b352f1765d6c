"""One line of a manifest, and what its keys mean: those of NeMo, and this package's own."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pytest_modellab.core import audio
from pytest_modellab.core.language_tags import LanguageTagError, canonical_tag

from ..specs import DatasetSpec
from .columns import NAMES, USUAL
from .recording import FileRecording, MissingRecording, Recording
from .sound_facts import SoundFacts
from .sound_files import NoFile, SoundFiles
from .utterance import Utterance

KEYS = (
    *("audio_filepath", "text", "id", "speaker", "language", "lang", "kind", "snr_db"),
    *("offset", "duration", "channel"),
)
"""The keys with a meaning; any other is an attribute of the utterance."""

# Durations in manifests are rounded, and headers of coded files leave out what the coder adds.
DURATION_TOLERANCE_S = 0.1
MOST_ATTRIBUTE = 200
"""Characters of an attribute; longer texts, and lists and objects, are no attributes."""
# How alike a key must be to one of KEYS to be a slip of the pen.
_ALIKE = 0.75


@dataclass(frozen=True)
class ManifestReader:
    """Reads the lines of one manifest. Every method raises ValueError, or OSError where the audio can't be read."""

    spec: DatasetSpec
    files: SoundFiles | None
    """None where each row comes with its recording."""
    facts: SoundFacts

    def utterance(self, row: Any) -> Utterance:
        """The utterance of a line."""
        if not isinstance(row, dict):
            raise ValueError("expected an object with `audio_filepath` and `text`")
        return self.read(row, {key: value for key, value in row.items() if key not in KEYS})

    def read(self, row: dict[str, Any], others: Mapping[str, Any], sound: FileRecording | None = None) -> Utterance:
        """The utterance of a row with KEYS, and with `others`, which become attributes.

        `sound` is its whole recording, where `audio_filepath` only names it.
        """
        _check(row, others)
        name = row.get("id")
        text = row["text"] if row["text"].strip() else ""
        kind, speaker = _text(row, "kind"), _text(row, "speaker")
        if not text and not kind:
            raise ValueError(
                "an empty reference can't be scored; give its words or remove the line; where nobody speaks, say so"
                " by a `kind`, such as silence or noise"
            )
        return Utterance(
            id=str(name) if name not in {None, ""} else _id_of(row["audio_filepath"]),
            text=text,
            recording=self._recording(row, sound),
            speaker=speaker,
            language=_language(row) or self.spec.language,
            kind=kind or self.spec.kind,
            snr_db=None if row.get("snr_db") is None else float(row["snr_db"]),
            attributes=_attributes(others),
        )

    def _recording(self, row: dict[str, Any], sound: FileRecording | None) -> Recording:
        channel = row.get("channel") if row.get("channel") is not None else self.spec.channel
        try:
            whole = sound or self._whole(row["audio_filepath"], channel)
        except NoFile as error:
            if self.spec.on_error == "refuse":
                raise
            return MissingRecording(str(error))
        offset, duration = row.get("offset"), row.get("duration")
        if offset is None:
            duration = self._shorter(whole, float(duration)) if duration else None
        return FileRecording(
            whole.path,
            whole.sha256,
            float(offset or 0.0),
            None if duration is None else float(duration),
            whole.form,
            channel,
        )

    def _whole(self, name: str, channel: int | None) -> FileRecording:
        if self.files is None:
            raise ValueError(f"no recording beside `{name}`")
        return self.files.whole(name, channel)

    def _shorter(self, whole: FileRecording, duration: float) -> float | None:
        """A duration that cuts the file, as it does in NeMo; None for that of the whole file."""
        seconds = self._header_s(whole)
        if seconds is None:
            return None  # told by the check of the recordings
        if duration > seconds + DURATION_TOLERANCE_S:
            seconds = self._decoded_s(whole)
        if duration > seconds + DURATION_TOLERANCE_S:
            raise ValueError(
                f"`duration` is {duration:.2f} s, but {whole.path} has {seconds:.2f} s; correct it, or leave it out"
            )
        return duration if duration < seconds - DURATION_TOLERANCE_S else None

    def _header_s(self, whole: FileRecording) -> float | None:
        """The length of a file by its header; None where it can't be read."""
        what = ("header", whole.sha256, whole.form)
        known = self.facts.of(*what)
        if known is None:
            try:
                known = audio.probe(whole.path, whole.form)
            except audio.AudioError:
                return None
            self.facts.keep(known, *what)
        return float(known)

    def _decoded_s(self, whole: FileRecording) -> float:
        """The length of a file, all of it: a header may be an estimate, or that of the first of several on end."""
        what = ("decoded", whole.sha256, whole.form)
        known = self.facts.of(*what)
        if known is None:
            try:
                known = whole.decoded().seconds
            except audio.AudioError:
                return math.inf  # told by the check of the recordings
            self.facts.keep(known, *what)
        return float(known)


def piece_id(row: Mapping[str, Any]) -> str | None:
    """The id of a line without one whose recording is a piece of a file of which there are several; else None."""
    if row.get("id") not in {None, ""} or row.get("offset") is None:
        return None
    return f"{_id_of(row['audio_filepath'])}-{float(row['offset']):g}"


def near_miss(key: str) -> str | None:
    """The key of KEYS that was probably meant by another one; None for a word of its own."""
    if key in KEYS:
        return None
    meant = next((each for each in ("speaker", "language") if key.lower() in NAMES[each]), None)
    return meant or next(iter(get_close_matches(key, KEYS, 1, _ALIKE)), None)


def _check(row: dict[str, Any], others: Mapping[str, Any]) -> None:
    """Raise ValueError where a key that has a meaning has a value that has none."""
    for key in ("audio_filepath", "text"):
        if not isinstance(row.get(key), str):
            raise ValueError(f"`{key}` is missing or not text{_other_names(row, others)}")
    try:
        json.dumps([row, dict(others)], ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise ValueError("half a surrogate pair (a broken \\u escape): not text") from None
    for key in ("language", "lang"):
        if not isinstance(row.get(key), str | None):
            raise ValueError(f"`{key}` must be text, found {row[key]!r}")
    for key in ("id", "speaker", "kind"):
        if not isinstance(row.get(key), str | int | None):
            raise ValueError(f"`{key}` must be text or a number, found {row[key]!r}")
    for key in ("offset", "duration"):
        number = row.get(key)
        # Not a number, and what is too large for one, compare as false.
        if number is not None and (not _is_number(number) or not 0 <= number <= sys.float_info.max):
            raise ValueError(f"`{key}` must be seconds, found {number!r}")
    snr_db = row.get("snr_db")
    if snr_db is not None and (not _is_number(snr_db) or not abs(snr_db) <= sys.float_info.max):
        raise ValueError(f"`snr_db` must be decibels, found {snr_db!r}")
    channel = row.get("channel")
    if channel is not None and (not isinstance(channel, int) or isinstance(channel, bool) or channel < 0):
        raise ValueError(f"`channel` must be a whole number from 0 on, found {channel!r}")
    if row.get("offset") is not None and row.get("duration") == 0:
        raise ValueError("`duration` of a piece must be more than 0 seconds")


def _other_names(row: Mapping[str, Any], others: Mapping[str, Any]) -> str:
    """A hint for a line that has its recording and its reference by other names, as a table may have them."""
    found = {
        key: next((name for name in USUAL[key] if isinstance({**row, **others}.get(name), str)), None)
        for key in ("audio", "text")
    }
    if None in found.values():
        return ""
    columns = ", ".join(f"{key}: {name}" for key, name in found.items())
    return f"; a file with keys of its own is a table: `table: {{path: ..., {columns}}}` in place of `manifest`"


def _language(row: dict[str, Any]) -> str | None:
    """The canonical tag; `lang` is NeMo's key."""
    tags = {}
    for key in ("language", "lang"):
        if row.get(key):
            try:
                tags[key] = canonical_tag(row[key])
            except LanguageTagError as error:
                raise ValueError(f"`{key}`: {error}") from None
    if len(set(tags.values())) > 1:
        raise ValueError(f"`language` is {row['language']} and `lang` {row['lang']}: leave one of them out")
    return next(iter(tags.values()), None)


def _attributes(others: Mapping[str, Any]) -> dict[str, str]:
    """What else a line says of its utterance, as text."""
    found = {}
    for key, value in others.items():
        if value is None or not isinstance(value, str | int | float):
            continue
        text = value.strip() if isinstance(value, str) else json.dumps(value)
        if text and len(text) <= MOST_ATTRIBUTE and len(key) <= MOST_ATTRIBUTE:
            found[key] = text
    return found


def _id_of(file: str) -> str:
    """The id of an utterance without one: the path of its file without suffix and protocol."""
    return Path(file.rpartition("://")[2]).with_suffix("").as_posix()


def _text(row: dict[str, Any], key: str) -> str | None:
    return None if row.get(key) is None else str(row[key])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
