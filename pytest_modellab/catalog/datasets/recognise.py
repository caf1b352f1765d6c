"""What a folder or a file of recordings is, and which form of data sets reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from pytest_modellab.assets.store import Unavailable, digest_file

from .columns import USUAL
from .csv_table import CsvTable
from .folder import AUDIO_SUFFIXES
from .guess import NoColumn, columns_of, common_language, language_of
from .jsonl_table import JsonLinesTable
from .parquet_table import ParquetTable
from .tables import Table
from .utterance import DatasetError

FORMS = (
    "a CSV, TSV, Parquet or JSONL file that lists recordings and transcripts, a folder with one, a folder of"
    " recordings with a .txt beside each, a Kaldi folder, or OWNER/NAME of the Hugging Face hub"
)
"""What is recognised, in words."""

_TABLES = {".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".parquet", ".pq"}
_DELIMITERS = ",;\t|"
_SAMPLE = 200
_SPLIT = re.compile(r"(?P<split>[A-Za-z]+)-\d+-of-\d+")


class NotRecognised(ValueError):
    """A place that holds nothing that is recognised, or several things that might be meant."""


@dataclass(frozen=True)
class Recognised:
    """The keys of a data set's file; a path among them is a Path."""

    name: str
    keys: Mapping[str, Any]
    rows: int | None
    """Utterances, if they could be counted."""
    language: str | None
    remarks: tuple[str, ...] = field(default=())


def recognise(place: Path, text: str | None = None) -> Recognised:
    """The data set in a folder or a file of this machine; `text` is the column of a table that has the references.

    Raises NotRecognised.
    """
    place = place.resolve()
    try:
        if place.is_file() or place.is_dir():
            found = _file(place, text=text) if place.is_file() else _folder(place, text)
            if text is not None and "table" not in found.keys:
                raise NotRecognised(f"{place}: no table, so that it has no column `{text}`: leave --text out")
            return found
    except (DatasetError, NoColumn, Unavailable) as error:
        raise NotRecognised(str(error)) from None
    except OSError as error:
        raise NotRecognised(f"{error.filename}: can't be read: {error.strerror}") from None
    raise NotRecognised(f"{place}: no such file or folder; what is taken: {FORMS}")


def _file(path: Path, name: str | None = None, text: str | None = None) -> Recognised:
    name = name or path.stem
    if path.name.endswith((".jsonl.gz", ".cuts")) or (path.suffix == ".jsonl" and _is_cut(path)):
        return Recognised(name, {"lhotse": {"cuts": path}}, None, None, (f"cuts of lhotse: {path.name}",))
    if path.suffix in {".jsonl", ".json"} and _is_manifest(path):
        return _manifest(path, name)
    if path.suffix.lower() in _TABLES:
        return _table(path, name, text)
    if path.suffix.lower() in AUDIO_SUFFIXES:
        raise NotRecognised(f"{path} is one recording; give the folder that it lies in, with transcripts")
    raise NotRecognised(f"{path} is none of what is taken: {FORMS}")


def _folder(folder: Path, text: str | None) -> Recognised:
    if (folder / "wav.scp").is_file():
        return _kaldi(folder)
    if parquet := _parquet(folder, text):
        return parquet
    tables = [
        path
        for path in _listings(folder)
        if path.suffix.lower() in _TABLES or (path.suffix == ".json" and _is_manifest(path))
    ]
    fitting: list[tuple[Path, Recognised]] = []
    refused: list[str] = []
    for path in tables:
        try:
            fitting.append((path, _file(path, folder.name, text)))
        except (DatasetError, NoColumn, NotRecognised, Unavailable) as error:
            refused.append(str(error))
    if len(fitting) > 1:
        names = ", ".join(str(path.relative_to(folder)) for path, _ in fitting)
        raise NotRecognised(f"{folder} has several files that list recordings: {names}; name one of them")
    if fitting:
        return fitting[0][1]
    recordings = sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES)
    texts = [path.with_suffix(".txt") for path in recordings if path.with_suffix(".txt").is_file()]
    if texts:
        return _texts(folder, recordings, texts)
    if refused:
        raise NotRecognised("\n".join(refused))
    if recordings:
        raise NotRecognised(
            f"{folder} has {len(recordings)} recordings and no transcripts: write what is said in each, as a CSV with"
            " the columns file and text, or as NAME.txt beside NAME.wav"
        )
    raise NotRecognised(f"{folder} holds nothing of what is taken: {FORMS}")


def _listings(folder: Path) -> Iterator[Path]:
    """Files that may list recordings: in the folder and those right below it."""
    yield from sorted(path for path in folder.iterdir() if path.is_file())
    for below in sorted(path for path in folder.iterdir() if path.is_dir()):
        yield from sorted(path for path in below.iterdir() if path.is_file() and path.stem == "metadata")


def _kaldi(folder: Path) -> Recognised:
    if not (folder / "text").is_file():
        raise NotRecognised(f"{folder} has wav.scp but no `text`, the references: a line for each, `ID WORDS`")
    lines = (folder / "text").read_text(encoding="utf-8").splitlines()
    texts = [line.partition(" ")[2] for line in lines]
    paths = [line.partition(" ")[2].strip() for line in (folder / "wav.scp").read_text(encoding="utf-8").splitlines()]
    keys: dict[str, Any] = {"kaldi": {"folder": folder}}
    plain = [Path(path) for path in paths if path and not path.endswith("|")]
    if plain and not (folder / plain[0]).is_file():
        # Paths of wav.scp start where the recipe was run, some folders up.
        base = next((each for each in folder.parents if (each / plain[0]).is_file()), None)
        if base is None:
            raise NotRecognised(f"{folder}/wav.scp names no recordings that are here: {plain[0]} isn't")
        keys["kaldi"]["relative_to"] = base
    outside = [path for path in plain if path.is_absolute() and not path.is_relative_to(folder)]
    if outside:
        keys["audio_root"] = _common(outside)
    return Recognised(folder.name, keys, len(texts), language_of(texts), ("a Kaldi folder: wav.scp and text",))


