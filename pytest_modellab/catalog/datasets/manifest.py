"""The form `manifest`: a JSONL manifest as NeMo writes it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from pytest_modellab.core.console import counted
from pytest_modellab.core.id_index import id_digest

from ..specs import DatasetSpec
from .access import DatasetAccess
from .form import DatasetForm
from .manifest_line import ManifestReader, near_miss, piece_id
from .root import Place
from .rows import Rows
from .sound_facts import SoundFacts
from .texts import lines_of
from .utterance import DatasetError, Utterance

_TABLES = (".csv", ".tsv", ".tab", ".parquet", ".pq")


def from_manifest(spec: DatasetSpec, place: Place, access: DatasetAccess) -> Sequence[Utterance]:
    """The utterances in the order of their lines; `access.notes` gets what a person should look at."""
    facts = SoundFacts()
    files = access.sounds(place.parent)
    reader = ManifestReader(spec, files, facts)
    path = access.file(place, "manifest")
    files.fetch(_named(_lines(path, place)))
    repeated = _repeated(_named(_lines(path, place)))
    rows = Rows(spec, "give each line its own `id`")
    for number, line in _lines(path, place):
        try:
            row = json.loads(line)
            utterance = reader.utterance(row)
            if id_digest(row["audio_filepath"]) in repeated:
                utterance = replace(utterance, id=piece_id(row) or utterance.id)
            rows.add(f"{place}:{number}", utterance)
        except json.JSONDecodeError as error:
            hint = "; `\\` begins an escape in JSON: write paths with `/`" if error.msg.startswith("Invalid \\") else ""
            rows.problems.append(f"{place}:{number}: not JSON: {error.msg} at column {error.colno}{hint}")
        except ValueError as error:
            rows.problems.append(f"{place}:{number}: {error}")
        except OSError as error:
            rows.problems.append(f"{place}:{number}: {error.filename} can't be read: {error.strerror}")
    facts.save()
    utterances = rows.checked(f"{place}: no utterances")
    access.notes.extend(_near_misses(place.name, utterances))
    return utterances


def _named(lines: Iterator[tuple[int, str]]) -> Iterator[str]:
    """The audio files that the lines name."""
    for _, line in lines:
        with suppress(ValueError):
            row = json.loads(line)
            if isinstance(row, dict) and isinstance(row.get("audio_filepath"), str):
                yield row["audio_filepath"]


def _repeated(names: Iterator[str]) -> set[int]:
    """Digests of the files that several lines name: they are told apart by where their pieces begin."""
    seen: set[int] = set()
    found: set[int] = set()
    for digest in map(id_digest, names):
        (found if digest in seen else seen).add(digest)
    return found


def _lines(path: Path, place: Place) -> Iterator[tuple[int, str]]:
    """The lines that aren't empty, by their number from 1 on, as they are read. Raises DatasetError."""
    begun = False
    # A text may hold characters that splitlines splits at, such as U+2028.
    for number, line in lines_of(path, place):
        if not begun and line.lstrip().startswith("["):
            raise DatasetError(
                f"{place}: a JSON array, where one object a line is wanted (JSON Lines, without brackets and commas"
                f" around them); `jq -c '.[]' {place.name}` writes it so"
            )
        if line.strip():
            begun = True
            yield number, line


def _near_misses(name: str, utterances: Sequence[Utterance]) -> list[str]:
    """A note on each attribute that is called almost like a key with a meaning."""
    found: dict[str, int] = {}
    for utterance in utterances:
        for key in utterance.attributes:
            found[key] = found.get(key, 0) + 1
    return [
        f"{name}: `{key}` means nothing here, and is kept as an attribute of {counted(count, 'utterance')};"
        f" did you mean `{meant}`?"
        for key, count in found.items()
        if (meant := near_miss(key)) is not None
    ]


class _Manifest(DatasetForm[str]):
    goes_with = frozenset({"audio_root", "channel"})

    def check(self, spec: DatasetSpec, given: str) -> None:
        if given.lower().endswith(_TABLES):
            raise ValueError(f"`manifest` is JSON Lines: {given} is a table, `table: {{path: {given}}}`")

    def read(self, spec: DatasetSpec, given: str, access: DatasetAccess) -> Sequence[Utterance]:
        return from_manifest(spec, access.place(given), access)

    def summary(self, given: str) -> str:
        return given


FORM = _Manifest()
