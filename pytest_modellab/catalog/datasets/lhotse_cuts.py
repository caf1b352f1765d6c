"""The form `lhotse`: cuts, read by lhotse itself; their recordings are files, which it doesn't open."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pytest_modellab.assets.store import Attempt, Unavailable
from pytest_modellab.core.console import counted

from ..corpus_specs import LhotseSpec
from ..specs import DatasetSpec
from .access import DatasetAccess
from .form import DatasetForm
from .manifest_line import KEYS, ManifestReader
from .root import Place
from .rows import Rows
from .sound_facts import SoundFacts
from .texts import decoded
from .utterance import DatasetError, Utterance

_AS_FILES = "save such cuts as audio files, by `cuts.save_audios(...)`, and name the new cuts"
# Seconds by which a cut of a whole recording may differ from it.
_SAME_S = 0.001


def from_cuts(spec: DatasetSpec, given: LhotseSpec, access: DatasetAccess) -> Sequence[Utterance]:
    """The utterances in the order of the cuts. Raises as DatasetForm.read."""
    place = access.place(given.cuts)
    lines = list(_lines(access.file(place, "cuts"), place))
    facts = SoundFacts()
    files = access.sounds(place.parent if given.relative_to is None else access.place(given.relative_to))
    reader = ManifestReader(spec, files, facts)
    rows = Rows(spec, "give each cut its own id")
    found: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
    parse = _parser(spec)
    for number, line in lines:
        try:
            found.append((f"{place}:{number}", *_row(parse(json.loads(line)))))
        # lhotse leaves it to Python to tell what is wrong with an item.
        except (ValueError, TypeError, LookupError, AttributeError, AssertionError) as error:
            said = str(error) if isinstance(error, ValueError) else f"no cut of lhotse: {type(error).__name__}: {error}"
            rows.problems.append(f"{place}:{number}: {said}")
    files.fetch(row["audio_filepath"] for _, row, _ in found)
    for where, row, others in found:
        try:
            rows.add(where, reader.read(row, others))
        except ValueError as error:
            rows.problems.append(f"{where}: {error}")
        except OSError as error:
            rows.problems.append(f"{where}: {error.filename} can't be read: {error.strerror}")
    facts.save()
    return rows.checked(f"{place}: no cuts")


def _parser(spec: DatasetSpec) -> Any:
    """What makes an item of lhotse of the JSON value of a line."""
    try:
        from lhotse.serialization import deserialize_item
    except ImportError:
        attempt = Attempt("a reader of cuts", "lhotse is not installed")
        raise Unavailable(f"data set {spec.id}", [attempt], "pip install 'pytest-modellab[lhotse]'") from None
    return deserialize_item


def _lines(path: Path, place: Place) -> Iterator[tuple[int, str]]:
    """The lines that aren't empty, by their number from 1 on. Raises DatasetError."""
    if not place.name.removesuffix(".gz").endswith(".jsonl"):
        raise DatasetError(
            f"{place}: expected cuts as JSON Lines, .jsonl or .jsonl.gz; `CutSet.from_file(...).to_file(...)` writes"
            " them so"
        )
    try:
        data = path.read_bytes()
        text = decoded(gzip.decompress(data) if place.name.endswith(".gz") else data, place)
    except (OSError, EOFError) as error:
        raise DatasetError(f"{place}: can't be read: {error}") from None
    yield from ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip())


def _row(cut: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A row as of a manifest, and attributes. Raises ValueError."""
    kind = type(cut).__name__
    if kind not in {"MonoCut", "MultiCut"}:
        raise ValueError(f"a {kind}, where a MonoCut or MultiCut is expected; {_AS_FILES}")
    recording = cut.recording
    if recording is None:
        raise ValueError("a cut without a recording")
    sources = recording.sources
    if recording.transforms or len(sources) != 1 or sources[0].type not in {"file", "url"}:
        what = "transforms" if recording.transforms else counted(len(sources), "source")
        types = ", ".join(source.type for source in sources)
        raise ValueError(f"a recording with {what} ({types}), where one file is expected; {_AS_FILES}")
    whole = cut.start < _SAME_S and abs(cut.duration - recording.duration) < _SAME_S
    row = {
        "audio_filepath": str(sources[0].source),
        "id": cut.id,
        "offset": None if whole else cut.start,
        "duration": None if whole else cut.duration,
        "channel": _channel(cut, recording),
        **_said(cut.supervisions),
    }
    others = dict(cut.custom or {})
    for supervision in cut.supervisions:
        others |= {"gender": supervision.gender, **(supervision.custom or {})}
    return row, {key: value for key, value in others.items() if key not in KEYS}


def _channel(cut: Any, recording: Any) -> int | None:
    """The channel of a cut; None for the mean of all. Raises ValueError."""
    wanted = cut.channel if isinstance(cut.channel, list) else [cut.channel]
    channels = sorted(recording.channel_ids or range(recording.num_channels))
    if sorted(wanted) == channels:
        return None
    if len(wanted) > 1:
        raise ValueError(f"channels {wanted} of {channels}, where one or all are expected; {_AS_FILES}")
    return channels.index(wanted[0])


def _said(supervisions: Any) -> dict[str, Any]:
    """Text, speaker and language of a cut, of several supervisions in the order of their time."""
    ordered = sorted(supervisions, key=lambda each: each.start)
    one = {key: {getattr(each, key) for each in ordered} for key in ("speaker", "language")}
    return {
        "text": " ".join(each.text.strip() for each in ordered if each.text),
        **{key: next(iter(values)) if len(values) == 1 else None for key, values in one.items()},
    }


class _Lhotse(DatasetForm[LhotseSpec]):
    goes_with = frozenset({"audio_root"})

    def read(self, spec: DatasetSpec, given: LhotseSpec, access: DatasetAccess) -> Sequence[Utterance]:
        return from_cuts(spec, given, access)

    def summary(self, given: LhotseSpec) -> str:
        return given.cuts


FORM = _Lhotse()
