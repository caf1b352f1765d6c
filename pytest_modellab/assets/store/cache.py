"""Files requested by digest, fetched from the first source that has the right bytes."""

import errno
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pytest_modellab.core.console import counted
from pytest_modellab.core.remote_path import RemotePath
from pytest_modellab.core.user_cache import cache_root

from .blobs import Blobs, checked_digest, digest_file
from .errors import Attempt, DigestMismatch, SourceFailed, StoreError, Unavailable, WrongBytes
from .making import Conversions
from .progress import Progress, readable
from .remote import RemoteCopies, RemoteFile
from .retrieval import Retrieval
from .snapshots import Snapshot, Snapshots
from .sources import Source
from .unpacking import Selection, StoredFile, Unpacker, write_json

_STALE_SECONDS = 24 * 3600
_NAMED = 20
"""Files named in a message."""


@dataclass(frozen=True)
class WantedFile:
    """A file to fetch, by the digest of its bytes. Raises ValueError for an invalid digest or name."""

    name: str
    """Its path in the folder that the model is loaded from: relative, with `/`."""
    sha256: str
    """64 lowercase hexadecimal digits."""
    size: int | None = None
    """Bytes, for messages; the digest alone decides."""
    sources: tuple[Source, ...] = ()
    """Where to look, in order."""

    def __post_init__(self) -> None:
        checked_digest(self.sha256)
        steps = self.name.split("/")
        if "\\" in self.name or ":" in self.name or any(step in ("", ".", "..") for step in steps):
            raise ValueError(f"{self.name!r} is not a relative path of plain names joined by '/'")

    def __str__(self) -> str:
        return self.name if self.size is None else f"{self.name} ({readable(self.size)})"


