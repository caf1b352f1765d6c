"""The form `manifest`: a JSONL manifest as NeMo writes it."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path, PureWindowsPath
from typing import Any

from ..specs import LANGUAGE_TAG, DatasetSpec
from .access import DatasetAccess
from .form import DatasetForm
from .recording import FileRecording
from .root import Root
from .rows import Rows
from .utterance import DatasetError, Utterance


def from_manifest(spec: DatasetSpec, path: Path) -> tuple[Utterance, ...]:
    root = Root.of(spec, path.parent)
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
    rows = Rows(spec, "give each line its own `id`")
    # Not splitlines: a text may hold the other characters that it splits at, such as U+2028.
    for number, row_text in enumerate(text.split("\n"), 1):
        if not row_text.strip():
            continue
        try:
            rows.add(f"{path}:{number}", _utterance(spec, path, root, json.loads(row_text)))
        except json.JSONDecodeError as error:
            hint = "; `\\` begins an escape in JSON: write paths with `/`" if error.msg.startswith("Invalid \\") else ""
            rows.problems.append(f"{path}:{number}: not JSON: {error.msg} at column {error.colno}{hint}")
        except ValueError as error:
            rows.problems.append(f"{path}:{number}: {error}")
        except OSError as error:
            rows.problems.append(f"{path}:{number}: {error.filename} can't be read: {error.strerror}")
    return rows.checked(f"{path}: no utterances")


def _utterance(spec: DatasetSpec, manifest: Path, root: Root, row: Any) -> Utterance:
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
    # NeMo's `duration` describes the whole file unless an `offset` makes it the length of a piece.
    piece = row.get("offset") is not None
    if piece and row.get("duration") == 0:
        raise ValueError("`duration` of a piece must be more than 0 seconds")
    audio_file = manifest.parent / row["audio_filepath"]
    root.check(audio_file)
    if not audio_file.is_file():
        raise ValueError(f"no audio file {audio_file}{_as_windows_writes(row['audio_filepath'], manifest.parent)}")
    name = row.get("id")
    return Utterance(
        id=str(name) if name not in {None, ""} else Path(row["audio_filepath"]).with_suffix("").as_posix(),
        text=row["text"],
        recording=FileRecording.of(
            audio_file,
            float(row.get("offset") or 0.0),
            float(row["duration"]) if piece and row.get("duration") is not None else None,
        ),
        speaker=None if row.get("speaker") is None else str(row["speaker"]),
        language=row.get("language") or spec.language,
        kind=None if row.get("kind") is None else str(row["kind"]),
        snr_db=None if snr_db is None else float(snr_db),
    )


def _as_windows_writes(name: str, folder: Path) -> str:
    """A hint for a path that names no file, where it looks as if it was written on Windows; else ""."""
    if any(character in name for character in "\b\f\n\r\t"):
        return "; `\\b`, `\\f`, `\\n`, `\\r` and `\\t` are no letters in JSON: write paths with `/`"
    if "\\" not in name or os.sep == "\\":
        return ""
    path = PureWindowsPath(name)
    if path.drive or path.root:
        return "; it is a path of Windows: write it from the manifest's folder on, with `/`"
    there = " (which is there)" if (folder / path.as_posix()).is_file() else ""
    return f"; `\\` divides folders on Windows only: write `{path.as_posix()}`{there}"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class _Manifest(DatasetForm[str]):
    goes_with = frozenset({"audio_root"})

    def read(self, spec: DatasetSpec, given: str, access: DatasetAccess) -> tuple[Utterance, ...]:
        return from_manifest(spec, access.folder / given)

    def summary(self, given: str) -> str:
        return given


FORM = _Manifest()
