"""The validated catalog, kept: the same as validated anew, and never in doubt."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from catalogs import DEVICES, LIMITS, model_yaml, write_catalog

from pytest_modellab.catalog import Catalog, CatalogError, cache, load
from pytest_modellab.catalog.base import Spec

OURS = Path(__file__).parents[2] / "fixtures"


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_catalog(tmp_path / "lab")


@pytest.fixture
def validated(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders that were validated."""
    found: list[Path] = []

    def noted(folder: Path, base: Path) -> Catalog:
        found.append(folder)
        return load(folder, base)

    monkeypatch.setattr(cache, "load", noted)
    return found


def kept(root: Path) -> Path:
    (path,) = (root / cache.FOLDER).iterdir()
    return path


def origins(value: Any) -> list[str]:
    if isinstance(value, Spec):
        return [value.origin, *(each for name in type(value).model_fields for each in origins(getattr(value, name)))]
    if isinstance(value, dict):
        value = tuple(value.values())
    return [found for each in value for found in origins(each)] if isinstance(value, tuple) else []


def test_what_is_restored_is_what_was_validated(validated: list[Path]) -> None:
    first = cache.load_cached(OURS, OURS.parent)
    again = cache.load_cached(OURS, OURS.parent)
    assert validated == [OURS]
    assert again == first
    assert again is not first
    assert repr(again) == repr(first)
    parts = [again.models, again.datasets, again.devices, again.limits, again.release, again.profiles]
    assert [origins(part) for part in parts] == [
        origins(part)
        for part in (first.models, first.datasets, first.devices, first.limits, first.release, first.profiles)
    ]
    for name, model in again.models.items():
        assert model.model_dump(exclude_unset=True) == first.models[name].model_dump(exclude_unset=True)


def test_messages_name_files_from_the_folder_of_this_session(folder: Path, validated: list[Path]) -> None:
    cache.load_cached(folder, folder.parent)
    again = cache.load_cached(folder, folder)
    assert len(validated) == 1
    assert again.shown(again.limits[0].origin) == "limits.yaml:3"


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "limits.yaml").write_text(LIMITS.replace("0.15", "0.16")),
        lambda folder: (folder / "models" / "more.yml").write_text(model_yaml("more")),
        lambda folder: (folder / "devices.yaml").write_text(DEVICES + "\n"),
        lambda folder: (folder / "grades.yaml").unlink(),
        lambda folder: (folder / "models" / "tiny.yaml").rename(folder / "models" / "small.yaml"),
    ],
    ids=["value", "new file", "white space", "file gone", "renamed"],
)
def test_a_change_of_a_file_is_validated(folder: Path, validated: list[Path], change: Callable[[Path], object]) -> None:
    cache.load_cached(folder, folder.parent)
    change(folder)
    assert cache.load_cached(folder, folder.parent) == load(folder, folder.parent)
    assert len(validated) == 2


def test_a_catalog_that_became_wrong_is_refused(folder: Path) -> None:
    cache.load_cached(folder, folder.parent)
    (folder / "limits.yaml").write_text(LIMITS.replace("wer", "were"))
    with pytest.raises(CatalogError, match="unknown metric `were`"):
        cache.load_cached(folder, folder.parent)
    (folder / "limits.yml").write_text("schema: modellab.limits/1\n")
    with pytest.raises(CatalogError, match="no file of this name is read"):
        cache.load_cached(folder, folder.parent)


