"""Data sets of the hub, from its cache and from a server of it: files found, held to their digests, and sliced."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from catalogs import write_catalog
from dataforms import HEAD, REPO, offline_hub, write_hub, write_parquet
from manifests import tone
from webserver import REVISION, Page, Site, serving

from pytest_modellab.assets.store import DigestMismatch, Store, Unavailable
from pytest_modellab.catalog import CatalogError, load
from pytest_modellab.catalog.datasets import Dataset, DatasetError, FileRecording, prepare
from pytest_modellab.catalog.datasets.archives import NotPrepared

pytest.importorskip("pyarrow")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the hub's own cache; the network is forbidden."""
    for name in [each for each in os.environ if each.upper().endswith("_PROXY")]:
        monkeypatch.delenv(name)
    offline_hub(tmp_path / "hf", monkeypatch)
    return tmp_path / "hf"


def parts(folder: Path, count: int = 1, rows: int = 4, **more: Any) -> list[Path]:
    """Parquet files with clips of their own."""
    found = []
    for part in range(count):
        entries = []
        for number in range(part * rows, (part + 1) * rows):
            tone(folder / f"{number}.wav", pitch=200 + 20 * number)
            row = {
                "audio_filepath": f"{number}.wav",
                "text": f"text {number}",
                "id": f"id-{number}",
                "language": "English",
            }
            entries.append({**row, **more})
        path = folder / f"part-{part}.parquet"
        write_parquet(path, entries, folder, embedded=True)
        found.append(path)
    return found


def prepared(folder: Path, *, asked: bool = False, kind: str | None = None, **hub: Any) -> Dataset:
    more = {"kind": kind} if kind else {}
    spec = yaml.safe_dump({**HEAD, "id": "talk", "hub": {"repo": REPO, "revision": REVISION, **hub}, **more})
    catalog = load(write_catalog(folder / "fixtures", files={"datasets/talk.yaml": spec}))
    return prepare(catalog.datasets["talk"], catalog, Store(folder / "cache", progress=False), asked=asked)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("data/test-00000-of-00001.parquet", {}),
        ("data/dev-00000-of-00001-1234abcd.parquet", {"split": "dev"}),
        ("default/test/0000.parquet", {}),
        ("en/test/0000.parquet", {"config": "en"}),
        ("ami/test.clean-00000-of-00001.parquet", {"config": "ami", "split": "test.clean"}),
        ("data/en/test-00000-of-00001.parquet", {"config": "en"}),
        ("all/of/it.parquet", {"include": ["all/*.parquet"]}),
    ],
)
def test_files_are_found_by_the_usual_layouts(tmp_path: Path, home: Path, name: str, given: dict[str, Any]) -> None:
    (part,) = parts(tmp_path)
    write_hub(home, {name: part, "README.md": part, "other/test-00000-of-00001.parquet": part})
    found = prepared(tmp_path, **given)
    assert [(each.id, each.text) for each in found.utterances] == [(f"id-{i}", f"text {i}") for i in range(4)]
    assert dict(found.utterances[0].attributes) == {"language": "English"}
    assert found.utterances[0].language == "en"


def test_several_files_follow_on_each_other(tmp_path: Path, home: Path) -> None:
    one, two = parts(tmp_path, 2)
    write_hub(home, {"data/test-00001-of-00002.parquet": two, "data/test-00000-of-00002.parquet": one})
    assert [each.text for each in prepared(tmp_path).utterances] == [f"text {i}" for i in range(8)]


def test_one_that_is_missing_is_noticed(tmp_path: Path, home: Path) -> None:
    one, _ = parts(tmp_path, 2)
    write_hub(home, {"data/test-00000-of-00002.parquet": one})
    with pytest.raises(DatasetError, match=r"data/test-00001-of-00002.parquet is missing; run `modellab data prepare"):
        prepared(tmp_path)


def test_a_slice_is_evenly_spread_over_all_files(tmp_path: Path, home: Path) -> None:
    one, two = parts(tmp_path, 2)
    write_hub(home, {"data/test-00000-of-00002.parquet": one, "data/test-00001-of-00002.parquet": two})
    found = prepared(tmp_path, take=4)
    assert [each.text for each in found.utterances] == [f"text {i}" for i in (0, 2, 4, 6)]
    kept = [each for each in (tmp_path / "cache/blobs").rglob("*") if len(each.name) == 64]
    assert {each.name for each in kept} == {
        each.recording.sha256 for each in found.utterances if isinstance(each.recording, FileRecording)
    }


def test_a_kind_of_the_whole_set_hides_no_empty_reference(tmp_path: Path, home: Path) -> None:
    (part,) = parts(tmp_path)
    write_hub(home, {"data/test-00000-of-00001.parquet": part})
    assert {each.kind for each in prepared(tmp_path, kind="read").utterances} == {"read"}
    (part,) = parts(tmp_path, text="")
    write_hub(home, {"data/test-00000-of-00001.parquet": part})
    with pytest.raises(DatasetError, match=r"test-00000-of-00001.parquet:1: an empty reference can't be scored"):
        prepared(tmp_path, kind="read")


