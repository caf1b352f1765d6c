"""Tables of utterances: their rows, chosen and turned into rows of a manifest, whatever they are stored as."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pytest_modellab.assets.store import Store, StoredFile
from pytest_modellab.core import ffmpeg
from pytest_modellab.core.console import counted

from ..corpus_specs import COLUMN_KEYS, ColumnsSpec
from ..specs import DatasetSpec
from .access import DatasetAccess
from .columns import resolved
from .manifest_line import ManifestReader, near_miss
from .recording import FileRecording
from .root import Place
from .rows import Rows
from .sound_facts import SoundFacts
from .sound_files import SoundFiles
from .utterance import DatasetError, Utterance

QUOTES_ADVICE = "double a mark that belongs to the text, or set `quoted: false` if marks enclose no cells"


@dataclass(frozen=True)
class Row:
    """A row of a table; `number` counts rows from 0 on, `place` is the file with the line."""

    place: str
    number: int
    values: Mapping[str, Any]
    lines: int = 1
    """That it takes of a text file: several where there are line breaks in quoted cells."""


class Table(Protocol):
    """A file with rows."""

    place: Place

    @property
    def columns(self) -> Sequence[str]: ...

    @property
    def sounds(self) -> Collection[str]:
        """The columns with audio files in them."""
        ...

    @property
    def count(self) -> int:
        """Rows."""
        ...

    def rows(self, chosen: Collection[int] | None) -> Iterator[Row]:
        """The chosen rows in their order, without audio: its path alone. Raises DatasetError."""
        ...

    def extracted(self, column: str, chosen: Collection[int] | None, store: Store) -> Mapping[int, StoredFile]:
        """The audio files in a column, by row, as files of the cache; none where a row has a path alone."""
        ...


def from_tables(
    spec: DatasetSpec,
    given: ColumnsSpec,
    tables: Sequence[Table],
    access: DatasetAccess,
    files: SoundFiles | None,
    sought: Collection[str] = COLUMN_KEYS,
) -> Sequence[Utterance]:
    """The utterances of tables that follow on each other.

    `files` are those that paths in them name; None where they lie elsewhere. Raises as DatasetForm.read.
    """
    facts = SoundFacts()
    reader = ManifestReader(spec, files, facts)
    rows = Rows(spec, "name a column that has a value of its own in each row, as in `id: COLUMN`")
    omitted = 0
    broken: list[str] = []
    before = 0
    for table, chosen in zip(tables, _chosen([table.count for table in tables], given.take), strict=True):
        columns = _columns(spec, given, table, sought)
        access.notes.extend(note for note in _near_misses(table, columns) if note not in access.notes)
        holds = columns["audio"] in table.sounds
        sounds = table.extracted(columns["audio"], chosen, access.store) if holds else {}
        if not sounds and files is not None:
            paths = (_path(row.values.get(columns["audio"])) for row in table.rows(chosen))
            files.fetch(path for path in paths if path is not None and not _broken(path))
        for row in table.rows(chosen):
            if str(_text(row, columns)).strip() in given.leave_out:
                omitted += 1
                continue
            if row.lines > 1 and _broken(str(_text(row, columns))):
                broken.append(row.place)
            try:
                rows.add(row.place, _utterance(reader, table, row, columns, sounds, before))
            except ValueError as error:
                rows.problems.append(f"{row.place}: {error}")
            except OSError as error:
                rows.problems.append(f"{row.place}: {error.filename} can't be read: {error.strerror}")
        before += table.count
    facts.save()
    if omitted:
        access.notes.append(f"{counted(omitted, 'row')} left out: their references stand under `leave_out`")
    if broken:
        many = f"{counted(len(broken), 'reference')} over several lines, the first at {broken[0]}"
        access.notes.append(f"{many}: is a quotation mark missing or one too many?")
    return rows.checked(f"{tables[0].place}: no rows")


def _chosen(counts: Sequence[int], take: int | None) -> Iterator[Collection[int] | None]:
    """The rows of each table, evenly spread over all of them; None for all."""
    total = sum(counts)
    if take is None or take >= total:
        yield from (None for _ in counts)
        return
    wanted = [index * total // take for index in range(take)]
    begin = 0
    for count in counts:
        yield {index - begin for index in wanted if begin <= index < begin + count}
        begin += count


def _columns(spec: DatasetSpec, given: ColumnsSpec, table: Table, sought: Collection[str]) -> dict[str, str]:
    columns, problems = resolved(table.columns, given.named, sounds=table.sounds, sought=sought)
    if problems:
        lines = [f"{table.place}: {problem}" for problem in problems]
        raise DatasetError("\n".join([f"data set {spec.id} can't be used (named in {spec.origin}):", *lines]))
    return columns


def _near_misses(table: Table, columns: Mapping[str, str]) -> Iterator[str]:
    """A note on each column that is called almost like a key for which there is none."""
    for name in table.columns:
        meant = None if name in columns.values() else near_miss(name)
        if meant is not None and meant not in columns:
            yield (
                f"{table.place.name}: `{name}` means nothing here, and is kept as an attribute; did you mean"
                f" `{meant}: {name}`?"
            )


def _utterance(
    reader: ManifestReader,
    table: Table,
    row: Row,
    columns: Mapping[str, str],
    sounds: Mapping[int, StoredFile],
    before: int,
) -> Utterance:
    """Raises ValueError, and OSError where the audio can't be read."""
    values = {key: row.values.get(column) for key, column in columns.items() if key != "audio"}
    path = _path(row.values.get(columns["audio"]))
    kept = sounds.get(row.number)
    if kept is None and (not path or reader.files is None):
        raise ValueError(f"no audio in `{columns['audio']}`")
    if kept is None and path and _broken(path):
        raise ValueError(f"a line break in `{columns['audio']}`, the path of an audio file; {QUOTES_ADVICE}")
    # Of the paths inside a table, those of the machine that made it, the name alone says something.
    name = path if kept is None else (path or "").rpartition("/")[2] or f"row-{before + row.number:06d}"
    channel = _whole(values.pop("channel", None), "channel")
    if channel is None:
        channel = reader.spec.channel
    form = ffmpeg.format_of(name or "")
    sound = None if kept is None else FileRecording(kept.path, kept.sha256, form=form, channel=channel)
    entry = {
        "audio_filepath": name,
        "text": _text(row, columns),
        "channel": channel,
        **{key: _number(values.pop(key, None), key) for key in ("snr_db", "offset", "duration")},
        **{key: _filled(values.get(key)) for key in ("id", "speaker", "language", "kind")},
    }
    used = {*columns.values(), *table.sounds}
    return reader.read(entry, {key: value for key, value in row.values.items() if key not in used}, sound)


def _path(value: Any) -> str | None:
    """The path in a cell: the cell itself, or beside the audio file in it."""
    found = value.get("path") if isinstance(value, dict) else value
    return found if isinstance(found, str) and found else None


def _broken(cell: str) -> bool:
    """Whether a cell has a line break in it."""
    return "\n" in cell or "\r" in cell


def _text(row: Row, columns: Mapping[str, str]) -> Any:
    """A reference; what is no text is told by the reader."""
    found = row.values.get(columns["text"])
    return "" if found is None else found


def _filled(value: Any) -> Any:
    """A cell; None for an empty one, which libraries also write as a number that is none."""
    return None if value == "" or value != value else value


def _number(value: Any, key: str) -> Any:
    """A number, of a table without types too; what else it may be is told by the reader. Raises ValueError."""
    value = _filled(value)
    if not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        raise ValueError(f"`{key}` must be a number, found {value!r}") from None


def _whole(value: Any, key: str) -> Any:
    number = _number(value, key)
    return int(number) if isinstance(number, float) and number.is_integer() else number
