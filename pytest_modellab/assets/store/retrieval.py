"""One round of fetching: each archive is downloaded once and serves all files requested from it."""

import hashlib
import shutil
import tempfile
from collections.abc import Generator, Iterator
from functools import cached_property
from pathlib import Path

from packaging.utils import canonicalize_name

from . import hub
from .archives import chunks_of, read_member
from .debs import download_deb
from .downloads import download
from .errors import SourceFailed
from .npms import download_npm
from .partial import PartialDownload
from .pipconfig import PipSettings, read_settings
from .progress import Progress
from .sdists import download_sdist
from .sources import Deb, Folder, Hub, Inside, Npm, Package, Parts, Source, Url, Wheel, split_requirement
from .web import Access, authorization, why_unreachable
from .wheels import download_wheel

Bytes = Generator[bytes, None, None]
"""The bytes of a file in pieces; close it to let go of what they are read from."""


class Retrieval:
    """Reads sources for the duration of one fetch; what it downloads lives in `workroom`."""

    def __init__(self, workroom: Path, progress: Progress) -> None:
        self._workroom = workroom
        self._progress = progress
        self._archives: dict[tuple[type, str], Path | SourceFailed] = {}

    @cached_property
    def _settings(self) -> PipSettings:
        return read_settings()

    def ways(self, source: Source, name: str, size: int | None) -> Iterator[tuple[str, Bytes]]:
        """Each way to the bytes of a source: what to call it in a message, and the bytes.

        Reading them raises SourceFailed, and OSError only where the disk is full.
        """
        if isinstance(source, Hub):
            cached = hub.find_cached(source)
            if cached is not None:
                yield f"{source} (local hub cache)", read_file(cached)
            yield str(source), self._from_hub(source, name, size)
        elif isinstance(source, Parts):
            yield str(source), self._joined(source, name, size)
        else:
            yield str(source), self._read(source, name, size)

    def _joined(self, source: Parts, name: str, size: int | None) -> Bytes:
        for part in source.parts:
            try:
                yield from self._read(part, name, size)
            except SourceFailed as error:
                raise SourceFailed(f"{part}: {error}") from error

    def _read(self, source: Folder | Package | Url | Inside, name: str, size: int | None) -> Bytes:
        if isinstance(source, Folder):
            yield from read_file(source.path.expanduser() / source.name)
        elif isinstance(source, Url):
            yield from self._from_web(source, name, size)
        else:
            archive = source.archive if isinstance(source, Inside) else self._archive(source, name, size)
            archive = archive.expanduser()
            if not source.member:
                yield from read_file(archive)
            else:
                yield from as_source(read_member(archive, source.member), archive)

    def _from_web(self, source: Url, name: str, size: int | None) -> Bytes:
        access = Access()
        reason = why_unreachable(source.url, access)
        if reason is not None:
            raise SourceFailed(reason)
        self._progress.announce(name, size, source)
        partial = PartialDownload(self._kept(source.url), self._workroom.parent.parent / "locks")
        yield from download(source.url, name, access, self._progress, secret=authorization(source.url), partial=partial)

    def _from_hub(self, source: Hub, name: str, size: int | None) -> Bytes:
        hub.require_network()
        self._progress.announce(name, size, source)
        # The hub's library goes on from what it finds there of an earlier try.
        folder = self._kept(str(source))
        folder.mkdir(exist_ok=True)
        try:
            path = hub.download(source, folder, self._progress.bars)
        except SourceFailed:
            if not any(left.stat().st_size for left in folder.rglob("*.incomplete")):
                shutil.rmtree(folder, ignore_errors=True)
            raise
        try:
            yield from read_file(path)
        finally:  # whole or not, its digest is about to tell
            shutil.rmtree(folder, ignore_errors=True)

    def _kept(self, what: str) -> Path:
        """Where a download that breaks off is kept: beside the workroom, until the store clears old things away."""
        return self._workroom.parent / f"partial-{hashlib.sha256(what.encode()).hexdigest()[:16]}"

    def _archive(self, source: Package, name: str, size: int | None) -> Path:
        key = (type(source), _canonical(source))
        if key not in self._archives:
            try:
                self._archives[key] = self._download(source, name, size)
            except SourceFailed as error:
                self._archives[key] = error
        found = self._archives[key]
        if isinstance(found, SourceFailed):
            raise SourceFailed(str(found))
        return found

    def _download(self, source: Package, name: str, size: int | None) -> Path:
        folder = Path(tempfile.mkdtemp(dir=self._workroom))
        if isinstance(source, Deb | Npm):
            self._progress.announce(name, size, source)
            return (download_deb if isinstance(source, Deb) else download_npm)(source.requirement, folder)
        settings = self._settings
        self._progress.announce(name, size, source)
        if isinstance(source, Wheel):
            return download_wheel(source.requirement, folder, settings, self._progress)
        return download_sdist(source.requirement, folder, settings, self._progress)


def _canonical(source: Package) -> str:
    """A requirement as its index compares it."""
    if isinstance(source, Deb | Npm):
        return source.requirement
    project, version = split_requirement(source.requirement)
    return f"{canonicalize_name(project)}=={version}"


def read_file(path: Path) -> Bytes:
    """The bytes of a file in pieces. Raises SourceFailed where it can't be read."""

    def chunks() -> Iterator[bytes]:
        with path.open("rb") as stream:
            yield from chunks_of(stream)

    return as_source(chunks(), path)


def as_source(chunks: Iterator[bytes], path: Path) -> Bytes:
    """The same bytes; read errors are raised as SourceFailed, not as errors of the cache."""
    try:
        yield from chunks
    except OSError as error:
        raise SourceFailed(f"{path} cannot be read ({error.strerror or error})") from error
