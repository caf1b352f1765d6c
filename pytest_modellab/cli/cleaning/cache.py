"""Cleaning of the cache: files that the catalog uses, files that it doesn't, and remains of killed processes.

The cache is shared by all projects of a user: files that this catalog doesn't use, another may. The files in use are
found by the same look-ups as in a session, on a store that only records the requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from pytest_modellab.assets.store import Selection, Store, StoredFile, StoreError, Unavailable, WantedFile
from pytest_modellab.assets.store.blobs import Blobs
from pytest_modellab.catalog import Catalog
from pytest_modellab.catalog import cache as catalogs
from pytest_modellab.catalog.dataset_forms import FORMS
from pytest_modellab.catalog.datasets import DatasetError, prepare, sound_facts
from pytest_modellab.catalog.datasets.archives import Archives
from pytest_modellab.catalog.environments import Environments, plan
from pytest_modellab.catalog.specs import DatasetSpec
from pytest_modellab.catalog.weights import present, snapshot_of, wanted_files
from pytest_modellab.core.remote_path import is_remote
from pytest_modellab.reports.scorecard.page import drawings
from pytest_modellab.runner.cluster import shipping

from .part import STALE_S, Category, Removable, age_s, file, folder, remove_folder, size_of, unlink


class _Noted(Blobs):
    """Blobs that record the requested digests, and don't verify contents."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.asked: set[str] = set()

    def verified(self, sha256: str) -> Path | None:
        self.asked.add(sha256)
        blob = self.place(sha256)
        return blob if blob.is_file() else None


OLD_S = 30 * STALE_S
"""What was spoken before is spoken anew when it is needed."""


class _Inventory(Store):
    """A store that fetches, converts, unpacks and links nothing."""

    def __init__(self, root: Path) -> None:
        noted = _Noted(root)
        super().__init__(root, fetching=False, blobs=lambda _: noted)
        self.asked = noted.asked

    def folder(self, wanted: Sequence[WantedFile]) -> Path:
        return self.root

    def members(self, identity: str, wanted: Selection, archive: Callable[[], Path]) -> dict[str, StoredFile]:
        return super().members(identity, wanted, _not_unpacked)

    def parts(self, identity: str, read: Callable[[], Iterator[tuple[str, Iterable[bytes]]]]) -> dict[str, StoredFile]:
        return super().parts(identity, _not_read)


def _not_read() -> Iterator[tuple[str, Iterable[bytes]]]:
    raise Unavailable("its parts", [], "")


def _not_unpacked() -> Path:
    raise Unavailable("its members", [], "")


def named_weights(catalog: Catalog, root: Path) -> set[str]:
    """SHA-256 of every file of a model of the catalog, converted ones included."""
    store = _Inventory(root)
    for model in catalog.models.values():
        store.missing(wanted_files(model, catalog))
        if model.weights is not None and model.weights.convert is not None:
            with suppress(StoreError):
                present(model, catalog, store)
    return store.asked


def named_data(catalog: Catalog, root: Path) -> set[str]:
    """SHA-256 of every file of a data set of the catalog, archives included."""
    store = _Inventory(root)
    for spec in catalog.datasets.values():
        form = FORMS[spec.form_name]
        if not ("archives" in form.goes_with or form.stored or _is_remote(spec)):
            continue  # its files lie elsewhere
        archives = Archives(spec, catalog, store, asked=True)
        for clip in spec.clips or ():
            store.path(clip.sha256)
        for name in spec.archives:
            with suppress(StoreError):
                archives.file(name)
        with suppress(StoreError, DatasetError):
            prepare(spec, catalog, store)
    return store.asked


def _is_remote(spec: DatasetSpec) -> bool:
    """Whether a path in the spec leads to shared storage."""

    def within(value: object) -> bool:
        if isinstance(value, dict):
            return any(map(within, value.values()))
        return isinstance(value, str) and is_remote(value)

    return within(spec.model_dump(include={"manifest", "table", "kaldi", "lhotse", "audio_root"}))


def files(catalog: Catalog, root: Path) -> list[Category]:
    """Weights, data, and files that are neither to this catalog."""
    weights, data = named_weights(catalog, root), named_data(catalog, root)
    parts = [Category("weights"), Category("data"), Category("files not named")]
    for blob in sorted((root / "blobs" / "sha256").glob("??/" + "[0-9a-f]" * 64)):
        part = parts[0 if blob.name in weights else 1 if blob.name in data else 2]
        part.add(size_of(blob))
        if part is parts[2]:
            _may_go(part, Removable(blob, size_of(blob), "no model or data set", partial(_remove_blob, blob)))
    _hub(catalog, root, parts[0], parts[2])
    return parts


