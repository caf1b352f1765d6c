"""The settings of a release, the cases that it requires, and the command lines of its two sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from pytest_modellab.catalog import Catalog, CatalogError
from pytest_modellab.catalog.cases import Case
from pytest_modellab.catalog.errors import Problem, suggest
from pytest_modellab.catalog.release_spec import ReleaseFile

from .requirements import TIER, tier_of


@dataclass(frozen=True)
class Plan:
    """The settings of a release."""

    catalog: Catalog
    spec: ReleaseFile
    reports: Path
    version: str
    workers: int
    """How many processes run cases at once while accuracy is measured; times are always measured alone."""
    required_only: bool
    """Whether only the required cases are run, and what shares their models, devices and data sets."""
    output: Path
    """The folder of the bundle."""
    key: Path | None = None
    """The SSH key that signs it; None leaves it unsigned."""


def required(catalog: Catalog, spec: ReleaseFile) -> list[Case]:
    """The cases that release.yaml names. Raises CatalogError for a glob that no case of the tier matches."""
    cases = tier_of(catalog)
    ids = [case.id for case in cases]
    path, _, line = spec.origin.rpartition(":")
    problems = [
        Problem(Path(path), int(line), f"`required`: no case of the tier {TIER} matches `{glob}`; {suggest(glob, ids)}")
        for glob in spec.required
        if not any(fnmatchcase(id, glob) for id in ids)
    ]
    if problems:
        raise CatalogError(problems, catalog.base)
    return [case for case in cases if any(fnmatchcase(case.id, glob) for glob in spec.required)]


def session_command(todo: Plan, cases: Sequence[Case]) -> list[str]:
    """What follows `pytest` for the session."""
    strictness = ["--lab-fresh", "--lab-strict", f"--lab-baselines={todo.spec.baselines}"]
    parts = ["-m", TIER, *strictness, *_places(todo), *_workers(todo)]
    if todo.required_only:
        parts += _selection(cases)
    return parts + [part for case in cases for part in ("--lab-require", case.id)]


def control_command(todo: Plan, cases: Sequence[Case]) -> list[str]:
    """What follows `pytest` for the session in which every model is replaced by one that is wrong on purpose."""
    selected = [*_places(todo), *_selection(cases), *_workers(todo)]
    return ["-m", TIER, "--lab-control", *selected, "-q", "--tb=no"]


def _places(todo: Plan) -> list[str]:
    return ["-o", f"modellab_catalog={todo.catalog.folder}", f"--lab-report={todo.reports}"]


def _workers(todo: Plan) -> list[str]:
    return ["-n", str(todo.workers)] if todo.workers > 1 else []


def _selection(cases: Sequence[Case]) -> list[str]:
    parts: list[str] = []
    for flag, names in (
        ("--lab-model", [case.model.id for case in cases]),
        ("--lab-device", [case.device.id for case in cases]),
        ("--lab-dataset", [case.dataset.id for case in cases]),
    ):
        parts += [part for name in dict.fromkeys(names) for part in (flag, name)]
    return parts
