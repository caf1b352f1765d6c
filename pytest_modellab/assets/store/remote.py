"""Files on shared storage, read through fsspec, and their copies: one for each content that they have had."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pytest_modellab.core.remote_path import PROTOCOLS, RemotePath

from .archives import chunks_of
from .blobs import Blobs
from .errors import SourceFailed
from .unpacking import StoredFile, write_json

FOLDER = "remote"
_WEB = frozenset({"http", "https"})
_AT_ONCE = 8
"""Files looked up or fetched at the same time."""
_LISTED = 16
"""A folder of which so many files are wanted is listed, which is one question instead of many."""
_CHANGING = (
    *("ETag", "etag", "md5", "Content-MD5", "Digest", "md5Hash", "content_md5", "crc32c", "blob_id"),
    *("generation", "LastModified", "Last-Modified", "last_modified", "mtime", "updated", "created"),
)
"""What file systems call that which changes with a file's content, the surest first.

Only the first counts: the list of a folder holds less than is told of a single file.
"""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A remote file as it is now."""

    path: RemotePath
    size: int | None
    """Bytes, where the server says."""
    stamp: str | None
    """What changes with its content; None where the server says nothing of the kind."""

    @property
    def name(self) -> str:
        return self.path.name


def look_up(paths: Iterable[RemotePath]) -> tuple[dict[RemotePath, RemoteFile], list[RemotePath]]:
    """The state of the files that are there, and those that are not.

    Raises SourceFailed where a server can't be asked, or a package for that is not installed.
    """
    wanted = list(dict.fromkeys(paths))
    folders: dict[RemotePath, list[RemotePath]] = {}
    for each in wanted:
        folders.setdefault(each.parent, []).append(each)
    found: dict[RemotePath, RemoteFile] = {}
    for folder, files in folders.items():
        if len(files) > _LISTED and folder.protocol not in _WEB:
            found |= _listed(folder, files)
    missing: list[RemotePath] = []
    rest = [each for each in wanted if each not in found]
    for path, state in zip(rest, _each(_state, rest), strict=True):
        if state is None:
            missing.append(path)
        else:
            found[path] = state
    return found, missing


def _listed(folder: RemotePath, wanted: Sequence[RemotePath]) -> dict[RemotePath, RemoteFile]:
    system, place = system_of(folder)
    with Translated(folder):
        try:
            entries = {str(each["name"]).strip("/"): each for each in system.ls(place, detail=True)}
        except FileNotFoundError:
            return {}
    known = {each: entries.get(system_of(each)[1].strip("/")) for each in wanted}
    return {each: _as_file(each, entry) for each, entry in known.items() if entry is not None and _is_file(entry)}


def _state(path: RemotePath) -> RemoteFile | None:
    system, place = system_of(path)
    with Translated(path):
        try:
            entry = system.info(place)
        except FileNotFoundError as error:
            if (reason := _other_reason(path, error)) is not None:
                raise reason from error
            return None
    return _as_file(path, entry) if _is_file(entry) else None


def _is_file(entry: Mapping[str, Any]) -> bool:
    return entry.get("type") != "directory"


def _other_reason(path: RemotePath, error: FileNotFoundError) -> BaseException | None:
    """Why a file wasn't found on the web, where that isn't that there is none."""
    if path.protocol not in _WEB or getattr(error.__cause__, "status", None) in {404, 410}:
        return None
    return error.__cause__


def _as_file(path: RemotePath, entry: Mapping[str, Any]) -> RemoteFile:
    size = entry.get("size")
    found = next(((key, entry[key]) for key in _CHANGING if entry.get(key) is not None), None)
    stamp = None if found is None else json.dumps([size, found[0], _text(found[1])])
    return RemoteFile(path, size if isinstance(size, int) else None, stamp)


def _text(value: Any) -> str:
    return str(value.timestamp() if isinstance(value, datetime) else value)


def _read(path: RemotePath) -> Iterator[bytes]:
    system, place = system_of(path)
    with Translated(path), system.open(place, "rb") as stream:
        yield from chunks_of(stream)


def system_of(path: RemotePath) -> tuple[Any, str]:
    """The file system of a path, which has forgotten what it knew, and the path within it. Raises SourceFailed."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise SourceFailed("fsspec is not installed; pip install 'pytest-modellab[remote]'") from None
    with Translated(path):
        try:
            system, place = url_to_fs(path.url)
        except ImportError:
            package = PROTOCOLS[path.protocol]
            raise SourceFailed(f"{path.protocol}:// takes {package}; pip install {package}") from None
    system.invalidate_cache()
    return system, str(place)


class Translated:
    """What libraries of file systems raise as SourceFailed; what isn't there, and errors of this store, as they are."""

    def __init__(self, path: RemotePath) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        # The libraries raise what theirs raise: of HTTP, of a cloud's client.
        if isinstance(error, Exception) and not isinstance(error, SourceFailed):
            text = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
            said = f"{type(error).__name__}: {text}" if text else type(error).__name__
            raise SourceFailed(f"{self._path} can't be read ({said})") from error


class RemoteCopies:
    """The copies in the cache: `root/remote` says which content a file had when it was last fetched."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    def kept(self, files: Iterable[RemoteFile]) -> dict[RemotePath, StoredFile]:
        """The copies of those that have not changed since they were fetched."""
        return {each.path: copy for each in files if (copy := self._kept(each)) is not None}

    def last(self, paths: Iterable[RemotePath]) -> dict[RemotePath, StoredFile]:
        """The copies that were fetched last, whether the files have changed since or not."""
        return {each: known[0] for each in paths if (known := self._known(each)) is not None}

    def _kept(self, file: RemoteFile) -> StoredFile | None:
        known = None if file.stamp is None else self._known(file.path)
        return known[0] if known is not None and known[1] == file.stamp else None

    def _known(self, path: RemotePath) -> tuple[StoredFile, str | None] | None:
        """The copy of a file, and the stamp that the file had."""
        try:
            known = json.loads(self._place(path).read_text(encoding="utf-8"))
            sha256, stamp = str(known["sha256"]), known["stamp"]
            blob = self._blobs.verified(sha256)
        except (OSError, ValueError, LookupError, TypeError):
            return None
        return None if blob is None else (StoredFile(blob, sha256), stamp)

    def fetch(self, files: Sequence[RemoteFile]) -> dict[RemotePath, StoredFile]:
        """Fetch all. Raises SourceFailed, and OSError where the cache can't be written."""
        return dict(zip((each.path for each in files), _each(self._fetch, files), strict=True))

    def _fetch(self, file: RemoteFile) -> StoredFile:
        sha256 = self._blobs.take(_read(file.path))
        write_json(self._place(file.path), {"url": str(file.path), "stamp": file.stamp, "sha256": sha256})
        return StoredFile(self._blobs.place(sha256), sha256)

    def _place(self, path: RemotePath) -> Path:
        return self._blobs.root / FOLDER / f"{hashlib.sha256(path.url.encode()).hexdigest()}.json"


def _each(function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    """The function of each item, several at the same time."""
    if len(items) < 2:
        return [function(each) for each in items]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(_AT_ONCE, len(items))) as pool:
        return list(pool.map(function, items))
