"""A model's files: where they are looked for, what is not fetched unasked, and their common digest."""

import hashlib
from pathlib import Path

import pytest
from catalogs import COMMIT, model_yaml, write_catalog

from pytest_modellab.assets.store import Folder, Hub, Parts, Sdist, Store, Unavailable, Wheel
from pytest_modellab.catalog import Catalog, load
from pytest_modellab.catalog.weights import (
    NotPulled,
    digest,
    digest_pairs,
    hindrances,
    local_folder,
    present,
    size,
    state,
    wanted_files,
)

PARTS = (b"first half, ", b"second half")
WHOLE = b"".join(PARTS)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def weights_yaml(lines: str) -> str:
    """The model `tiny` with these lines in place of its weights."""
    head, _, rest = model_yaml("tiny").partition("weights:\n")
    return f"{head}weights:\n{lines}\noptions:{rest.partition('options:')[2]}"


def catalog_of(folder: Path, lines: str, mirrors: str | None = None) -> Catalog:
    text = None if mirrors is None else f"schema: modellab.mirrors/1\nmirrors:\n{mirrors}"
    files = {"models/tiny.yaml": weights_yaml(lines), "mirrors.yaml": text}
    return load(write_catalog(folder / "fixtures", files=files))


def fetched(catalog: Catalog, folder: Path, *, asked: bool = False) -> Path | None:
    store = Store(folder / "cache", progress=False)
    return local_folder(catalog.models["tiny"], catalog, store, asked=asked)


def test_the_hub_comes_first_and_mirrors_in_their_order(tmp_path: Path) -> None:
    lines = f"  repo: org/tiny\n  revision: {COMMIT}\n  files: {{model.bin: {{sha256: {sha256(WHOLE)}, size: 23}}}}"
    mirrors = (
        f"  {sha256(WHOLE)}:\n"
        "    - parts: [{wheel: a==1, member: a/1}, {sdist: b==2, member: b/2}]\n"
        "    - parts: [{folder: here, member: model.bin}]\n"
    )
    catalog = catalog_of(tmp_path, lines, mirrors)

    (wanted,) = wanted_files(catalog.models["tiny"], catalog)

    assert (wanted.name, wanted.sha256, wanted.size) == ("model.bin", sha256(WHOLE), 23)
    assert wanted.sources == (
        Hub("org/tiny", COMMIT, "model.bin"),
        Parts((Wheel("a==1", "a/1"), Sdist("b==2", "b/2"))),
        Folder(catalog.folder / "here", "model.bin"),
    )


def test_files_without_a_repository_come_from_mirrors_alone(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, f"  files: {{model.bin: {{sha256: {sha256(WHOLE)}, size: 23}}}}")
    (wanted,) = wanted_files(catalog.models["tiny"], catalog)
    assert wanted.sources == ()
    with pytest.raises(Unavailable, match="no source is named"):
        fetched(catalog, tmp_path)


def test_parts_are_joined_and_names_kept(tmp_path: Path) -> None:
    mirrors = (
        f"  {sha256(WHOLE)}:\n    - parts: [{{folder: box, member: p1}}, {{folder: box, member: p2}}]\n"
        f"  {sha256(b'{}')}:\n    - parts: [{{folder: box, member: c}}]\n"
    )
    files = (
        f"{{sub/model.bin: {{sha256: {sha256(WHOLE)}, size: 23}}, config.json: {{sha256: {sha256(b'{}')}, size: 2}}}}"
    )
    catalog = catalog_of(tmp_path, f"  files: {files}", mirrors)
    box = catalog.folder / "box"
    box.mkdir()
    for name, data in (("p1", PARTS[0]), ("p2", PARTS[1]), ("c", b"{}")):
        (box / name).write_bytes(data)

    folder = fetched(catalog, tmp_path)

    assert folder is not None
    assert (folder / "sub/model.bin").read_bytes() == WHOLE
    assert (folder / "config.json").read_bytes() == b"{}"


