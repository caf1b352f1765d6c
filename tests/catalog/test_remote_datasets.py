"""Manifests, tables and recordings on shared storage: fetched once for each content, and only what may be read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from catalogs import write_catalog
from dataforms import HEAD, in_memory, upload, write_csv
from manifests import row, tone
from webserver import Page, Site, serving

from pytest_modellab.assets.store import Store, Unavailable
from pytest_modellab.catalog import CatalogError, load
from pytest_modellab.catalog.datasets import Dataset, DatasetError, FileRecording, prepare, remote_files
from pytest_modellab.catalog.datasets.archives import NotPrepared
from pytest_modellab.catalog.datasets.remote_files import RemoteFiles
from pytest_modellab.core.remote_path import RemotePath

PLACE = "memory://speech/calls"


@pytest.fixture
def memory() -> Iterator[Any]:
    with in_memory() as system:
        yield system


def prepared(place: Path, /, *, asked: bool = False, **form: Any) -> Dataset:
    spec = yaml.safe_dump({**HEAD, "id": "talk", **form})
    catalog = load(write_catalog(place / "fixtures", files={"datasets/talk.yaml": spec}))
    return prepare(catalog.datasets["talk"], catalog, Store(place / "cache", progress=False), asked=asked)


def hold(system: Any, folder: Path, *rows: Any) -> dict[str, str]:
    """Put `talk.jsonl` and two clips there, and return the clips' digests."""
    digests = {
        name: tone(folder / "up" / name, pitch=pitch) for name, pitch in (("one.wav", 440.0), ("two.wav", 880.0))
    }
    lines = [json.dumps(each) for each in rows or (row("one.wav", "one"), row("two.wav", "two"))]
    (folder / "up" / "talk.jsonl").write_text("\n".join(lines))
    upload(system, PLACE, folder / "up")
    return digests


def digests(found: Dataset) -> list[str]:
    return [each.recording.sha256 for each in found.utterances if isinstance(each.recording, FileRecording)]


class TestManifest:
    def test_it_is_read_with_the_recordings_beside_it(self, memory: Any, tmp_path: Path) -> None:
        held = hold(memory, tmp_path)
        found = prepared(tmp_path, manifest=f"{PLACE}/talk.jsonl")
        assert [(each.id, each.text) for each in found.utterances] == [("one", "one"), ("two", "two")]
        assert digests(found) == [held["one.wav"], held["two.wav"]]
        assert found.utterances[0].samples(16_000).shape == (8000,)

    def test_full_paths_below_its_folder(self, memory: Any, tmp_path: Path) -> None:
        hold(memory, tmp_path, row(f"{PLACE}/one.wav"))
        (found,) = prepared(tmp_path, manifest=f"{PLACE}/talk.jsonl").utterances
        assert found.id == "speech/calls/one"

    def test_one_on_this_machine_with_recordings_elsewhere(self, memory: Any, tmp_path: Path) -> None:
        hold(memory, tmp_path)
        place = tmp_path / "fixtures" / "datasets"
        place.mkdir(parents=True)
        (place / "talk.jsonl").write_text(json.dumps(row(f"{PLACE}/one.wav")))
        assert len(prepared(tmp_path, manifest="talk.jsonl", audio_root=PLACE).utterances) == 1
        with pytest.raises(
            DatasetError, match=rf"{PLACE}/one.wav lies outside .*; if it may be read, set `audio_root`"
        ):
            prepared(tmp_path, manifest="talk.jsonl")

    @pytest.mark.parametrize(
        "name", ["/etc/passwd", "../one.wav", "memory://other/one.wav", "http://127.0.0.1/one.wav"]
    )
    def test_it_leads_nowhere_else(self, memory: Any, tmp_path: Path, name: str) -> None:
        hold(memory, tmp_path, row(name))
        with pytest.raises(DatasetError, match=r"talk.jsonl:1: .* lies outside memory://speech/calls; "):
            prepared(tmp_path, manifest=f"{PLACE}/talk.jsonl")

    def test_what_is_not_there_is_told_with_its_line(self, memory: Any, tmp_path: Path) -> None:
        hold(memory, tmp_path, row("one.wav"), row("no.wav"))
        with pytest.raises(DatasetError, match=rf"{PLACE}/talk.jsonl:2: no audio file {PLACE}/no.wav"):
            prepared(tmp_path, manifest=f"{PLACE}/talk.jsonl")
        found = prepared(tmp_path, manifest=f"{PLACE}/talk.jsonl", on_error="leave-out")
        assert list(found.left_out) == ["no"]

    def test_a_manifest_that_is_not_there(self, memory: Any, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match=rf"no manifest {PLACE}/talk.jsonl \(named in .*talk.yaml:1\)"):
            prepared(tmp_path, manifest=f"{PLACE}/talk.jsonl")

    def test_a_protocol_that_is_unknown(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match=r"unknown protocol `ftp`; allowed: s3, .* \(named in .*talk.yaml:1\)"):
            prepared(tmp_path, manifest="ftp://host/talk.jsonl")


def test_a_folder_is_one_on_this_machine(tmp_path: Path) -> None:
    with pytest.raises(
        CatalogError, match="`folder` is one on this machine; list files on shared storage in a manifest"
    ):
        prepared(tmp_path, folder=PLACE)