def _parquet(place: Path, text: str | None) -> Recognised | None:
    """A data set as the hub stores it: Parquet files named after their splits."""
    found = sorted([*place.glob("*.parquet"), *place.glob("*/*.parquet")])
    splits: dict[tuple[Path, str], list[Path]] = {}
    for path in found:
        if named := _SPLIT.match(path.name):
            splits.setdefault((path.parent, named["split"]), []).append(path)
    if not splits:
        return None
    by_name = {key[1]: key for key in splits}
    split = next((each for each in ("test", "validation", "dev") if each in by_name), sorted(by_name)[0])
    folders = sorted(str(folder.relative_to(place)) for folder, name in splits if name == split)
    if len(folders) > 1:
        raise NotRecognised(f"{place} has the split {split} in several folders: {', '.join(folders)}; name one of them")
    paths = splits[by_name[split]]
    got = _table(paths[0], place.name, text)
    table = {**got.keys["table"], "path": paths[0].parent / f"{split}-*.parquet"}
    rows = sum(_opened(path).count for path in paths)
    others = sorted(set(by_name) - {split})
    remark = f"split {split} of a data set of the hub" + (f"; not read: {', '.join(others)}" if others else "")
    return Recognised(place.name, {**got.keys, "table": table}, rows, got.language, (remark, *got.remarks))


def _table(path: Path, name: str, text: str | None) -> Recognised:
    table = _opened(path)
    columns = columns_of(table, path, text)
    keys: dict[str, Any] = {"path": path, **columns.named}
    if isinstance(table, CsvTable) and (delimiter := _delimiter(path)) != ("\t" if _tabs(path) else ","):
        keys["delimiter"] = delimiter
    if columns.base is not None:
        keys["relative_to"] = columns.base
    rows = [row.values for row in islice(table.rows(None), _SAMPLE)]
    named = {key: column for key, column in columns.named.items() if column is not None}
    language = common_language(row.get(named["language"]) for row in rows) if "language" in named else None
    language = language or language_of(str(row.get(named["text"]) or "") for row in rows)
    root = {} if columns.root is None else {"audio_root": columns.root}
    unlisted = [] if columns.inside else _unlisted(table, named["audio"], columns.base or path.parent)
    remarks = (f"a table, {path.name}", *columns.remarks, *unlisted)
    return Recognised(name, {"table": keys, **root}, table.count, language, remarks)


def _unlisted(table: Table, audio: str, base: Path) -> list[str]:
    """A remark on recordings beside those that a table lists."""
    listed = {(base / str(row.values.get(audio))).resolve() for row in table.rows(None)}
    here = {path.resolve() for path in base.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES}
    left = here - listed
    return [f"not listed, and left out: {len(left)} of {len(here)} recordings in {base}"] if left else []


def _opened(path: Path) -> Table:
    match path.suffix.lower():
        case ".parquet" | ".pq":
            return ParquetTable(path, path, digest_file(path))
        case ".jsonl" | ".ndjson":
            return JsonLinesTable(path, path)
        case _:
            return CsvTable(path, path, _delimiter(path))


def _tabs(path: Path) -> bool:
    return path.suffix.lower() in {".tsv", ".tab"}


def _delimiter(path: Path) -> str:
    """The delimiter that the first line has most of."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        head = file.readline()
    usual = "\t" if _tabs(path) else ","
    best = max(_DELIMITERS, key=lambda each: (head.count(each), each == usual))
    return best if head.count(best) else usual


def _manifest(path: Path, name: str) -> Recognised:
    rows = list(_objects(path))
    texts = [str(row.get("text", "")) for row in rows]
    language = common_language(row.get("language") or row.get("lang") for row in rows)
    files = [Path(str(row["audio_filepath"])) for row in rows]
    keys: dict[str, Any] = {"manifest": path}
    outside = [file for file in files if file.is_absolute() and not file.is_relative_to(path.parent)]
    if outside:
        keys["audio_root"] = _common([*outside, *(path.parent / file for file in files if not file.is_absolute())])
    return Recognised(name, keys, len(rows), language or language_of(texts), (f"a manifest of NeMo, {path.name}",))


def _common(files: Sequence[Path]) -> Path:
    import os

    return Path(os.path.commonpath([file.parent for file in files]))


def _texts(folder: Path, recordings: Sequence[Path], texts: Sequence[Path]) -> Recognised:
    lacking = len(recordings) - len(texts)
    remarks = [f"{len(recordings)} recordings with a .txt beside each"]
    if lacking:
        remarks = [f"{len(recordings)} recordings; {lacking} of them lack the .txt beside, and are refused until then"]
    read = (text.read_text(encoding="utf-8", errors="replace") for text in texts)
    return Recognised(folder.name, {"folder": folder}, len(recordings), language_of(read), tuple(remarks))


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for line in file:
            try:
                found = json.loads(line)
            except ValueError:
                continue
            if isinstance(found, dict):
                yield found


def _first(path: Path) -> dict[str, Any]:
    return next(_objects(path), {})


def _is_manifest(path: Path) -> bool:
    """Whether it has NeMo's keys, and so needs no names of columns."""
    return USUAL["audio"][1] in (first := _first(path)) and "text" in first


def _is_cut(path: Path) -> bool:
    return {"recording", "supervisions"} <= _first(path).keys()