@pytest.mark.parametrize("version", ["code", "pydantic", "engines"])
def test_another_version_of_what_validates_validates_anew(
    folder: Path, validated: list[Path], version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.load_cached(folder, folder.parent)
    if version == "code":
        monkeypatch.setattr(cache, "__version__", "another")
    elif version == "pydantic":
        monkeypatch.setattr(cache, "version", lambda name: "3.0")
    else:
        monkeypatch.setattr(
            cache, "_extensions", lambda: [("modellab.engines", "faster-whisper", "somebody.elses:Engine")]
        )
    cache.load_cached(folder, folder.parent)
    assert len(validated) == 2


def flipped(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"max",', b'"mix",').replace(b"0.15", b"0.95"))


def forged(path: Path) -> None:
    """A valid file whose objects are none of ours."""
    content = json.loads(path.read_bytes()[64:])
    content["catalog"]["models"] = {"spec": "Path", "of": {}, "set": [], "at": ""}
    data = json.dumps(content).encode()
    path.write_bytes(hashlib.sha256(data).hexdigest().encode() + data)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-100]),
        lambda path: path.chmod(0o666),
        flipped,
        forged,
    ],
    ids=["empty", "cut off", "writable by others", "changed", "forged"],
)
def test_a_file_that_is_damaged_or_foreign_is_ignored(
    folder: Path, root: Path, validated: list[Path], spoil: Callable[[Path], object]
) -> None:
    cache.load_cached(folder, folder.parent)
    spoil(kept(root))
    assert cache.load_cached(folder, folder.parent) == load(folder, folder.parent)
    assert len(validated) == 2


def test_a_file_of_another_user_is_ignored(
    folder: Path, validated: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.load_cached(folder, folder.parent)
    monkeypatch.setattr("os.geteuid", lambda: 4321)
    cache.load_cached(folder, folder.parent)
    assert len(validated) == 2


ENGINE = "engine: modellab_fake_engine:FakeEngine\ntasks: [asr]\ntiers: [smoke]\ndevices:\n  cpu: {}\n"
FOREIGN = f"schema: modellab.model/1\nid: foreign\n{ENGINE}"
FOLDER = model_yaml("source").partition("weights:")[0] + "weights: {path: here}\ndevices:\n  cpu: {}\n"
CONVERTED = """\
schema: modellab.model/1
id: converted
engine: transformers
tasks: [asr]
tiers: [smoke]
weights: {convert: {from: source, to: transformers}}
devices:
  cpu: {}
"""


@pytest.mark.parametrize(
    "models", [{"foreign": FOREIGN}, {"source": FOLDER, "converted": CONVERTED}], ids=["engine", "conversion"]
)
def test_what_depends_on_more_than_the_key_is_not_kept(
    tmp_path: Path, root: Path, validated: list[Path], models: dict[str, str]
) -> None:
    files = {f"models/{name}.yaml": text for name, text in models.items()}
    folder = write_catalog(tmp_path / "lab", models=(), files=files)
    for name in ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt"):
        (tmp_path / "lab" / "models" / "here").mkdir(exist_ok=True)
        (tmp_path / "lab" / "models" / "here" / name).write_bytes(b"")
    for _ in range(2):
        cache.load_cached(folder, folder.parent)
    assert len(validated) == 2
    assert not (root / cache.FOLDER).exists()


@pytest.mark.parametrize(("group", "validations"), [("engines", 1), ("metrics", 2), ("tasks", 2)])
def test_with_metrics_or_tasks_from_elsewhere_nothing_is_kept(
    folder: Path, validated: list[Path], group: str, validations: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "_extensions", lambda: [(f"modellab.{group}", "mine", "somebody.elses:MINE")])
    for _ in range(2):
        cache.load_cached(folder, folder.parent)
    assert len(validated) == validations


def test_a_cache_that_cannot_be_written_is_done_without(folder: Path, root: Path, validated: list[Path]) -> None:
    root.write_text("a file")
    for _ in range(2):
        assert cache.load_cached(folder, folder.parent).models
    assert len(validated) == 2


def test_a_file_that_cannot_be_read_is_told_as_ever(folder: Path) -> None:
    (folder / "models" / "gone.yaml").symlink_to("nowhere")
    with pytest.raises(CatalogError, match="a link that leads nowhere"):
        cache.load_cached(folder, folder.parent)