class TestNotPulled:
    def catalog(self, folder: Path, size: int) -> Catalog:
        mirrors = f"  {sha256(WHOLE)}:\n    - parts: [{{folder: box, member: model.bin}}]\n"
        catalog = catalog_of(folder, f"  files: {{model.bin: {{sha256: {sha256(WHOLE)}, size: {size}}}}}", mirrors)
        (catalog.folder / "box").mkdir()
        (catalog.folder / "box/model.bin").write_bytes(WHOLE)
        return catalog

    def test_much_is_not_fetched_unasked(self, tmp_path: Path) -> None:
        with pytest.raises(NotPulled) as caught:
            fetched(self.catalog(tmp_path, 250_000_000), tmp_path)
        assert "250 MB are missing, more than is fetched unasked" in str(caught.value)
        assert str(caught.value).endswith("Run `modellab pull tiny`.")

    def test_a_little_is(self, tmp_path: Path) -> None:
        assert fetched(self.catalog(tmp_path, 200_000_000), tmp_path) is not None

    def test_what_was_asked_for_is(self, tmp_path: Path) -> None:
        assert fetched(self.catalog(tmp_path, 250_000_000), tmp_path, asked=True) is not None

    def test_what_was_pulled_before_is_simply_used(self, tmp_path: Path) -> None:
        catalog = self.catalog(tmp_path, 250_000_000)
        pulled = fetched(catalog, tmp_path, asked=True)
        assert fetched(catalog, tmp_path) == pulled


def test_a_local_folder_is_used_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "fixtures/models/here").mkdir(parents=True)
    catalog = catalog_of(tmp_path, "  path: here")
    assert fetched(catalog, tmp_path) == catalog.folder / "models/here"
    assert wanted_files(catalog.models["tiny"], catalog) == []


def test_a_local_folder_that_is_not_there_is_not_available(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, "  path: ../here")
    model = catalog.models["tiny"]
    told = "no such folder\nPut them there, or change `path` under `weights:`"
    with pytest.raises(Unavailable, match=rf"fixtures/here: {told} \(fixtures/models/tiny.yaml:1\)"):
        fetched(catalog, tmp_path)
    with pytest.raises(Unavailable):
        digest(model, catalog)
    assert state(model, catalog, Store(tmp_path / "cache")) == ("-", "local: ../here, absent")


def test_what_would_be_made_of_a_folder_that_is_not_there(tmp_path: Path) -> None:
    files = {
        "models/tiny.yaml": weights_yaml("  path: ../here"),
        "models/made.yaml": weights_yaml("  convert: {from: tiny, to: transformers}").replace("id: tiny", "id: made"),
    }
    catalog = load(write_catalog(tmp_path / "fixtures", files=files))
    made, store = catalog.models["made"], Store(tmp_path / "cache")
    assert present(made, catalog, store) is None
    assert ("files of tiny are absent or damaged", "modellab pull made") in hindrances(made, catalog, store)


def test_a_model_may_need_no_weights(tmp_path: Path) -> None:
    text = "schema: modellab.model/1\nid: tiny\nengine: pocketsphinx\ntasks: [asr]\ntiers: []\ndevices: {cpu: {}}\n"
    catalog = load(write_catalog(tmp_path / "fixtures", files={"models/tiny.yaml": text}))
    assert fetched(catalog, tmp_path) is None
    assert digest(catalog.models["tiny"], catalog) is None


class TestDigest:
    def test_what_lies_behind_a_linked_folder_counts(self, tmp_path: Path) -> None:
        catalog = catalog_of(tmp_path, "  path: ../here")
        here, there = tmp_path / "fixtures" / "here", tmp_path / "there"
        here.mkdir()
        there.mkdir()
        (here / "linked").symlink_to(there)
        (there / "model.bin").write_bytes(b"one")
        before = digest(catalog.models["tiny"], catalog)
        (there / "model.bin").write_bytes(b"two!")
        assert digest(catalog.models["tiny"], catalog) != before
        assert size(here) == 4

    def test_it_is_that_of_names_and_digests_in_order(self) -> None:
        pairs = {"b": "2" * 64, "a": "1" * 64}
        assert digest_pairs(pairs) == sha256(f"a\0{'1' * 64}\nb\0{'2' * 64}\n".encode())
        assert digest_pairs(pairs) == digest_pairs(dict(reversed(pairs.items())))
        assert digest_pairs(pairs) != digest_pairs({"a": "2" * 64, "b": "1" * 64})

    def test_pinned_and_local_files_with_the_same_bytes_have_the_same(self, tmp_path: Path) -> None:
        here = tmp_path / "local/fixtures/models/here/sub"
        here.mkdir(parents=True)
        (here / "model.bin").write_bytes(WHOLE)
        local = catalog_of(tmp_path / "local", "  path: here")
        pinned = catalog_of(tmp_path / "pinned", f"  files: {{sub/model.bin: {{sha256: {sha256(WHOLE)}, size: 23}}}}")

        found = digest(local.models["tiny"], local)
        assert found == digest(pinned.models["tiny"], pinned)

        (here / "model.bin").write_bytes(WHOLE + b"!")
        assert digest(local.models["tiny"], local) != found
