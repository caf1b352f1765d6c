"""Checks of the installation: engines, devices, models, data and tools, each with its fix."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_modellab.assets.store import Store, StoreError, Unavailable
from pytest_modellab.catalog import Catalog
from pytest_modellab.catalog.datasets import DatasetError, prepare
from pytest_modellab.catalog.environments import NOT_THERE, Environments
from pytest_modellab.catalog.load import DEFAULT_DEVICES
from pytest_modellab.catalog.specs import DatasetSpec, ModelSpec
from pytest_modellab.catalog.variants import base_of
from pytest_modellab.catalog.weights import hindrances, state
from pytest_modellab.core import devices, ffmpeg
from pytest_modellab.core.console import counted
from pytest_modellab.core.hardware import Hardware
from pytest_modellab.engines.base import Engine
from pytest_modellab.engines.registry import PREDICTORS, available, engine_class, remedy
from pytest_modellab.results import provenance

# Bytes free in the cache below which a download may not fit.
_LITTLE = 2e9


@dataclass(frozen=True)
class Check:
    """One check. `fix` is what to do where something is missing; "" where nothing is."""

    section: str
    subject: str
    ok: bool
    what: str
    fix: str = ""


def examine(catalog: Catalog | None) -> Iterator[Check]:
    """Make all checks; nothing is fetched or loaded. Without a catalog, only those that don't depend on models."""
    store = Store(fetching=False)
    yield from _place(store)
    for name, target in sorted(available().items()):
        yield _engine("engines", name, target)
    for name in sorted(PREDICTORS):
        yield _engine("what rates speech", name, PREDICTORS[name].target)
    for device in DEFAULT_DEVICES if catalog is None else catalog.devices.values():
        found = devices.presence(device.kind, device.index)
        fix = (
            "" if found.present else f"its cases run on {device.fallback}" if device.fallback else "its cases don't run"
        )
        yield Check("devices", device.id, found.present, found.reason or _hardware(device.kind), fix)
    if catalog is not None:
        environments = Environments(catalog.folder / "models")
        for model in catalog.models.values():
            if base_of(model.id, catalog.models) is not None:
                continue  # of the same weights, engine and environment
            yield _model(model, catalog, store, environments)
        for dataset in catalog.datasets.values():
            yield _dataset(dataset, catalog, store)
    yield from _tools()


def _hardware(kind: str) -> str:
    """What stands behind a kind of device, as far as it has a name."""
    names = Counter(Hardware.stated(provenance.hardware()).gpus or ()) if kind == "cuda" else {}
    return ", ".join(f"{count} x {name}" if count > 1 else name for name, count in names.items()) or kind


def _place(store: Store) -> Iterator[Check]:
    hardware = Hardware.stated(provenance.hardware())
    yield Check("machine", "processor", True, f"{hardware.cpu}, {hardware.cores_text} cores")
    yield Check("machine", "python", True, f"{hardware.python}, {hardware.os}")
    existing = next(path for path in (store.root, *store.root.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    what, fix = f"{store.root}, {free / 1e9:.0f} GB free", ""
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        what = f"{existing} is {'not writable' if existing.is_dir() else 'not a folder'}"
        fix = "set MODELLAB_CACHE to a writable folder"
    elif free < _LITTLE:
        fix = "free some, or set MODELLAB_CACHE to a larger disk"
    yield Check("machine", "cache", not fix, what, fix)


def _engine(section: str, name: str, target: str) -> Check:
    try:
        engine = engine_class(target)
    except Exception as error:  # third-party modules may raise anything
        return Check(section, name, False, f"{type(error).__name__}: {error}", f"repair or remove {target}")
    found = provenance.versions(engine.distributions)
    fix = _lacking(engine)
    if fix:
        what = f"{engine.distributions[0]} is not installed"
        return Check(section, name, False, what, f"{fix}, or give its models an `environment`")
    told = ", ".join(f"{each} {version}" for each, version in found.items() if version)
    return Check(section, name, True, told or "no library of its own")


def _lacking(engine: type[Engine]) -> str:
    """What to install for an engine; "" where its library is here."""
    main = engine.distributions[0] if engine.distributions else None
    return "" if main is None or provenance.versions([main])[main] is not None else remedy(engine)


def _model(model: ModelSpec, catalog: Catalog, store: Store, environments: Environments) -> Check:
    size, weights = state(model, catalog, store)
    room = environments.state(model)
    here = not weights.endswith("absent")
    built = not room.endswith(NOT_THERE)
    hindered = hindrances(model, catalog, store)
    what = f"weights: {weights}" + (f", but {' and '.join(reason for reason, _ in hindered)}" if hindered else "")
    what += f", environment: {room}" if model.environment is not None else ""
    what += f", {size}" if size != "-" else ""
    needing = [model, *(catalog.models[name] for name in model.parts.values())]
    lacking = [_lacking(_class(each)) for each in needing if each.environment is None]
    spec = model.environment
    given = spec is not None and spec.interpreter is not None
    make = (
        f"make it (`python -m venv`) or correct `interpreter` ({catalog.shown(spec.origin)})" if spec and given else ""
    )
    pull = "" if here and (built or given) else f"modellab pull {model.id}"
    fixes = dict.fromkeys(filter(None, [*lacking, *(fix for _, fix in hindered), "" if built else make, pull]))
    return Check("models", model.id, not fixes, what, "; ".join(fixes))


def _class(model: ModelSpec) -> type[Engine]:
    assert model.engine_target is not None  # the catalog was checked
    return engine_class(model.engine_target)


def _dataset(spec: DatasetSpec, catalog: Catalog, store: Store) -> Check:
    try:
        dataset = prepare(spec, catalog, store, asked=True)
    except Unavailable:
        return Check("data sets", spec.id, False, "absent", f"modellab data prepare {spec.id}")
    except (StoreError, DatasetError) as error:
        # Where it says that a set can't be used, the first reason stands below.
        what = " ".join(str(error).splitlines()[:2])
        return Check("data sets", spec.id, False, what, f"modellab data check {spec.id}")
    return Check("data sets", spec.id, True, counted(len(dataset.utterances), "utterance"))


def _tools() -> Iterator[Check]:
    decoder = ffmpeg.absent()
    yield Check("tools", "PyAV", decoder is None, "G.722, m4a, AAC, WebM", decoder or "")
    for name, use, fix in (
        ("git", "the commit in each record; the pre-push hook", "install git"),
        ("apt-get", "data sets out of Debian packages", "a Debian or Ubuntu system has it"),
        ("uv", "quicker environments; without it venv and pip make them", "optional: pip install uv"),
    ):
        found = shutil.which(name) is not None
        yield Check("tools", name, found, use, "" if found else fix)
