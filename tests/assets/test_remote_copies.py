"""Copies of files on shared storage: looked up, fetched once for each content, and what can't be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dataforms import in_memory
from webserver import Page, serving, sha256

from pytest_modellab.assets.store import RemoteFile, SourceFailed, Store, StoreError, Unavailable
from pytest_modellab.assets.store.remote import look_up
from pytest_modellab.core.remote_path import RemotePath

ONE, TWO = RemotePath("memory://speech/one.wav"), RemotePath("memory://speech/two.wav")


@pytest.fixture
def memory() -> Iterator[Any]:
    with in_memory() as system:
        system.pipe({"/speech/one.wav": b"one", "/speech/two.wav": b"second"})
        yield system


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache", progress=False)


def states(*paths: RemotePath) -> list[RemoteFile]:
    found, missing = look_up(paths)
    assert missing == []
    return [found[path] for path in paths]


def test_files_are_looked_up(memory: Any) -> None:
    absent = RemotePath("memory://speech/no.wav")
    found, missing = look_up([ONE, absent, TWO, ONE])
    assert missing == [absent]
    assert [(each.name, each.size) for each in found.values()] == [("one.wav", 3), ("two.wav", 6)]
    assert found[ONE].stamp != found[TWO].stamp


def test_a_folder_is_no_file(memory: Any) -> None:
    folder = RemotePath("memory://speech")
    assert look_up([folder]) == ({}, [folder])


def test_many_files_of_a_folder_that_is_not_there(memory: Any) -> None:
    wanted = [RemotePath(f"memory://other/{number}") for number in range(20)]
    assert look_up(wanted) == ({}, wanted)


def test_many_files_of_a_folder(memory: Any) -> None:
    memory.pipe({f"/many/{number}": b"x" * number for number in range(20)})
    wanted = [RemotePath(f"memory://many/{number}") for number in range(21)]
    found, missing = look_up(wanted)
    assert missing == wanted[20:]
    assert [found[each].size for each in wanted[:20]] == list(range(20))
    assert states(wanted[3]) == [found[wanted[3]]]


def test_each_content_is_fetched_once(memory: Any, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    first = store.fetch_copies("calls", states(ONE, TWO))
    assert {path: copy.path.read_bytes() for path, copy in first.items()} == {ONE: b"one", TWO: b"second"}
    assert first[ONE].sha256 == sha256(b"one")
    assert capsys.readouterr().err == "fetching 2 files of calls (9 bytes) from memory://speech\n"
    assert store.fetch_copies("calls", states(ONE, TWO)) == first
    assert capsys.readouterr().err == ""
    memory.pipe("/speech/one.wav", b"new")
    assert store.copies(states(ONE)) == {}
    assert store.last_copies([ONE]) == {ONE: first[ONE]}
    assert store.fetch_copies("calls", states(ONE, TWO))[ONE].sha256 == sha256(b"new")
    assert capsys.readouterr().err == "fetching 1 file of calls (3 bytes) from memory://speech\n"


def test_a_copy_that_became_corrupt_is_fetched_again(memory: Any, store: Store) -> None:
    copy = store.fetch_copies("calls", states(ONE))[ONE].path
    copy.chmod(0o644)
    copy.write_bytes(b"others")
    assert store.fetch_copies("calls", states(ONE))[ONE].path.read_bytes() == b"one"


def test_a_file_of_which_nothing_is_told_is_fetched_each_time(memory: Any, store: Store) -> None:
    unknown = RemoteFile(ONE, 3, None)
    store.fetch_copies("calls", [unknown])
    assert store.copies([unknown]) == {}


def test_one_that_is_gone_when_it_is_read(memory: Any, store: Store) -> None:
    found = states(ONE)
    memory.rm("/speech/one.wav")
    with pytest.raises(Unavailable, match=r"calls could not(.|\n)*one.wav can't be read \(FileNotFoundError"):
        store.fetch_copies("calls", found)


def test_without_fetching_nothing_is(memory: Any, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="calls could not be fetched"):
        Store(tmp_path / "cache", fetching=False).fetch_copies("calls", states(ONE))


def test_a_file_on_the_web() -> None:
    pytest.importorskip("aiohttp")
    with serving() as site:
        site.pages["/a.wav"] = Page(b"sound", headers={"ETag": '"1"'})
        here, absent, broken = (RemotePath(f"{site.url}/{name}.wav") for name in ("a", "b", "c"))
        assert look_up([here, absent]) == ({here: RemoteFile(here, 5, '[5, "ETag", "\\"1\\""]')}, [absent])
        site.pages["/c.wav"] = Page(b"", status=503)
        with pytest.raises(SourceFailed, match=r"c.wav can't be read \(ClientResponseError: 503"):
            look_up([broken])
    with pytest.raises(SourceFailed, match=r"a.wav can't be read \(ClientConnectorError"):
        look_up([here])


def test_parts_of_a_file_are_kept(store: Store) -> None:
    def read() -> Iterator[tuple[str, list[bytes]]]:
        yield "1", [b"one", b"more"]
        yield "2", [b"two"]

    kept = store.parts("table", read)
    assert {name: each.path.read_bytes() for name, each in kept.items()} == {"1": b"onemore", "2": b"two"}
    assert store.parts("table", lambda: iter(())) == kept


def test_a_cache_that_can_not_be_written(store: Store, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("no folder")
    with pytest.raises(StoreError, match="parts of table cannot be stored"):
        store.parts("table", lambda: iter([("1", [b"one"])]))
