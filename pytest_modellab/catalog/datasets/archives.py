"""The archives of a data set: their sources, and their members as verified files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pytest_modellab.assets.store import (
    Attempt,
    Deb,
    Folder,
    Hub,
    Inside,
    Sdist,
    Selection,
    Source,
    Store,
    StoredFile,
    Unavailable,
    Url,
    WantedFile,
    Wheel,
)

from ..catalog import Catalog
from ..specs import ArchiveSpec, DatasetSpec
from ..weights import UNASKED_BYTES, mirror_sources
from .utterance import DatasetError


class NotPrepared(Unavailable):
    """Archives that are missing and too large to be fetched without a request."""

    def __init__(self, dataset: str, cost: str) -> None:
        super().__init__(
            f"data set {dataset}",
            [Attempt("a download", f"{cost} are missing, more than is fetched unasked")],
            f"Run `modellab data prepare {dataset}`.",
        )


class Archives:
    """The archives of one spec. An archive is fetched when one of its members is first needed."""

    def __init__(self, spec: DatasetSpec, catalog: Catalog, store: Store, *, asked: bool) -> None:
        self._spec = spec
        self._catalog = catalog
        self._store = store
        self._asked = asked
        self._here = catalog.folder / "datasets"

    def member_source(self, name: str, member: str) -> Source:
        """Where one member can be had, for files that are pinned by digest themselves.

        Raises store.Unavailable where its archive has to be here for that, and can't be.
        """
        archive = self._spec.archives[name]
        if archive.sha256 is not None or archive.path is not None:
            return Inside(self.file(name), member)
        if archive.wheel is not None:
            return Wheel(archive.wheel, member)
        if archive.sdist is not None:
            return Sdist(archive.sdist, member)
        if archive.deb is not None:
            return Deb(archive.deb, member)
        if archive.folder is not None:
            return Folder(self._here / archive.folder, member)
        return Inside(self.file(name), member)

    def members(self, name: str, wanted: Selection) -> Mapping[str, StoredFile]:
        """Members of an archive by name, as files.

        Raises store.Unavailable where the archive can't be had, StoreError where it is damaged.
        """
        return self._store.members(self._identity(name), wanted, lambda: self.file(name))

    def only(self, name: str, pattern: str) -> tuple[str, bytes]:
        """Name and bytes of the one member whose whole name matches. Raises DatasetError unless there is one."""
        found = self.members(name, Selection(pattern))
        if len(found) != 1:
            what = "no member" if not found else f"{len(found)} members"
            raise DatasetError(f"{self._spec.archives[name].origin}: {what} like `{pattern}` in the archive `{name}`")
        ((member, kept),) = found.items()
        return member, kept.path.read_bytes()

    def file(self, name: str) -> Path:
        """The archive itself. Raises store.Unavailable."""
        archive = self._spec.archives[name]
        if archive.path is not None:
            return self._local(archive)
        return self._fetched(name).path

    def _local(self, archive: ArchiveSpec) -> Path:
        path = (self._here / Path(str(archive.path)).expanduser()).resolve()
        if not path.is_file():
            home = f"Get it from {archive.home}, and put" if archive.home else "Put"
            raise Unavailable(
                f"data set {self._spec.id}",
                [Attempt(archive.origin, f"no file {path}")],
                f"{home} the file or a link to it there, or correct `path`.",
            )
        return path

    def _identity(self, name: str) -> str:
        """What tells the archive from every other, without reading it where that can be avoided."""
        archive = self._spec.archives[name]
        if archive.path is not None:
            path = self._local(archive)
            stamp = path.stat()
            return f"{path} {stamp.st_size} {stamp.st_mtime_ns}"
        return archive.sha256 or self._fetched(name).sha256

    def _fetched(self, name: str) -> StoredFile:
        archive = self._spec.archives[name]
        source, label = _source(archive), f"{self._spec.id}-{name}"
        if archive.sha256 is None:
            self._check_cost(name)
            return self._store.fetch_unpinned(label, source)
        if self._store.path(archive.sha256) is None:
            self._check_cost(name)
        mirrors = mirror_sources(archive.sha256, self._catalog.mirrors, self._catalog.folder)
        wanted = WantedFile(label, archive.sha256, archive.size, (source, *mirrors))
        return StoredFile(self._store.fetch([wanted])[label], archive.sha256)

    def _check_cost(self, name: str) -> None:
        """Raise NotPrepared for what nobody asked for: more than UNASKED_BYTES in all, or of a size nobody knows."""
        if self._asked:
            return
        archive = self._spec.archives[name]
        if archive.repo is not None and archive.size is None:
            if not self._store.has_unpinned(_source(archive)):
                raise NotPrepared(self._spec.id, f"{archive.repo}/{archive.file}, of unknown size,")
            return
        cost = sum(
            each.size or 0
            for each in self._spec.archives.values()
            if each.sha256 is not None and self._store.path(each.sha256) is None
        )
        if cost > UNASKED_BYTES:
            raise NotPrepared(self._spec.id, f"{cost / 1e6:.0f} MB")


def _source(archive: ArchiveSpec) -> Source:
    """Where the archive itself comes from."""
    if archive.wheel is not None:
        return Wheel(archive.wheel, "")
    if archive.sdist is not None:
        return Sdist(archive.sdist, "")
    if archive.deb is not None:
        return Deb(archive.deb, "")
    if archive.url is not None:
        return Url(archive.url)
    return Hub(str(archive.repo), archive.revision or "main", str(archive.file), "dataset")