def _hub(catalog: Catalog, root: Path, named: Category, others: Category) -> None:
    """Snapshots, which lie in the layout of the hub's own library, and are removed by it."""
    if not (root / "hub").is_dir():
        return
    from huggingface_hub import scan_cache_dir

    found = scan_cache_dir(root / "hub")
    models = [model.weights for model in catalog.models.values() if model.weights is not None]
    wanted = {snapshot.revision for weights in models if (snapshot := snapshot_of(weights)) is not None}
    wanted |= {spec.hub.revision for spec in catalog.datasets.values() if spec.hub is not None}
    for repo in found.repos:
        for revision in repo.revisions:
            part = named if revision.commit_hash in wanted else others
            part.add(revision.size_on_disk)
            if part is others:
                removal = found.delete_revisions(revision.commit_hash)
                what = "data set" if repo.repo_type == "dataset" else "model"
                why = f"no {what} is {repo.repo_id} at {revision.commit_hash[:8]}"
                _may_go(part, Removable(revision.snapshot_path, removal.expected_freed_size, why, removal.execute))


def environments(catalog: Catalog, root: Path) -> list[Category]:
    named, others = Category("environments"), Category("environments not named")
    specs = [model.environment for model in catalog.models.values()]
    wanted = {Environments.key(plan(spec)) for spec in specs if spec is not None and spec.interpreter is None}
    for each in sorted(path for path in (root / "environments").glob("*") if path.is_dir()):
        part = named if each.name in wanted else others
        part.add(size_of(each))
        if part is others:
            _may_go(part, folder(each, "no model of this catalog runs in it"))
    return [named, others]


def spoken(root: Path) -> Category:
    """Synthesized prompts of dialogues: their catalog isn't known, and they are synthesized anew when needed."""
    part = Category("spoken questions")
    for each in sorted((root / "spoken").glob("??/*.flac")):
        part.add(size_of(each))
        if age_s([each]) > OLD_S:
            part.removable.append(file(each, "spoken more than a month ago"))
    return part


def shipped(root: Path) -> Category:
    """Weights that sessions on other machines sent to this node of a cluster; they are sent again when needed."""
    part = Category("weights sent to this node")
    for each in sorted((root / shipping.FOLDER).glob("*")):
        part.add(size_of(each))
        if each.suffix and age_s([each]) > STALE_S:
            part.removable.append(folder(each, "not sent to the end"))
        elif age_s([each]) > OLD_S:
            part.removable.append(folder(each, "sent more than a month ago"))
    return part


def kept(root: Path) -> Category:
    """Validated catalogs, drawings of pages and facts about sound files, which are made anew when needed."""
    part = Category("catalogs, drawings and facts about sounds")
    folders = (catalogs.FOLDER, drawings.FOLDER, sound_facts.FOLDER)
    for each in sorted(path for name in folders for path in (root / name).glob("*.json")):
        part.add(size_of(each))
        if age_s([each]) > OLD_S:
            part.removable.append(file(each, "written more than a month ago"))
    return part


def leftovers(root: Path) -> Category:
    """Remains of killed processes: partial downloads, workers' temporary folders, incomplete environments."""
    part = Category("temporary files")
    for path in (
        *(root / "tmp").glob("*"),
        *root.glob("blobs/sha256/*/.*.part"),
        *root.glob("*/.*.part"),
        *root.glob("*/.*.tmp"),
        *root.glob("spoken/*/.*.tmp"),
        *root.glob("spoken/*/.*.part"),  # as they were called before
    ):
        part.add(size_of(path))
        if age_s([path]) > STALE_S:
            part.removable.append((folder if path.is_dir() else file)(path, "left by a killed process"))
    return part


def _may_go(part: Category, removable: Removable) -> None:
    if age_s([removable.path]) > STALE_S:
        part.removable.append(removable)
    else:
        part.young += 1


def _remove_blob(blob: Path) -> None:
    unlink(blob)
    unlink(blob.with_name(f"{blob.name}.stamp"))


def remove_broken_links(root: Path) -> None:
    """Remove folders of links of which a file is gone: they are made anew when they are needed."""
    for each in (root / "folders").glob("*"):
        if any(path.is_symlink() and not path.exists() for path in each.rglob("*")):
            remove_folder(each)
