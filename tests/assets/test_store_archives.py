"""Debian packages, files on the web, data sets of the hub, and members of archives kept as files."""

import io
import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from debian import deb_of, tar_of, without_apt, zstandard
from webserver import Page, Site, serving, sha256

from pytest_modellab.assets.store import (
    Deb,
    DigestMismatch,
    Folder,
    Hub,
    Inside,
    Selection,
    Store,
    StoreError,
    Unavailable,
    Url,
    WantedFile,
    debs,
)
from pytest_modellab.assets.store.archives import read_member, read_members

REAL_DEB = "asterisk-core-sounds-en=1.6.1-1"
FILES = {"./usr/share/a.txt": b"a" * 100, "./usr/share/b.raw": b"b" * 3_000_000}


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache", progress=False)


def archive(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def zip_of(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as opened:
        for name, data in files.items():
            opened.writestr(name, data)
    return out.getvalue()


class TestMembers:
    @pytest.mark.parametrize("compression", ["gz", "xz", "bz2"])
    def test_of_a_debian_package(self, tmp_path: Path, compression: str) -> None:
        path = archive(tmp_path, "a.deb", deb_of(tar_of(FILES, compression), f".{compression}"))
        assert b"".join(read_member(path, "usr/share/b.raw")) == FILES["./usr/share/b.raw"]
        found = {name: b"".join(chunks) for name, chunks in read_members(path, lambda name: True)}
        assert found == {name.removeprefix("./"): data for name, data in FILES.items()}

    def test_of_a_debian_package_compressed_by_zstandard(self, tmp_path: Path) -> None:
        data = zstandard(tar_of(FILES, ""))
        if data is None:
            pytest.skip("no zstd here to make the package with")
        path = archive(tmp_path, "a.deb", deb_of(data, ".zst"))
        assert b"".join(read_member(path, "usr/share/a.txt")) == FILES["./usr/share/a.txt"]

    def test_zstandard_without_dpkg_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        path = archive(tmp_path, "a.deb", deb_of(b"\x28\xb5\x2f\xfdnot a tar", ".zst"))
        with pytest.raises(StoreError, match=r"a\.deb holds data\.tar\.zst, which .* install dpkg"):
            list(read_member(path, "a"))

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(deb_of(tar_of(FILES))[:500], id="cut short"),
            pytest.param(b"!<arch>\n", id="empty"),
            pytest.param(b"!<arch>\n" + b"x" * 60, id="no numbers"),
        ],
    )
    def test_a_damaged_package(self, tmp_path: Path, data: bytes) -> None:
        with pytest.raises(StoreError, match=r"a\.deb is damaged"):
            list(read_member(archive(tmp_path, "a.deb", data), "usr/share/a.txt"))

    def test_of_a_zip_folders_left_out(self, tmp_path: Path) -> None:
        path = archive(tmp_path, "a.zip", zip_of({"a/": b"", "a/one.txt": b"1", "a/two.txt": b"2", "b.txt": b"3"}))
        found = {name: b"".join(chunks) for name, chunks in read_members(path, lambda name: name.startswith("a/"))}
        assert found == {"a/one.txt": b"1", "a/two.txt": b"2"}


class TestUnpacking:
    def test_members_become_files_of_the_cache_and_the_archive_is_not_read_again(
        self, tmp_path: Path, store: Store
    ) -> None:
        path = archive(tmp_path, "a.tar.gz", tar_of({"x/1.wav": b"one", "x/2.wav": b"two", "x/1.txt": b"text"}))
        found = store.members("a", Selection(r"x/.*\.wav"), lambda: path)
        assert {name: kept.path.read_bytes() for name, kept in found.items()} == {"x/1.wav": b"one", "x/2.wav": b"two"}
        assert found["x/1.wav"].sha256 == sha256(b"one")
        assert store.path(sha256(b"one")) == found["x/1.wav"].path
        assert store.members("a", Selection(r"x/.*\.wav"), lambda: pytest.fail("read again")) == found
        assert list(store.members("a", Selection(names=frozenset({"x/1.txt"})), lambda: path)) == ["x/1.txt"]

    def test_a_member_that_is_lost_or_spoilt_is_read_again(self, tmp_path: Path, store: Store) -> None:
        path = archive(tmp_path, "a.tar.gz", tar_of({"1": b"one", "2": b"two"}))
        for damage in (b"", b"spoilt"):
            blob = store.members("a", Selection(".*"), lambda: path)["1"].path
            blob.chmod(0o644)
            blob.write_bytes(damage)
            assert store.members("a", Selection(".*"), lambda: path)["1"].path.read_bytes() == b"one"

    def test_a_damaged_archive_leaves_no_list(self, tmp_path: Path, store: Store) -> None:
        whole = tar_of({"1": b"one" * 10_000, "2": os.urandom(100_000)})
        path = archive(tmp_path, "a.tar.gz", whole[:-50_000])
        with pytest.raises(StoreError, match=r"a\.tar\.gz is damaged"):
            store.members("a", Selection(".*"), lambda: path)
        path.write_bytes(whole)
        assert list(store.members("a", Selection(".*"), lambda: path)) == ["1", "2"]