def test_a_file_that_is_corrupt_is_not_read(tmp_path: Path, home: Path) -> None:
    (part,) = parts(tmp_path)
    write_hub(home, {"data/test-00000-of-00001.parquet": part})
    (blob,) = (home / "hub").rglob("blobs/*")
    blob.write_bytes(b"PAR1" + blob.read_bytes()[4:-1] + b"X")
    with pytest.raises(NotPrepared, match=f"{REPO}, default, test, of unknown size, are missing"):
        prepared(tmp_path)


def test_offline_it_is_told_what_was_tried(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"data/test-\*.parquet: not in the local hub cache, and HF_HUB_OFFLINE"):
        prepared(tmp_path, asked=True)


class TestPinned:
    def test_files_are_held_to_their_digests(self, tmp_path: Path, home: Path) -> None:
        (part,) = parts(tmp_path)
        write_hub(home, {"x/any.parquet": part})
        data = part.read_bytes()
        pinned = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        assert len(prepared(tmp_path, files={"x/any.parquet": pinned}).utterances) == 4
        with pytest.raises(DigestMismatch):
            prepared(tmp_path, files={"x/any.parquet": {**pinned, "sha256": "0" * 64}})

    def test_more_than_200_mb_are_not_fetched_unasked(self, tmp_path: Path) -> None:
        with pytest.raises(NotPrepared, match=r"250 MB are missing, more than is fetched unasked\nRun `modellab data"):
            prepared(tmp_path, files={"x.parquet": {"sha256": "0" * 64, "size": 250_000_000}})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"revision": "main"}, "`hub.revision`: expected a commit (40 hexadecimal digits in lower case), found `main`"),
        ({"repo": "calls"}, "`hub.repo`: expected owner/name, found `calls`"),
        ({"split": "a/b"}, "`hub.split`: expected letters, digits"),
        ({"take": 0}, "`hub.take`: must be at least 1, found `0`"),
        (
            {"include": ["*"], "files": {"a": {"sha256": "0" * 64, "size": 1}}},
            "`files` are all files, and `include` patterns of them: give one of the two",
        ),
    ],
)
def test_a_wrong_spec_is_told(tmp_path: Path, given: dict[str, Any], message: str) -> None:
    with pytest.raises(CatalogError) as caught:
        prepared(tmp_path, **given)
    assert message in str(caught.value)


class TestFromTheHub:
    @pytest.fixture
    def hub(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        with serving() as site:
            monkeypatch.setenv("HF_ENDPOINT", site.url)
            yield site

    def hold(self, site: Site, files: Mapping[str, Path]) -> None:
        tree = []
        for name, path in files.items():
            data = path.read_bytes()
            digest = hashlib.sha256(data).hexdigest()
            large = {"oid": digest, "size": len(data), "pointerSize": 100}
            tree.append({"type": "file", "path": name, "size": len(data), "oid": "1" * 40, "lfs": large})
            headers = {"ETag": f'"{digest}"', "X-Repo-Commit": REVISION, "X-Linked-Etag": f'"{digest}"'}
            headers["X-Linked-Size"] = str(len(data))
            site.pages[f"/datasets/{REPO}/resolve/{REVISION}/{name}"] = Page(data, headers=headers)
        page = Page(json.dumps(tree).encode(), "application/json")
        for query in (
            "?recursive=True&expand=False",
            "?recursive=true&expand=false",
            "?recursive=True",
            "?recursive=true",
        ):
            site.pages[f"/api/datasets/{REPO}/tree/{REVISION}{query}"] = page

    def test_only_who_asks_downloads(self, tmp_path: Path, hub: Site) -> None:
        (part,) = parts(tmp_path)
        self.hold(hub, {"default/test/0000.parquet": part, "default/train/0000.parquet": part})
        with pytest.raises(NotPrepared):
            prepared(tmp_path)
        assert hub.asked == []
        found = prepared(tmp_path, asked=True)
        assert hub.gets(f"/datasets/{REPO}/resolve/{REVISION}/default/train/0000.parquet") == 0
        asked = len(hub.asked)
        assert prepared(tmp_path).fingerprint == found.fingerprint
        assert len(hub.asked) == asked

    def test_bytes_the_hub_names_otherwise_are_not_kept(self, tmp_path: Path, hub: Site) -> None:
        (part,) = parts(tmp_path)
        self.hold(hub, {"default/test/0000.parquet": part})
        page = hub.pages[f"/datasets/{REPO}/resolve/{REVISION}/default/test/0000.parquet"]
        page.body = page.body[:-1] + b"X"
        with pytest.raises(Unavailable, match=r"default/test/0000.parquet has the wrong digest: the hub says"):
            prepared(tmp_path, asked=True)
