"""The cache itself: digests, verification, folders, failures. Local folders stand in for sources."""

import errno
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_modellab.assets.store import (
    DigestMismatch,
    Folder,
    Parts,
    Source,
    Store,
    StoreError,
    Unavailable,
    WantedFile,
    cache_root,
    digest_file,
)

WEIGHTS = b"weights" * 50_000


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def wanted(data: bytes, *sources: Source, name: str = "model.bin") -> WantedFile:
    return WantedFile(name, sha256(data), len(data), sources)


def written(path: Path, data: bytes) -> Folder:
    """The source that a file newly written at `path` makes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return Folder(path.parent, path.name)


def overwrite(blob: Path, data: bytes) -> None:
    blob.chmod(0o644)
    blob.write_bytes(data)


def files_under(root: Path) -> set[str]:
    """Everything in a cache but its locks, which stay by design."""
    return {
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and path.relative_to(root).parts[0] != "locks"
    }


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache", progress=False)


def test_the_root_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path))
    assert cache_root() == tmp_path
    assert Store().root == tmp_path.resolve()
    monkeypatch.delenv("MODELLAB_CACHE")
    assert "modellab" in str(cache_root())


def test_a_fetched_file_is_verified_read_only_and_found_again(store: Store, tmp_path: Path) -> None:
    item = wanted(WEIGHTS, written(tmp_path / "src/model.bin", WEIGHTS))
    assert store.path(item.sha256) is None
    assert store.missing([item]) == [item]

    path = store.fetch([item])["model.bin"]

    assert path == store.root / "blobs/sha256" / item.sha256[:2] / item.sha256
    assert path.read_bytes() == WEIGHTS
    assert not stat.S_IMODE(path.stat().st_mode) & 0o222
    assert digest_file(path) == item.sha256
    assert store.path(item.sha256) == path
    assert store.missing([item]) == []
    assert not list((store.root / "tmp").iterdir())


def test_an_unchanged_file_is_not_read_again(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    item = wanted(WEIGHTS, written(tmp_path / "model.bin", WEIGHTS))
    path = store.fetch([item])["model.bin"]
    monkeypatch.setattr("pytest_modellab.assets.store.blobs.digest_file", lambda path: pytest.fail("read again"))
    assert Store(store.root).path(item.sha256) == path


def test_a_file_placed_by_hand_is_verified_and_used(store: Store) -> None:
    item = wanted(WEIGHTS)
    with pytest.raises(Unavailable, match="no source is named") as raised:
        store.fetch([item])
    place = store.root / "blobs/sha256" / item.sha256[:2] / item.sha256
    assert str(place) in str(raised.value)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(WEIGHTS)
    assert store.fetch([item]) == {"model.bin": place}


@pytest.mark.parametrize("damage", [b"x" * len(WEIGHTS), WEIGHTS[:-1], b""])
def test_a_corrupt_cached_file_is_fetched_anew(store: Store, tmp_path: Path, damage: bytes) -> None:
    item = wanted(WEIGHTS, written(tmp_path / "model.bin", WEIGHTS))
    path = store.fetch([item])["model.bin"]
    overwrite(path, damage)
    assert store.path(item.sha256) is None
    assert store.fetch([item])["model.bin"].read_bytes() == WEIGHTS


def test_a_damaged_stamp_only_costs_another_look(store: Store, tmp_path: Path) -> None:
    item = wanted(WEIGHTS, written(tmp_path / "model.bin", WEIGHTS))
    path = store.fetch([item])["model.bin"]
    stamp = path.with_name(path.name + ".stamp")
    good = stamp.read_text()
    assert set(json.loads(good)) == {"size", "mtime_ns", "inode"}
    overwrite(stamp, b"{")
    assert store.path(item.sha256) == path
    assert stamp.read_text() == good


def test_wrong_bytes_name_both_digests_and_the_source(store: Store, tmp_path: Path) -> None:
    source = written(tmp_path / "bad/model.bin", b"other")
    item = wanted(WEIGHTS, Folder(tmp_path / "absent", "model.bin"), source)
    with pytest.raises(DigestMismatch) as raised:
        store.fetch([item])
    assert (raised.value.expected, raised.value.actual) == (item.sha256, sha256(b"other"))
    assert raised.value.source == str(source)
    for part in (item.sha256, sha256(b"other"), str(tmp_path / "bad"), str(tmp_path / "absent")):
        assert part in str(raised.value)
    assert files_under(store.root) == set()


def test_a_later_source_with_the_right_bytes_serves(store: Store, tmp_path: Path) -> None:
    item = wanted(
        WEIGHTS,
        written(tmp_path / "bad/model.bin", b"other"),
        written(tmp_path / "good/model.bin", WEIGHTS),
    )
    assert store.fetch([item])["model.bin"].read_bytes() == WEIGHTS


def test_unavailable_lists_every_source_and_what_to_do(store: Store, tmp_path: Path) -> None:
    sources = [Folder(tmp_path / "one", "model.bin"), Folder(tmp_path / "two", "model.bin")]
    with pytest.raises(Unavailable) as raised:
        store.fetch([wanted(WEIGHTS, *sources)])
    assert [attempt.source for attempt in raised.value.attempts] == [str(source) for source in sources]
    for part in ("model.bin", "No such file", "modellab pull", "MODELLAB_CACHE"):
        assert part in str(raised.value)


def test_parts_are_joined_in_order(store: Store, tmp_path: Path) -> None:
    parts = Parts((written(tmp_path / "part1", WEIGHTS[:1000]), written(tmp_path / "part2", WEIGHTS[1000:])))
    assert store.fetch([wanted(WEIGHTS, parts)])["model.bin"].read_bytes() == WEIGHTS


def test_an_absent_part_is_named(store: Store, tmp_path: Path) -> None:
    parts = Parts((written(tmp_path / "part1", WEIGHTS), Folder(tmp_path / "nowhere", "part2")))
    with pytest.raises(Unavailable, match=r"nowhere: .*cannot be read"):
        store.fetch([wanted(WEIGHTS * 2, parts)])
    assert files_under(store.root) == set()


def test_one_file_under_two_names_is_stored_once(store: Store, tmp_path: Path) -> None:
    source = written(tmp_path / "model.bin", WEIGHTS)
    found = store.fetch([wanted(WEIGHTS, source, name="a.bin"), wanted(WEIGHTS, source, name="b.bin")])
    assert found["a.bin"] == found["b.bin"]


def test_one_name_for_two_files_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match=r"model\.bin is wanted with two digests"):
        store.fetch([wanted(b"a"), wanted(b"b")])


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../up", "a/../../up", "a//b", "./a", "a\\b", "c:evil"])
def test_a_name_cannot_leave_its_folder(name: str) -> None:
    with pytest.raises(ValueError, match="relative path"):
        wanted(WEIGHTS, name=name)


@pytest.mark.parametrize("digest", ["", "abc", "A" * 64, "../" + "a" * 61])
def test_a_digest_is_64_hexadecimal_digits(store: Store, digest: str) -> None:
    with pytest.raises(ValueError, match="not a SHA-256 digest"):
        WantedFile("model.bin", digest)
    with pytest.raises(ValueError, match="not a SHA-256 digest"):
        store.path(digest)


def test_a_full_disk_is_said_and_leaves_nothing(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    item = wanted(WEIGHTS, written(tmp_path / "model.bin", WEIGHTS))
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match=r"no space left .* model\.bin: 350000 bytes") as raised:
            store.fetch([item])
    assert "MODELLAB_CACHE" in str(raised.value)
    assert files_under(store.root) == set()
    assert store.fetch([item])["model.bin"].read_bytes() == WEIGHTS


def test_a_root_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    source = written(tmp_path / "model.bin", WEIGHTS)
    store = Store(tmp_path / "model.bin" / "cache")
    with pytest.raises(StoreError, match=r"cannot be stored .* MODELLAB_CACHE"):
        store.fetch([wanted(WEIGHTS, source)])


def test_what_killed_processes_left_is_swept(store: Store, tmp_path: Path) -> None:
    item = wanted(WEIGHTS, written(tmp_path / "model.bin", WEIGHTS))
    place = store.root / "blobs/sha256" / item.sha256[:2]
    part = place / f".{item.sha256}.abc.part"
    old, recent = store.root / "tmp/old", store.root / "tmp/recent"
    for folder in (place, old, recent):
        folder.mkdir(parents=True)
    part.write_bytes(b"half")
    os.utime(old, (0, 0))
    store.fetch([item])
    assert not part.exists()
    assert [path.name for path in (store.root / "tmp").iterdir()] == ["recent"]


@pytest.fixture
def pair(tmp_path: Path) -> list[WantedFile]:
    return [
        wanted(WEIGHTS, written(tmp_path / "src/model.bin", WEIGHTS)),
        wanted(b"{}", written(tmp_path / "src/config.json", b"{}"), name="sub/config.json"),
    ]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if not path.is_dir()}


def test_a_folder_holds_the_files_under_their_names(store: Store, pair: list[WantedFile]) -> None:
    folder = store.folder(pair)
    assert contents(folder) == {"model.bin": WEIGHTS, "sub/config.json": b"{}"}
    assert store.folder(pair[::-1]) == folder
    assert store.folder(pair[:1]) != folder
    assert folder.parent == store.root / "folders"
    assert not list((store.root / "tmp").iterdir())


def test_a_moved_cache_still_holds_its_folders(store: Store, pair: list[WantedFile], tmp_path: Path) -> None:
    folder = store.folder(pair).relative_to(store.root)
    store.root.rename(tmp_path / "moved")
    assert contents(tmp_path / "moved" / folder)["model.bin"] == WEIGHTS


def damages(folder: Path) -> Iterator[str]:
    """Break the folder in one way after another; the name of each is given once it is done."""
    entry = folder / "model.bin"
    entry.unlink()
    yield "an entry is gone"
    entry.unlink()
    entry.write_bytes(b"other")
    yield "an entry holds other bytes"
    overwrite(entry.resolve(), b"other")
    yield "the blob behind an entry is corrupt"
    entry.resolve().unlink()
    yield "the blob behind an entry is gone"
    entry.unlink()
    entry.mkdir()
    yield "an entry is a folder"


def test_a_broken_folder_is_repaired(store: Store, pair: list[WantedFile]) -> None:
    folder = store.folder(pair)
    for damage in damages(folder):
        assert store.folder(pair) == folder
        assert contents(folder) == {"model.bin": WEIGHTS, "sub/config.json": b"{}"}, damage
    assert not list((store.root / "tmp").iterdir())


def refuse(*arguments: object, **options: object) -> None:
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


def test_without_symlinks_a_folder_holds_hard_links(
    store: Store, pair: list[WantedFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "symlink_to", refuse)
    entry = store.folder(pair) / "model.bin"
    assert not entry.is_symlink()
    assert entry.samefile(store.fetch(pair)["model.bin"])


def test_without_any_links_a_folder_holds_verified_copies(
    store: Store, pair: list[WantedFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "symlink_to", refuse)
    monkeypatch.setattr(os, "link", refuse)
    folder = store.folder(pair)
    assert contents(folder)["model.bin"] == WEIGHTS
    (folder / "model.bin").write_bytes(b"other")
    assert contents(store.folder(pair))["model.bin"] == WEIGHTS
