"""Loads a folder of YAML files into a `Catalog`, or raises one error that lists all problems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from .base import TASKS
from .catalog import Catalog
from .errors import CatalogError, Problem
from .levels import with_levels
from .profile_spec import ProfilesFile
from .release_spec import ReleaseFile
from .specs import (
    LETTERS,
    DatasetSpec,
    DeviceKind,
    DevicesFile,
    DeviceSpec,
    GradesFile,
    LimitsFile,
    ModelSpec,
    Task,
    TaskGrades,
)

if TYPE_CHECKING:
    from .reader import Reader

DEFAULT_DEVICES = tuple(DeviceSpec(id=kind, kind=kind) for kind in get_args(DeviceKind))
DEFAULT_PROFILES = Path(__file__).with_name("default_profiles.yaml")


def default_grades() -> Mapping[Task, TaskGrades]:
    """The bands that count where there is no grades.yaml, or no catalog."""
    return {name: TaskGrades.model_validate(grades) for name, grades in _default_bands().items()}


def default_grades_file() -> str:
    """The same, as a grades.yaml."""
    import yaml

    return yaml.safe_dump({"schema": "modellab.grades/1", "tasks": _default_bands()}, sort_keys=False)


def _default_bands() -> dict[str, dict[str, Any]]:
    """What each task says of its grades, as a grades.yaml has it."""
    return {
        name: {
            **task.grades,
            "criteria": {
                metric: dict(zip(LETTERS, bands, strict=True)) for metric, bands in task.grades["criteria"].items()
            },
        }
        for name, task in TASKS.items()
        if task.grades
    }


def default_profiles() -> ProfilesFile:
    """The roles that count where there is no profiles.yaml, or no catalog."""
    file = _reader().one(ProfilesFile, DEFAULT_PROFILES)
    assert file is not None  # it is part of this package
    return file


def release_file(path: Path) -> ReleaseFile:
    """A release.yaml by itself. Raises CatalogError."""
    reader = _reader(engines=False)
    found = reader.one(ReleaseFile, path)
    problems = reader.documents[path].problems if path in reader.documents else [Problem(path, 1, "no such file")]
    if found is None or problems:
        raise CatalogError(problems, path.parent)
    return found


def load(folder: Path, base: Path | None = None, *, engines: bool = True) -> Catalog:
    """Read the catalog in `folder`.

    Without `engines` no engine is imported: whoever looks at somebody else's catalog runs none of its code. Models are
    then not compared with what their engines declare.

    Raises CatalogError with every problem of every file.
    """
    reader = _reader(engines=engines)
    base = base or folder.parent
    if not folder.is_dir():
        advice = "`modellab init FOLDER` makes it, of recordings; or set the ini option `modellab_catalog`"
        raise CatalogError([Problem(folder, 1, f"no such folder: {advice}")], base)
    datasets = reader.many(DatasetSpec, folder / "datasets")
    devices_file = reader.one(DevicesFile, folder / "devices.yaml")
    limits_file = reader.one(LimitsFile, folder / "limits.yaml")
    grades_file = reader.one(GradesFile, folder / "grades.yaml")
    profiles = reader.one(ProfilesFile, folder / "profiles.yaml") or default_profiles()
    release = reader.one(ReleaseFile, folder / "release.yaml")
    devices: dict[str, DeviceSpec] = {}
    for i, device in enumerate(devices_file.devices if devices_file else DEFAULT_DEVICES):
        if device.id in devices:
            reader.complain_of_duplicate(folder / "devices.yaml", "device", ("devices", i), devices[device.id])
            continue
        devices[device.id] = device
    models = reader.with_sources(reader.many(ModelSpec, folder / "models"))
    models = reader.with_variants(reader.with_known_devices(models, devices))
    catalog = Catalog(
        folder=folder,
        base=base,
        models=models,
        devices=devices,
        datasets=datasets,
        limits=limits_file.limits if limits_file else (),
        baseline_limits=limits_file.baselines if limits_file else (),
        grades=default_grades() if grades_file is None else grades_file.tasks,
        profiles=profiles,
        mirrors=reader.mirrors(folder / "mirrors.yaml"),
        release=release,
        metrics=reader.metrics,
        engines=engines,
    )
    reader.cross_check(catalog)
    reader.check_names(folder)
    catalog = replace(catalog, datasets=with_levels(catalog.datasets))
    problems = [problem for document in reader.documents.values() for problem in document.problems]
    if problems:
        raise CatalogError(sorted(problems, key=lambda p: (str(p.file), p.line, p.message)), base)
    return catalog


def _reader(*, engines: bool = True) -> Reader:
    # With PyYAML and all that validates, which a catalog that comes from the cache does without.
    from .reader import Reader

    return Reader(engines)