class Store:
    """The cache, shared by all processes of a machine that use the same root."""

    def __init__(
        self,
        root: Path | None = None,
        progress: bool | None = None,
        *,
        fetching: bool = True,
        blobs: Callable[[Path], Blobs] = Blobs,
    ) -> None:
        """`root` defaults to `cache_root()`; `progress` is whether to draw bars, by default on a terminal.

        Without `fetching` only what is in the cache can be had: nothing is fetched or made, all else is Unavailable.
        """
        self.root = (cache_root() if root is None else root).expanduser().resolve()
        self._blobs = blobs(self.root)
        self._progress = progress
        self.fetching = fetching

    def path(self, sha256: str) -> Path | None:
        """The verified file of that digest, read-only, or None. Raises ValueError for what is no digest."""
        return self._blobs.verified(sha256)

    def missing(self, wanted: Sequence[WantedFile]) -> list[WantedFile]:
        """Those of the wanted files that `fetch` would have to get."""
        return [item for item in wanted if self.path(item.sha256) is None]

    def fetch(self, wanted: Sequence[WantedFile]) -> dict[str, Path]:
        """The path of every wanted file by name, fetched where the cache has none.

        Raises Unavailable, DigestMismatch, or StoreError where the cache cannot be written; ValueError where
        two files share a name. What was fetched before the error stays in the cache.
        """
        _by_name(wanted)
        absent = self.missing(wanted)
        if absent:
            self._may_fetch(", ".join(item.name for item in absent))
            with self._writing(absent):
                self._fetch(absent)
        return {item.name: self._blobs.place(item.sha256) for item in wanted}

    def folder(self, wanted: Sequence[WantedFile]) -> Path:
        """A folder that holds the wanted files under their names.

        The same files give the same folder; treat it as read-only. Raises what `fetch` raises.
        """
        blobs = self.fetch(wanted)
        listing = json.dumps(sorted(_by_name(wanted).items()))
        key = hashlib.sha256(listing.encode()).hexdigest()
        folder = self.root / "folders" / key
        if not _intact(folder, blobs, wanted):
            with self._writing(wanted), self._blobs.locked(f"folder-{key}", lambda: None):
                if not _intact(folder, blobs, wanted):
                    self._build(folder, blobs)
        return folder

    def made(self, key: str) -> Path | None:
        """The folder that `make` made for `key`, verified; None where there is none. Raises StoreError."""
        listing = Conversions(self._blobs).listed(key)
        return None if listing is None else self.folder([WantedFile(*item) for item in listing.items()])

    def make(self, key: str, what: str, make: Callable[[Path], None]) -> Path:
        """A folder of files that `make` writes into an empty one, kept by `key`, which tells all that it depends on.

        Made once; a file that is gone or corrupt is noticed, and all are made again. Raises what `make` raises, and
        StoreError where the cache can't be written.
        """
        progress = Progress(self._progress)
        waiting = partial(progress.say, f"waiting for another process that is {what}")
        found = self.made(key)
        if found is None:
            self._may_fetch(what)
            wanted = [WantedFile(what, hashlib.sha256(b"").hexdigest())]
            with self._writing(wanted), self._blobs.locked(f"made-{key}", waiting):
                if Conversions(self._blobs).listed(key) is None:
                    progress.say(what)
                    with self._workroom() as workroom:
                        Conversions(self._blobs).keep(key, make, workroom)
            found = self.made(key)
            assert found is not None  # just made, and nothing takes it away
        return found

    def snapshot(self, snapshot: Snapshot) -> Path | None:
        """The folder of a snapshot that is here, in the user's own hub cache or in ours, verified; None without it."""
        return Snapshots(self.root).find(snapshot)

    def fetch_snapshot(self, snapshot: Snapshot) -> Path:
        """The folder of a snapshot, downloaded where it isn't here yet.

        Raises Unavailable, or StoreError where the cache can't be written.
        """
        snapshots, progress = Snapshots(self.root), Progress(self._progress)
        found = snapshots.find(snapshot)
        if found is not None:
            return found
        self._may_fetch(str(snapshot))
        waiting = partial(progress.say, f"waiting for another process that is fetching {snapshot}")
        wanted = [WantedFile(str(snapshot), hashlib.sha256(b"").hexdigest())]
        with self._writing(wanted), self._blobs.locked(f"snapshot-{snapshot.key}", waiting):
            try:
                announce = partial(progress.announce, "all files", None, snapshot)
                return snapshots.find(snapshot) or snapshots.fetch(snapshot, progress.bars, announce)
            except SourceFailed as error:
                advice = (
                    "Run `modellab pull` where there is a connection and set MODELLAB_CACHE to the cache it filled "
                    f"(now {self.root})."
                )
                raise Unavailable(str(snapshot), [Attempt(str(snapshot), str(error))], advice) from error

    def fetch_unpinned(self, name: str, source: Source) -> StoredFile:
        """A file whose digest nobody published: fetched once, and the same bytes ever after on this machine.

        Raises Unavailable, or StoreError where the cache cannot be written.
        """
        place = self._unpinned_place(source)
        found = self._remembered(place)
        if found is None:
            self._may_fetch(name)
            wanted = [WantedFile(name, hashlib.sha256(b"").hexdigest(), None, (source,))]
            progress = Progress(self._progress)
            line = f"waiting for another process that is fetching {name}"
            with self._writing(wanted), self._blobs.locked(f"unpinned-{place.stem}", partial(progress.say, line)):
                found = self._remembered(place)
                if found is None:
                    with self._workroom() as workroom:
                        sha256 = self._take(name, source, Retrieval(workroom, progress))
                    write_json(place, {"source": str(source), "sha256": sha256})
                    found = StoredFile(self._blobs.place(sha256), sha256)
        return found

    def has_unpinned(self, source: Source) -> bool:
        """Whether `fetch_unpinned` would find the file in the cache."""
        return self._remembered(self._unpinned_place(source)) is not None

    def _unpinned_place(self, source: Source) -> Path:
        return self.root / "unpinned" / f"{hashlib.sha256(repr(source).encode()).hexdigest()}.json"

    def _remembered(self, place: Path) -> StoredFile | None:
        try:
            sha256 = str(json.loads(place.read_text(encoding="utf-8"))["sha256"])
            blob = self._blobs.verified(sha256)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return None if blob is None else StoredFile(blob, sha256)

    def _take(self, name: str, source: Source, retrieval: Retrieval) -> str:
        attempts: list[Attempt] = []
        for label, chunks in retrieval.ways(source, name, None):
            try:
                with closing(chunks):
                    return self._blobs.take(chunks)
            except SourceFailed as error:
                attempts.append(Attempt(label, str(error)))
        advice = (
            f"Run `modellab data prepare` where there is a connection and set MODELLAB_CACHE to the cache it filled "
            f"(now {self.root})."
        )
        raise Unavailable(name, attempts, advice)

    def _may_fetch(self, what: str) -> None:
        if not self.fetching:
            raise Unavailable(what, [Attempt("the cache", f"not in {self.root}")], "")

    def members(self, identity: str, wanted: Selection, archive: Callable[[], Path]) -> dict[str, StoredFile]:
        """Members of an archive as files of the cache, by name; see Unpacker.members.

        Raises StoreError where the archive is damaged, or where the cache cannot be written.
        """
        try:
            return Unpacker(self._blobs).members(identity, wanted, archive)
        except OSError as error:
            raise StoreError(f"members of {identity} cannot be stored in {self.root} ({error})") from error

    def parts(self, identity: str, read: Callable[[], Iterator[tuple[str, Iterable[bytes]]]]) -> dict[str, StoredFile]:
        """What `read` finds in a file, as files of the cache, by name; `identity` tells it from all else.

        Raises what `read` raises, and StoreError where the cache cannot be written.
        """
        try:
            return Unpacker(self._blobs).parts(identity, read)
        except OSError as error:
            raise StoreError(f"parts of {identity} cannot be stored in {self.root} ({error})") from error

    def copies(self, files: Sequence[RemoteFile]) -> dict[RemotePath, StoredFile]:
        """The copies in the cache of remote files that have not changed since they were fetched."""
        return RemoteCopies(self._blobs).kept(files)

    def last_copies(self, paths: Iterable[RemotePath]) -> dict[RemotePath, StoredFile]:
        """The copies in the cache that were fetched last, whether the files have changed since or not."""
        return RemoteCopies(self._blobs).last(paths)

    def fetch_copies(self, what: str, files: Sequence[RemoteFile]) -> dict[RemotePath, StoredFile]:
        """The copies of remote files, fetched where they are absent or have changed; `what` says what they are of.

        Raises Unavailable, or StoreError where the cache cannot be written.
        """
        found = self.copies(files)
        if len(found) == len(files):
            return found
        self._may_fetch(what)
        progress = Progress(self._progress)
        waiting = partial(progress.say, f"waiting for another process that is fetching {what}")
        key = hashlib.sha256("\n".join(sorted(each.path.url for each in files)).encode()).hexdigest()
        with self._writing(files), self._blobs.locked(f"remote-{key}", waiting):
            found = self.copies(files)
            absent = [each for each in files if each.path not in found]
            size = sum(each.size or 0 for each in absent)
            if absent:
                progress.announce(f"{counted(len(absent), 'file')} of {what}", size, absent[0].path.parent)
            try:
                return found | RemoteCopies(self._blobs).fetch(absent)
            except SourceFailed as error:
                raise Unavailable(what, [Attempt(str(files[0].path.parent), str(error))], "Then run again.") from error

    def _fetch(self, absent: Sequence[WantedFile]) -> None:
        progress = Progress(self._progress)
        with ExitStack() as held:
            # All locks at once, and in one order: a second process that wants the same archive waits for the
            # first, and two processes never wait for each other.
            for sha256, item in sorted({item.sha256: item for item in absent}.items()):
                line = f"waiting for another process that is fetching {item}"
                held.enter_context(self._blobs.locked(sha256, partial(progress.say, line)))
            still = self.missing(absent)
            if still:
                retrieval = Retrieval(held.enter_context(self._workroom()), progress)
                for item in still:
                    if self.path(item.sha256) is None:
                        self._blobs.discard(item.sha256)
                        with self._writing([item]):
                            self._obtain(item, retrieval)

    def _obtain(self, item: WantedFile, retrieval: Retrieval) -> None:
        attempts: list[Attempt] = []
        wrong: tuple[str, WrongBytes] | None = None
        for source in item.sources:
            for label, chunks in retrieval.ways(source, item.name, item.size):
                try:
                    with closing(chunks):
                        self._blobs.land(item.sha256, chunks)
                    return
                except SourceFailed as error:
                    attempts.append(Attempt(label, str(error)))
                except WrongBytes as error:
                    attempts.append(Attempt(label, str(error)))
                    wrong = wrong or (label, error)
        place = self._blobs.place(item.sha256)
        if wrong is not None:
            label, bytes_ = wrong
            advice = (
                "Check the digest against the publisher's; if it is right, the source is not what it was: "
                f"name another, or place the file at {place}."
            )
            raise DigestMismatch(str(item), label, item.sha256, bytes_.actual, attempts, advice)
        raise Unavailable(
            f"{item}, sha256 {item.sha256},",
            attempts,
            f"Run `modellab pull` or `modellab data prepare` where there is a connection and set MODELLAB_CACHE to the "
            f"cache it filled (now {self.root}), or place the file at {place}.",
        )

    def _build(self, folder: Path, blobs: dict[str, Path]) -> None:
        with self._workroom() as workroom:
            fresh = _made(workroom / "fresh")
            for name, blob in blobs.items():
                # Links are relative to where the folder will stand, so that a cache can be moved whole.
                target = os.path.relpath(blob, (folder / name).parent)
                _link(_made((fresh / name).parent) / Path(name).name, blob, target)
            if os.path.lexists(folder):
                folder.replace(workroom / "broken")
            fresh.replace(_made(folder.parent) / folder.name)

    @contextmanager
    def _workroom(self) -> Iterator[Path]:
        """A folder in the cache's own file system, removed afterwards, as is what killed processes left."""
        parent = _made(self.root / "tmp")
        for left in parent.iterdir():
            try:
                if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                    shutil.rmtree(left, ignore_errors=True)
            except FileNotFoundError:
                continue
        with tempfile.TemporaryDirectory(dir=parent, ignore_cleanup_errors=True) as made:
            yield Path(made)

    @contextmanager
    def _writing(self, items: Sequence[WantedFile | RemoteFile]) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            names = ", ".join(item.name for item in items[:_NAMED])
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                sizes = [item.size for item in items]
                known = sum(size for size in sizes if size is not None)
                needed = "of unknown size" if None in sizes else f"{known} bytes ({readable(known)}) needed"
                text = f"no space left in {self.root} for {names}: {needed}"
                raise StoreError(f"{text}; free some, or set MODELLAB_CACHE to a larger disk") from error
            text = f"{names} cannot be stored in {self.root} ({error})"
            raise StoreError(f"{text}; set MODELLAB_CACHE to a writable folder") from error


def _by_name(wanted: Sequence[WantedFile]) -> dict[str, str]:
    digests: dict[str, str] = {}
    for item in wanted:
        known = digests.setdefault(item.name, item.sha256)
        if known != item.sha256:
            raise ValueError(f"{item.name} is wanted with two digests: {known} and {item.sha256}")
    return digests


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _intact(folder: Path, blobs: dict[str, Path], wanted: Sequence[WantedFile]) -> bool:
    """Whether every entry is the verified blob itself, or, where links cannot be had, an equal copy."""
    try:
        return all(
            (folder / item.name).samefile(blobs[item.name]) or digest_file(folder / item.name) == item.sha256
            for item in wanted
        )
    except OSError:
        return False


def _link(entry: Path, blob: Path, target: str) -> None:
    """Make the blob appear at `entry`, by the cheapest means that the platform allows."""
    try:
        entry.symlink_to(target)
    except (OSError, NotImplementedError):
        try:
            os.link(blob, entry)
        except OSError:
            shutil.copyfile(blob, entry)
