"""The metadata of a release, `release.json` in its bundle, and the paths of the bundle's files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from pytest_modellab.core.schema_base import Stored

SCHEMA: Literal["modellab.release-bundle/2"] = "modellab.release-bundle/2"

NOTE = "release.json"
CHECKSUMS = "checksums.sha256"
SIGNATURE = "checksums.sha256.sig"
SCORECARD = "scorecard.json"
CONTROL = "control-scorecard.json"
ENVIRONMENT = "environment.json"
RECORDS = "records"
CONTROL_RECORDS = "control-records"
BASELINES = "baselines"
CATALOG = "catalog"


class ReleaseError(Exception):
    """A release that can't be made, or a bundle that can't be read; the message says why and what to do."""


class NotRun(Stored):
    """A case of the release's tier without a record."""

    case: str
    why: str


class Note(Stored):
    """The metadata of a release. Checks use it only where nothing else in the bundle has the information.

    A bundle of version 1 has neither its catalog nor the records of its control.
    """

    schema_: Literal["modellab.release-bundle/2", "modellab.release-bundle/1"] = Field(alias="schema", default=SCHEMA)
    version: str
    commit: str
    created: str = Field(description="UTC, ISO 8601")
    session: str
    lab: str = Field(description="version of pytest-modellab")
    command: tuple[str, ...] = Field(description="the session's, after `pytest`")
    required: tuple[str, ...] = Field(description="cases, task/model:device:dataset")
    max_age_days: float = Field(gt=0, le=36500, allow_inf_nan=False)
    baselines: Literal["required", "optional"]
    not_run: tuple[NotRun, ...]
    found: tuple[str, ...] = Field(
        description="problems when it was made that the bundle itself does not show; empty if none"
    )
    undecided: tuple[str, ...] = Field(
        default=(), description="required cases whose comparison with the baseline is inconclusive, and why"
    )
    catalog: str = Field(default="", description="the catalog's folder, as the scorecard names it; the bundle holds it")
    code: str = Field(default="", description="SHA-256 of the code that judged: only the same gives the same intervals")

    @property
    def whole(self) -> bool:
        """Whether the bundle contains its catalog and the records of its control."""
        return self.schema_ == SCHEMA


@dataclass(frozen=True)
class Check:
    """One check, and the problems that it found."""

    name: str
    problems: tuple[str, ...]
    note: str = ""
    """What else to say of it."""

    @property
    def ok(self) -> bool:
        return not self.problems


def read(folder: Path) -> Note:
    """The note of an unpacked bundle. Raises ReleaseError."""
    path = folder / NOTE
    try:
        return Note.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ReleaseError(f"{NOTE}: can't be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = "".join(f"{part}: " for part in first["loc"])
        raise ReleaseError(f"{NOTE}: not a {SCHEMA}: {place}{first['msg']}") from error
