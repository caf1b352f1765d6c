"""The form `manifest`: a JSONL manifest as NeMo writes it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_modellab.core.console import counted

from ..specs import DatasetSpec
from .access import DatasetAccess
from .form import DatasetForm
from .manifest_line import ManifestReader, near_miss
from .root import Root
from .rows import Rows
from .sound_facts import SoundFacts
from .utterance import DatasetError, Utterance


def from_manifest(spec: DatasetSpec, path: Path, notes: list[str]) -> Sequence[Utterance]:
    """The utterances in the order of their lines; `notes` gets what a person should look at."""
    facts = SoundFacts()
    reader = ManifestReader(spec, path.parent, Root.of(spec, path.parent), facts)
    lines = _lines(spec, path)
    rows = Rows(spec, "give each line its own `id`")
    for number, line in lines:
        try:
            rows.add(f"{path}:{number}", reader.utterance(json.loads(line)))
        except json.JSONDecodeError as error:
            hint = "; `\\` begins an escape in JSON: write paths with `/`" if error.msg.startswith("Invalid \\") else ""
            rows.problems.append(f"{path}:{number}: not JSON: {error.msg} at column {error.colno}{hint}")
        except ValueError as error:
            rows.problems.append(f"{path}:{number}: {error}")
        except OSError as error:
            rows.problems.append(f"{path}:{number}: {error.filename} can't be read: {error.strerror}")
    facts.save()
    utterances = rows.checked(f"{path}: no utterances")
    notes += _near_misses(path, utterances)
    return utterances


def _lines(spec: DatasetSpec, path: Path) -> Iterator[tuple[int, str]]:
    """The lines that aren't empty, by their number from 1 on, as they are read. Raises DatasetError."""
    begun = False
    try:
        # Windows editors begin a file with a byte order mark.
        with path.open(encoding="utf-8-sig") as file:
            # A text may hold characters that splitlines splits at, such as U+2028.
            for number, line in enumerate(file, 1):
                if not begun and line.lstrip().startswith("["):
                    raise DatasetError(
                        f"{path}: a JSON array, where one object a line is wanted (JSON Lines, without brackets and"
                        f" commas around them); `jq -c '.[]' {path.name}` writes it so"
                    )
                if line.strip():
                    begun = True
                    yield number, line.removesuffix("\n")
    except FileNotFoundError:
        raise DatasetError(f"data set {spec.id}: no manifest {path} (named in {spec.origin})") from None
    except UnicodeDecodeError:
        raise DatasetError(f"{path}:{_undecodable(path)}: not UTF-8 text; save the file as UTF-8") from None
    except OSError as error:
        raise DatasetError(f"{path}: can't be read: {error.strerror}") from None


def _undecodable(path: Path) -> int:
    """The number of the first line that isn't UTF-8."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 1


def _near_misses(path: Path, utterances: Sequence[Utterance]) -> list[str]:
    """A note on each attribute that is called almost like a key with a meaning."""
    found: dict[str, int] = {}
    for utterance in utterances:
        for key in utterance.attributes:
            found[key] = found.get(key, 0) + 1
    return [
        f"{path.name}: `{key}` means nothing here, and is kept as an attribute of {counted(count, 'utterance')};"
        f" did you mean `{meant}`?"
        for key, count in found.items()
        if (meant := near_miss(key)) is not None
    ]


class _Manifest(DatasetForm[str]):
    goes_with = frozenset({"audio_root", "channel"})

    def read(self, spec: DatasetSpec, given: str, access: DatasetAccess) -> Sequence[Utterance]:
        return from_manifest(spec, access.folder / given, access.notes)

    def summary(self, given: str) -> str:
        return given


FORM = _Manifest()
