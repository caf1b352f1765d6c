"""Requirements of a release: from the release.yaml in its bundle, and from the verifier's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from pytest_modellab.catalog import Catalog, load
from pytest_modellab.catalog.cases import Case, plan
from pytest_modellab.catalog.load import release_file
from pytest_modellab.catalog.release_spec import ReleaseFile

from .note import ReleaseError

TIER = "real_e2e"
RELEASE = "release.yaml"


@dataclass(frozen=True)
class Requirements:
    """The required cases, and the conditions of their measurement."""

    keys: tuple[str, ...]
    """task/model:device:dataset."""
    max_age_days: float
    baselines: Literal["required", "optional"]
    problems: tuple[str, ...] = ()
    """What is wrong with the requirements themselves."""


@dataclass(frozen=True)
class HeldRequirement:
    """The verifier's requirements: a release.yaml, and the catalog that it belongs to, if any."""

    spec: ReleaseFile
    catalog: Catalog | None
    whole: bool
    """Whether the rest of the catalog has to be the same, too."""
    baselines: Path | None = None
    """Where the baselines lie that the bundle's have to be; None where none are asked for."""


def tier_of(catalog: Catalog) -> list[Case]:
    """Every case of the release's tier."""
    return [case for case in plan(catalog) if TIER in case.tiers]


def held(path: Path) -> HeldRequirement:
    """What `path` asks for: a release.yaml, or the folder of a catalog. No engine is imported.

    Raises CatalogError, or ReleaseError where there is none.
    """
    file = path / RELEASE if path.is_dir() else path
    if not file.exists():
        raise ReleaseError(f"{file}: no such file; --require takes a release.yaml, or the folder of a catalog with one")
    folder = file.resolve().parent
    beside = (folder / "models").is_dir() and (folder / "datasets").is_dir()
    return HeldRequirement(release_file(file), load(folder, engines=False) if beside else None, path.is_dir())


def of_bundle(catalog: Catalog, noted: Sequence[str]) -> Requirements:
    """By the bundle's own release.yaml, expanded over its own catalog; `noted` are the cases that its note lists."""
    spec = catalog.release
    if spec is None:
        return Requirements((), 1.0, "required", ("the bundle has no release.yaml: nothing was required",))
    planned = [case.key for case in tier_of(catalog) if _matches(case.key, spec)]
    problems = [f"release.yaml: no case of the catalog matches `{glob}`" for glob in _idle(spec, planned)]
    keys = dict.fromkeys(planned)
    for key in noted:
        if key not in keys:
            # Of an engine that isn't imported, what it can do isn't known.
            keys[key] = None
            if not _matches(key, spec):
                problems.append(f"{key}: the note requires it, release.yaml doesn't")
    problems += [f"{key}: release.yaml requires it, the note doesn't list it" for key in planned if key not in noted]
    if not keys:
        problems.append("nothing was required")
    return Requirements(tuple(keys), spec.max_age_days, spec.baselines, tuple(problems))


def with_held(own: Requirements, asked: HeldRequirement, there: Sequence[str]) -> Requirements:
    """What the bundle requires, and what is asked for beside; `there` are the cases that it has records of."""
    known = [case.key for case in tier_of(asked.catalog)] if asked.catalog is not None else [*own.keys, *there]
    wanted = [key for key in dict.fromkeys(known) if _matches(key, asked.spec)]
    problems = [f"{asked.spec.origin}: `{glob}` matches nothing in the bundle" for glob in _idle(asked.spec, wanted)]
    return Requirements(
        keys=tuple(dict.fromkeys([*own.keys, *wanted])),
        max_age_days=min(own.max_age_days, asked.spec.max_age_days),
        baselines="required" if "required" in {own.baselines, asked.spec.baselines} else "optional",
        problems=(*own.problems, *problems),
    )


def other_rules(catalog: Catalog, asked: Catalog) -> Iterator[str]:
    """What of a bundle's catalog differs from the catalog that it is held to."""
    for field in fields(Catalog):
        ours, theirs = (_dumped(getattr(each, field.name)) for each in (asked, catalog))
        if field.name not in _OF_THE_PLACE and ours != theirs:
            yield f"{field.name}: not as in {asked.folder}"


_OF_THE_PLACE = {"folder", "base", "engines", "mirrors"}
"""Of a catalog: where it lies, and where bytes are to be had."""


def _dumped(value: Any) -> Any:
    """What YAML says, without the lines that it says it on."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {key: _dumped(each) for key, each in value.items()}
    return [_dumped(each) for each in value] if isinstance(value, tuple) else value


def _matches(key: str, spec: ReleaseFile) -> bool:
    return any(fnmatchcase(key.partition("/")[2], glob) for glob in spec.required)


def _idle(spec: ReleaseFile, keys: Sequence[str]) -> list[str]:
    ids = [key.partition("/")[2] for key in keys]
    return [glob for glob in spec.required if not any(fnmatchcase(id, glob) for id in ids)]
