"""Check of shards against the catalog that is to judge them: records of other specs or another commit are refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pytest_modellab.assets.store import Store, StoreError
from pytest_modellab.catalog import Catalog
from pytest_modellab.catalog.datasets import DatasetError, prepare
from pytest_modellab.results import provenance
from pytest_modellab.results.merge import MergeError
from pytest_modellab.results.record import Record
from pytest_modellab.results.recount import stated_twice

from .specified import apart_from_specs, missing_specs


def hold(found: Mapping[Path, Record], catalog: Catalog) -> None:
    """Raise MergeError unless the shards of one case, by their path, are what the catalog and its checkout tell.

    No engine is imported, and nothing is fetched: neither engines nor data have to be where shards are merged.
    """
    commit, _ = provenance.git_state(catalog.folder)
    for path, record in found.items():
        told = [*stated_twice(record)]
        if told:
            raise MergeError(_refusal(record, path, "contradicts itself", told))
        if missing := list(missing_specs(record, catalog)):
            raise MergeError(_refusal(record, path, "is of a case that the catalog doesn't have", missing))
        own = record.provenance.commit
        if commit is not None and own is not None and commit != own:
            told = [f"the record is of commit {own}", f"{catalog.shown(str(catalog.folder))} is at {commit}"]
            advice = f"check out {own[:12]} to merge it, or measure again at {commit[:12]}"
            raise MergeError(_refusal(record, path, "was measured at another commit", [*told, advice]))
        if told := list(apart_from_specs(record, catalog)):
            advice = "merge with the catalog that it was measured by, or measure again"
            raise MergeError(_refusal(record, path, "is of other specs than the catalog's", [*told, advice]))
        if told := list(_data_apart(record, catalog)):
            advice = "merge with the data that it was measured on, or measure again"
            raise MergeError(_refusal(record, path, "is of other utterances than the catalog's", [*told, advice]))
        if record.provenance.dirty is False and (changed := list(_changed(record, catalog))):
            advice = "commit them and measure again, or take them back"
            told = [f"changed here, and not committed: {name}" for name in changed]
            raise MergeError(_refusal(record, path, "was measured at this commit, without changes", [*told, advice]))


def _data_apart(record: Record, catalog: Catalog) -> Iterator[str]:
    """The first utterance that the catalog's own files have otherwise; nothing where they aren't here."""
    spec, shard = catalog.datasets[record.case.dataset], record.shard
    if spec.recipe or spec.sources or spec.made or spec.archives or shard is None:
        return  # made of pinned archives, at length, or by parameters of the spec
    try:
        known = prepare(spec, catalog, Store(fetching=False)).first(record.limited_to).utterances
    except (StoreError, DatasetError, OSError):
        return
    if len(known) != shard.utterances:
        yield f"the record's data set has {shard.utterances} utterances, the one here {len(known)}"
        return
    for place, row in zip(shard.places, record.utterances, strict=True):
        here = known[place]
        for what, told, text in (("id", row.id, here.id), ("reference", row.reference, here.text)):
            if told != text:
                yield f"utterance {place + 1}: the record has the {what} {told!r:.60}, the data set here {text!r:.60}"
                return


def _changed(record: Record, catalog: Catalog) -> Iterator[str]:
    """What of the checkout answers and references depend on, and is not as committed: limits and grades may be."""
    paths = [catalog.folder / "models", catalog.folder / "datasets"]
    model = catalog.models[record.case.model]
    for each in (model, *(catalog.models[name] for name in model.parts.values())):
        place = (each.engine_target or "").rpartition(":")[0]
        if place.endswith(".py"):
            paths.append(Path(place))
    yield from provenance.uncommitted(catalog.folder, paths)


def _refusal(record: Record, path: Path, what: str, told: list[str]) -> str:
    shard = f"shard {record.shard.cut}: " if record.shard is not None else ""
    lines = "".join(f"\n  {each}" for each in told)
    return f"{record.case.id}: {shard}{path} {what}:{lines}"
