"""A repository's files at one commit: fetched when asked for, each held to the digest the hub names it by."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from catalogs import model_yaml, write_catalog
from webserver import REVISION, Page, Site, serving, sha256

from pytest_modellab.assets.store import Snapshot, Store, Unavailable
from pytest_modellab.catalog import Catalog, CatalogError, load
from pytest_modellab.catalog.weights import NotPulled, digest, local_folder
from pytest_modellab.cli import main

WEIGHTS = b"weights" * 10_000
CONFIG = b'{"model_type": "tiny"}'
SNAPSHOT = Snapshot("lab/model", REVISION, ("config.json", "*.bin"))


def git_sha1(data: bytes) -> str:
    return hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()


def hold(site: Site, files: dict[str, bytes], large: tuple[str, ...] = ("model.bin",)) -> None:
    """Make this a hub whose repository holds the files, the large ones as the hub keeps those."""
    tree = []
    for name, data in files.items():
        entry: dict[str, object] = {"type": "file", "path": name, "size": len(data), "oid": git_sha1(data)}
        headers = {"ETag": f'"{git_sha1(data)}"', "X-Repo-Commit": REVISION}
        if name in large:
            entry["lfs"] = {"oid": sha256(data), "size": len(data), "pointerSize": 100}
            headers |= {"X-Linked-Etag": f'"{sha256(data)}"', "X-Linked-Size": str(len(data))}
        tree.append(entry)
        site.pages[f"/lab/model/resolve/{REVISION}/{name}"] = Page(data, headers=headers)
    page = Page(json.dumps(tree).encode(), "application/json")
    # What is asked for beside `recursive` differs between versions of the hub's library.
    for query in ("?recursive=True&expand=False", "?recursive=true&expand=false", "?recursive=True", "?recursive=true"):
        site.pages[f"/api/models/lab/model/tree/{REVISION}{query}"] = page


@pytest.fixture(autouse=True)
def _isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither this machine's proxies nor its hub cache."""
    for name in list(os.environ):
        if name.upper().endswith("_PROXY") or name.startswith(("HF_", "HUGGING", "TRANSFORMERS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hf" / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with serving() as site:
        monkeypatch.setenv("HF_ENDPOINT", site.url)
        hold(site, {"config.json": CONFIG, "model.bin": WEIGHTS, "README.md": b"# no"})
        yield site


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache", progress=False)


def users_copy(tmp_path: Path, files: dict[str, bytes]) -> Path:
    """A hub cache as the hub's library leaves it."""
    repo = tmp_path / "hf/hub/models--lab--model"
    snapshot = repo / "snapshots" / REVISION
    for folder in (snapshot, repo / "blobs"):
        folder.mkdir(parents=True)
    for name, data in files.items():
        blob = repo / "blobs" / (sha256(data) if name == "model.bin" else git_sha1(data))
        blob.write_bytes(data)
        (snapshot / name).symlink_to(os.path.relpath(blob, snapshot))
    return snapshot


class TestFetching:
    def test_what_the_patterns_match_is_fetched_once(self, hub: Site, store: Store) -> None:
        folder = store.fetch_snapshot(SNAPSHOT)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
            "config.json": CONFIG,
            "model.bin": WEIGHTS,
        }
        asked = len(hub.asked)
        assert store.fetch_snapshot(SNAPSHOT) == store.snapshot(SNAPSHOT) == folder
        assert len(hub.asked) == asked

    def test_without_patterns_everything_is(self, hub: Site, store: Store) -> None:
        folder = store.fetch_snapshot(Snapshot("lab/model", REVISION))
        assert (folder / "README.md").read_bytes() == b"# no"

    @pytest.mark.parametrize("name", ["model.bin", "config.json"])
    def test_bytes_the_hub_names_otherwise_are_not_kept(self, hub: Site, store: Store, name: str) -> None:
        page = hub.pages[f"/lab/model/resolve/{REVISION}/{name}"]
        page.body = page.body[:-1] + b"X"
        with pytest.raises(Unavailable, match=f"{name} has the wrong digest: the hub says"):
            store.fetch_snapshot(SNAPSHOT)
        assert store.snapshot(SNAPSHOT) is None

    def test_a_file_that_became_corrupt_is_noticed_and_fetched_anew(self, hub: Site, store: Store) -> None:
        file = store.fetch_snapshot(SNAPSHOT) / "model.bin"
        blob = file.resolve()
        blob.chmod(0o644)
        blob.write_bytes(b"X" + WEIGHTS[1:])
        assert store.snapshot(SNAPSHOT) is None
        assert (store.fetch_snapshot(SNAPSHOT) / "model.bin").read_bytes() == WEIGHTS

    def test_a_file_that_went_missing_is_fetched_anew(self, hub: Site, store: Store) -> None:
        (store.fetch_snapshot(SNAPSHOT) / "config.json").unlink()
        assert store.snapshot(SNAPSHOT) is None
        assert (store.fetch_snapshot(SNAPSHOT) / "config.json").read_bytes() == CONFIG

    def test_its_refusal_is_a_reason(self, hub: Site, store: Store) -> None:
        hub.pages.clear()
        with pytest.raises(Unavailable, match=r"hub lab/model at aaaaaaaa could not be fetched(.|\n)*404"):
            store.fetch_snapshot(SNAPSHOT)

    def test_a_cache_can_be_carried_to_a_machine_without_a_connection(
        self, hub: Site, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store.fetch_snapshot(SNAPSHOT)
        shutil.copytree(store.root, tmp_path / "carried", symlinks=True)
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        asked = len(hub.asked)
        found = Store(tmp_path / "carried", progress=False).fetch_snapshot(SNAPSHOT)
        assert (found / "model.bin").read_bytes() == WEIGHTS
        assert len(hub.asked) == asked

    def test_two_processes_fetch_once(self, hub: Site, store: Store) -> None:
        hub.pages[f"/lab/model/resolve/{REVISION}/model.bin"].seconds = 0.3
        script = (
            "import sys; from pathlib import Path; from pytest_modellab.assets.store import Snapshot, Store\n"
            f"print(Store(Path(sys.argv[1]), progress=False).fetch_snapshot({SNAPSHOT!r}))"
        )
        command = [sys.executable, "-c", script, str(store.root)]
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        first, second = (process.communicate(timeout=60)[0] for process in running)
        assert first == second
        assert (Path(first.strip()) / "model.bin").read_bytes() == WEIGHTS
        assert hub.gets(f"/lab/model/resolve/{REVISION}/model.bin") == 1


class TestTheUsersOwnCache:
    @pytest.fixture(autouse=True)
    def _offline(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    def test_it_serves_offline(self, store: Store, tmp_path: Path) -> None:
        folder = users_copy(tmp_path, {"config.json": CONFIG, "model.bin": WEIGHTS})
        assert store.fetch_snapshot(SNAPSHOT) == folder

    def test_a_corrupt_file_in_it_is_passed_over_and_left_alone(self, store: Store, tmp_path: Path) -> None:
        folder = users_copy(tmp_path, {"config.json": CONFIG, "model.bin": WEIGHTS})
        assert store.snapshot(SNAPSHOT) == folder
        (folder / "model.bin").resolve().write_bytes(b"other")
        assert store.snapshot(SNAPSHOT) is None
        assert (folder / "model.bin").read_bytes() == b"other"
        with pytest.raises(Unavailable, match="HF_HUB_OFFLINE forbids"):
            store.fetch_snapshot(SNAPSHOT)

    def test_half_of_it_does_not_serve(self, store: Store, tmp_path: Path) -> None:
        users_copy(tmp_path, {"model.bin": WEIGHTS})
        assert store.snapshot(SNAPSHOT) is None


def catalog_of(folder: Path, include: str = "\n  include: [config.json, '*.bin']") -> Catalog:
    head, _, rest = model_yaml("tiny").partition("weights:\n")
    weights = f"  repo: lab/model\n  revision: {REVISION}{include}"
    text = f"{head}weights:\n{weights}\noptions:{rest.partition('options:')[2]}"
    return load(write_catalog(folder / "fixtures", files={"models/tiny.yaml": text}))


class TestInTheCatalog:
    def test_a_test_run_fetches_nothing_and_names_the_command(self, hub: Site, store: Store, tmp_path: Path) -> None:
        catalog = catalog_of(tmp_path)
        with pytest.raises(NotPulled) as caught:
            local_folder(catalog.models["tiny"], catalog, store)
        assert str(caught.value).endswith("Run `modellab pull tiny`.")
        assert hub.asked == []

        pulled = local_folder(catalog.models["tiny"], catalog, store, asked=True)
        assert pulled == local_folder(catalog.models["tiny"], catalog, store)

    def test_the_digest_is_that_of_the_commit(self, tmp_path: Path) -> None:
        first, all_files = catalog_of(tmp_path / "a"), catalog_of(tmp_path / "b", include="")
        found = digest(first.models["tiny"], first)
        assert found == SNAPSHOT.key
        assert found != digest(all_files.models["tiny"], all_files)

    @pytest.mark.parametrize(
        ("include", "said"),
        [
            ("\n  include: [a]\n  path: here", "`repo` and `revision` go with `files` or alone, not with `path`"),
            ("\n  include: []", "`weights.include`: needs at least 1 item, found none"),
            ("\n  include: [a]\n  files: {a: {sha256: " + "a" * 64 + ", size: 1}}", "`include` goes with `repo` and"),
        ],
    )
    def test_forms_are_not_mixed(self, tmp_path: Path, include: str, said: str) -> None:
        with pytest.raises(CatalogError) as caught:
            catalog_of(tmp_path, include)
        assert said in str(caught.value)

    def test_pull_and_models(
        self, hub: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
        catalog = catalog_of(tmp_path)

        def shown() -> str:
            assert main(["--catalog", str(catalog.folder), "models"]) == 0
            return next(line for line in capsys.readouterr().out.splitlines() if line.startswith("tiny"))

        assert " absent " in shown()
        assert main(["--catalog", str(catalog.folder), "pull", "tiny"]) == 0
        assert capsys.readouterr().out.startswith("tiny: /")
        assert " present " in shown()
