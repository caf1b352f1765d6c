"""The remote files of one data set: looked up together, fetched once for each content that they have."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_modellab.assets.store import Attempt, RemoteFile, SourceFailed, Store, StoredFile, Unavailable
from pytest_modellab.assets.store.remote import look_up
from pytest_modellab.core.remote_path import RemotePath

from ..weights import UNASKED_BYTES
from .archives import NotPrepared


class RemoteFiles:
    """Files that `fetch` asked for, by path. What a data set names is looked up anew for each session."""

    def __init__(self, dataset: str, store: Store, *, asked: bool) -> None:
        self._dataset = dataset
        self._store = store
        self._asked = asked
        self._here: dict[RemotePath, StoredFile | None] = {}
        self._fetched = 0
        """Bytes."""

    def file(self, path: RemotePath) -> StoredFile | None:
        """The copy of a file as it is now; None where there is no such file. Raises as `fetch`."""
        self.fetch([path])
        return self._here[path]

    def fetch(self, paths: Iterable[RemotePath]) -> None:
        """Have the files here, all that are there.

        Raises store.Unavailable where one can't be had, or where all that must be fetched is more than is fetched
        unasked, and StoreError where the cache can't be written.
        """
        wanted = [each for each in dict.fromkeys(paths) if each not in self._here]
        if not wanted:
            return
        if not self._store.fetching:
            kept = self._store.last_copies(wanted)
            self._here |= {path: kept.get(path) for path in wanted}
            return
        try:
            found, missing = look_up(wanted)
        except SourceFailed as error:
            source = Attempt(f"{wanted[0].protocol}://", str(error))
            raise Unavailable(f"data set {self._dataset}", [source], "Then run again.") from error
        files = list(found.values())
        self._check_cost(files)
        copies = self._store.fetch_copies(f"data set {self._dataset}", files)
        self._here |= {path: copies[path] for path in found}
        self._here |= dict.fromkeys(missing)

    def _check_cost(self, files: list[RemoteFile]) -> None:
        kept = self._store.copies(files)
        absent = [each for each in files if each.path not in kept]
        if self._asked or not absent:
            return
        self._fetched += sum(each.size or 0 for each in absent)
        if unknown := [each for each in absent if each.size is None]:
            raise NotPrepared(self._dataset, f"{unknown[0].path}, of unknown size,")
        if self._fetched > UNASKED_BYTES:
            raise NotPrepared(self._dataset, f"{self._fetched / 1e6:.0f} MB")