class TestFetching:
    def test_each_content_is_fetched_once(self, memory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        held = hold(memory, tmp_path)
        first = prepared(tmp_path, manifest=f"{PLACE}/talk.jsonl")
        with monkeypatch.context() as patch:
            patch.setattr("pytest_modellab.assets.store.remote._read", None)
            again = prepared(tmp_path, manifest=f"{PLACE}/talk.jsonl")
        assert again.fingerprint == first.fingerprint
        changed = tone(tmp_path / "new.wav", pitch=300)
        memory.pipe_file(f"{PLACE}/one.wav", (tmp_path / "new.wav").read_bytes())
        assert digests(prepared(tmp_path, manifest=f"{PLACE}/talk.jsonl")) == [changed, held["two.wav"]]

    def test_many_files_of_a_folder_are_looked_up_together(
        self, memory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(20):
            tone(tmp_path / "up" / f"{number}.wav", seconds=0.1)
        write_csv(tmp_path / "up" / "talk.csv", [{"file": f"{i}.wav", "text": f"text {i}"} for i in range(21)])
        upload(memory, PLACE, tmp_path / "up")
        looked: list[str] = []
        info = type(memory).info

        def noted(self: Any, path: str, **more: Any) -> Any:
            looked.append(path)
            return info(self, path, **more)

        monkeypatch.setattr(type(memory), "info", noted)
        with pytest.raises(DatasetError, match=r"talk.csv:22: no audio file"):
            prepared(tmp_path, table={"path": f"{PLACE}/talk.csv"})
        assert "/speech/calls/20.wav" in looked
        assert "/speech/calls/3.wav" not in looked

    def test_more_than_200_mb_are_not_fetched_unasked(
        self, memory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hold(memory, tmp_path)
        monkeypatch.setattr(remote_files, "UNASKED_BYTES", 20_000)
        with pytest.raises(
            NotPrepared, match=r"data set talk could not be fetched(.|\n)*Run `modellab data prepare talk`"
        ):
            prepared(tmp_path, manifest=f"{PLACE}/talk.jsonl")
        prepared(tmp_path, asked=True, manifest=f"{PLACE}/talk.jsonl")
        prepared(tmp_path, manifest=f"{PLACE}/talk.jsonl")

    def test_a_package_that_is_missing_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        pytest.importorskip("fsspec")

        def url_to_fs(url: str) -> Any:
            raise ImportError("Install s3fs to access S3")

        monkeypatch.setattr("fsspec.core.url_to_fs", url_to_fs)
        with pytest.raises(Unavailable, match="s3:// takes s3fs; pip install s3fs"):
            prepared(tmp_path, manifest="s3://bucket/talk.jsonl")
        monkeypatch.setitem(__import__("sys").modules, "fsspec.core", None)
        with pytest.raises(Unavailable, match=r"fsspec is not installed; pip install 'pytest-modellab\[remote\]'"):
            prepared(tmp_path, manifest="s3://bucket/talk.jsonl")


class TestWeb:
    @pytest.fixture
    def site(self) -> Iterator[Site]:
        pytest.importorskip("aiohttp")
        with serving() as found:
            yield found

    def hold(self, site: Site, folder: Path, **headers: str) -> None:
        tone(folder / "one.wav")
        site.pages["/calls/talk.jsonl"] = Page(json.dumps(row("one.wav")).encode(), headers=headers)
        site.pages["/calls/one.wav"] = Page((folder / "one.wav").read_bytes(), headers=headers)

    def test_a_file_that_has_not_changed_is_not_fetched_again(self, site: Site, tmp_path: Path) -> None:
        self.hold(site, tmp_path, ETag='"1"')
        first = prepared(tmp_path, manifest=f"{site.url}/calls/talk.jsonl")
        gets = site.gets("/calls/one.wav")
        assert prepared(tmp_path, manifest=f"{site.url}/calls/talk.jsonl").fingerprint == first.fingerprint
        assert site.gets("/calls/one.wav") == gets

    def test_one_of_which_nothing_is_told_is(self, site: Site, tmp_path: Path) -> None:
        self.hold(site, tmp_path)
        prepared(tmp_path, manifest=f"{site.url}/calls/talk.jsonl")
        gets = site.gets("/calls/one.wav")
        prepared(tmp_path, manifest=f"{site.url}/calls/talk.jsonl")
        assert site.gets("/calls/one.wav") > gets

    def test_a_server_that_can_not_be_asked_makes_it_unavailable(self, site: Site, tmp_path: Path) -> None:
        site.pages["/calls/talk.jsonl"] = Page(b"no", status=503)
        with pytest.raises(Unavailable, match=rf"{site.url}/calls/talk.jsonl can't be read \(ClientResponseError: 503"):
            prepared(tmp_path, manifest=f"{site.url}/calls/talk.jsonl")


def test_without_fetching_the_last_copies_serve(memory: Any, tmp_path: Path) -> None:
    held = hold(memory, tmp_path)
    one, two = RemotePath(f"{PLACE}/one.wav"), RemotePath(f"{PLACE}/two.wav")
    store = Store(tmp_path / "cache", progress=False)
    RemoteFiles("talk", store, asked=True).fetch([one])
    memory.rm(f"{PLACE}/one.wav")
    kept = RemoteFiles("talk", Store(tmp_path / "cache", fetching=False), asked=True)
    kept.fetch([one, two])
    copy = kept.file(one)
    assert copy is not None
    assert copy.sha256 == held["one.wav"]
    assert kept.file(two) is None