class TestDeb:
    def test_a_member_out_of_a_real_package(self, store: Store) -> None:
        reason = without_apt(REAL_DEB)
        member = "usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz"
        digest = "436538195b7c7361bd227036686f1a4039f694648c76573bdaca956655d34450"
        wanted = WantedFile("text", digest, None, (Deb(REAL_DEB, member),))
        if reason is None:
            assert store.fetch([wanted])["text"].stat().st_size == 8558
        else:
            with pytest.raises(Unavailable, match="apt-get"):
                store.fetch([wanted])

    def test_without_apt_the_attempt_says_so(
        self, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(Unavailable, match="deb ab=1: no apt-get here: Debian packages can be had on Debian"):
            store.fetch([WantedFile("x", "0" * 64, None, (Deb("ab=1", "x"),))])

    def fake_apt(self, folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
        apt = folder / "bin" / "apt-get"
        apt.parent.mkdir()
        apt.write_text(f"#!/bin/sh\n{script}\n")
        apt.chmod(0o755)
        monkeypatch.setenv("PATH", f"{apt.parent}:{os.environ['PATH']}")

    def test_what_apt_says_is_told(self, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fake_apt(tmp_path, monkeypatch, "echo 'E: Unable to locate package a' >&2; exit 100")
        with pytest.raises(Unavailable, match="Unable to locate package a; `apt-get update` may help"):
            store.fetch([WantedFile("x", "0" * 64, None, (Deb("ab=1", "x"),))])

    def test_a_package_is_downloaded_once_for_all_its_members(
        self, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        package = archive(tmp_path, "made.deb", deb_of(tar_of(FILES)))
        log = tmp_path / "log"
        self.fake_apt(tmp_path, monkeypatch, f'echo "$@" >> {log}; cp {package} ab_1_all.deb')
        wanted = [
            WantedFile(name, sha256(data), None, (Deb("ab=1", name.removeprefix("./")),))
            for name, data in (("usr/share/a.txt", b"a" * 100), ("usr/share/b.raw", b"b" * 3_000_000))
        ]
        wanted.append(WantedFile("a.deb", sha256(package.read_bytes()), None, (Deb("ab=1", ""),)))
        found = store.fetch(wanted)
        assert found["a.deb"].read_bytes() == package.read_bytes()
        assert found["usr/share/a.txt"].read_bytes() == b"a" * 100
        (line,) = log.read_text().splitlines()
        assert line.endswith("download ab=1")

    @pytest.mark.parametrize("requirement", ["a", "-o=1", "a==1", "a=", "A=1", "a=1 b"])
    def test_only_a_pinned_package(self, requirement: str) -> None:
        with pytest.raises(ValueError, match="name=version"):
            Deb(requirement, "x")

    def test_opening_what_is_no_package(self, tmp_path: Path) -> None:
        assert not debs.is_deb(archive(tmp_path, "a", b"other"))


class TestUrl:
    def test_a_pinned_file(self, site: Site, store: Store) -> None:
        site.pages["/data.tar.gz"] = Page(b"data")
        wanted = WantedFile("data.tar.gz", sha256(b"data"), 4, (Url(f"{site.url}/data.tar.gz"),))
        assert store.fetch([wanted])["data.tar.gz"].read_bytes() == b"data"
        store.fetch([wanted])
        assert site.gets("/data.tar.gz") == 1

    def test_a_download_that_broke_off_goes_on_from_there(self, site: Site, store: Store) -> None:
        data = bytes(range(256)) * 8192
        page = site.pages["/data"] = Page(data, headers={"ETag": '"one"'}, cut_at=1_000_000)
        wanted = WantedFile("data", sha256(data), len(data), (Url(f"{site.url}/data"),))
        with pytest.raises(Unavailable, match="broke off after 1000000 of 2097152 bytes; the next try goes on"):
            store.fetch([wanted])
        page.cut_at = None
        assert store.fetch([wanted])["data"].read_bytes() == data
        assert site.ranges == ["bytes=1000000-"]
        assert not list((store.root / "tmp").iterdir())

    @pytest.mark.parametrize("etag", ['"two"', 'W/"one"', None])
    def test_one_that_changed_or_is_not_known_again_begins_anew(
        self, site: Site, store: Store, etag: str | None
    ) -> None:
        data = b"data" * 100_000
        first = {"ETag": '"one"'} if etag == '"two"' else {"ETag": etag} if etag else {}
        site.pages["/data"] = Page(b"other" * 100_000, headers=first, cut_at=1000)
        wanted = WantedFile("data", sha256(data), len(data), (Url(f"{site.url}/data"),))
        with pytest.raises(Unavailable):
            store.fetch([wanted])
        site.pages["/data"] = Page(data, headers={"ETag": etag} if etag else {})
        assert store.fetch([wanted])["data"].read_bytes() == data
        assert site.ranges == []

    def test_a_file_cut_short(self, site: Site, store: Store) -> None:
        site.pages["/data"] = Page(b"data", headers={"Content-Length": "9"})
        with pytest.raises(Unavailable, match="broke off after 4 of 9 bytes"):
            store.fetch([WantedFile("data", sha256(b"data"), 4, (Url(f"{site.url}/data"),))])

    def test_other_bytes_are_refused(self, site: Site, store: Store) -> None:
        site.pages["/data"] = Page(b"other")
        with pytest.raises(DigestMismatch, match="data"):
            store.fetch([WantedFile("data", sha256(b"data"), 4, (Url(f"{site.url}/data"),))])

    def test_no_such_file_and_no_such_host(self, site: Site, store: Store) -> None:
        with pytest.raises(Unavailable, match="answered 404"):
            store.fetch([WantedFile("data", sha256(b"data"), 4, (Url(f"{site.url}/data"),))])
        with pytest.raises(Unavailable, match="cannot be reached"):
            store.fetch([WantedFile("data", sha256(b"data"), 4, (Url("http://127.0.0.1:9/data"),))])

    def test_a_password_goes_along_and_is_not_shown(self, site: Site, store: Store) -> None:
        site.pages["/data"] = Page(b"data", password="me:secret")
        url = Url(f"http://me:secret@{site.host}/data")
        assert store.fetch([WantedFile("data", sha256(b"data"), 4, (url,))])["data"].read_bytes() == b"data"
        assert "secret" not in str(url)

    def test_only_the_web(self) -> None:
        with pytest.raises(ValueError, match="begins with http"):
            Url("file:///etc/passwd")


class TestUnpinned:
    def test_the_first_bytes_seen_are_kept(self, tmp_path: Path, store: Store) -> None:
        path = archive(tmp_path, "a.tsv", b"first")
        kept = store.fetch_unpinned("a.tsv", Folder(tmp_path, "a.tsv"))
        assert (kept.path.read_bytes(), kept.sha256) == (b"first", sha256(b"first"))
        path.write_bytes(b"second")
        assert store.fetch_unpinned("a.tsv", Folder(tmp_path, "a.tsv")) == kept

    def test_nowhere(self, tmp_path: Path, store: Store) -> None:
        with pytest.raises(Unavailable, match=r"a\.tsv could not be fetched"):
            store.fetch_unpinned("a.tsv", Folder(tmp_path, "a.tsv"))

    def test_a_file_of_a_data_set_on_a_hub(
        self, site: Site, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HF_ENDPOINT", site.url)
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        site.hold("data/test.tsv", b"rows", repo="datasets/lab/speech", revision="main")
        source = Hub("lab/speech", "main", "data/test.tsv", "dataset")
        assert str(source) == "hub datasets/lab/speech"
        assert store.fetch_unpinned("test.tsv", source).path.read_bytes() == b"rows"
        pinned = WantedFile("test.tsv", sha256(b"rows"), 4, (source,))
        assert Store(tmp_path / "other", progress=False).fetch([pinned])["test.tsv"].read_bytes() == b"rows"


def test_a_member_of_an_archive_on_this_machine(tmp_path: Path, store: Store) -> None:
    path = archive(tmp_path, "a.tar.gz", tar_of({"x/one": b"one"}))
    wanted = WantedFile("one", sha256(b"one"), None, (Inside(path, "x/one"),))
    assert store.fetch([wanted])["one"].read_bytes() == b"one"
    gone = WantedFile("two", sha256(b"two"), None, (Inside(tmp_path / "gone.tar", "x"),))
    with pytest.raises(Unavailable, match=r"archive .*gone\.tar: gone\.tar is damaged|cannot be read|No such file"):
        store.fetch([gone])
