"""JSON Schemas of the catalog's files, for editors that check and complete YAML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from . import known
from .profile_spec import ProfilesFile
from .release_spec import ReleaseFile
from .specs import DatasetSpec, DevicesFile, GradesFile, LimitsFile, MirrorsFile, ModelSpec, Spec

KINDS: Mapping[str, type[Spec]] = {
    "model": ModelSpec,
    "dataset": DatasetSpec,
    "devices": DevicesFile,
    "limits": LimitsFile,
    "grades": GradesFile,
    "profiles": ProfilesFile,
    "mirrors": MirrorsFile,
    "release": ReleaseFile,
}
"""The kinds of files, as the second part of their `schema:` key names them (`modellab.model/1`)."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(kind: str) -> str:
    """The JSON Schema of a kind of file, as text."""
    found = KINDS[kind].model_json_schema(by_alias=True)
    if KINDS[kind] is ModelSpec:
        _with_known(found)
    return json.dumps({"$schema": _DIALECT, "title": f"modellab {kind}", **found}, indent=1) + "\n"


def _with_known(schema: dict[str, Any]) -> None:
    """Let `model: known/ID` stand for the keys that come with a known model."""
    names = [f"{known.PREFIX}{name}" for name in known.names()]
    schema["properties"][known.KEY] = {"enum": names, "description": "a model that comes with the package"}
    given = {key for key in schema["required"] if any(key in known.content(name) for name in known.names())}
    always = [key for key in schema["required"] if key not in given or key == "schema"]
    schema["anyOf"] = [{"required": [*always, known.KEY]}, {"required": schema.pop("required")}]
