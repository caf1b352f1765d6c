"""YAML in the documents, as the reader of the catalog and other programs see it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema import Draft7Validator

from pytest_modellab.catalog.profile_spec import ProfilesFile
from pytest_modellab.catalog.reader import Reader
from pytest_modellab.catalog.release_spec import ReleaseFile
from pytest_modellab.catalog.specs import (
    DatasetSpec,
    DevicesFile,
    GradesFile,
    LimitsFile,
    MirrorsFile,
    ModelSpec,
    Spec,
)
from pytest_modellab.catalog.validate import keys_of
from pytest_modellab.engines.registry import available

KINDS: dict[str, type[Spec]] = {
    "model": ModelSpec,
    "dataset": DatasetSpec,
    "limits": LimitsFile,
    "devices": DevicesFile,
    "grades": GradesFile,
    "profiles": ProfilesFile,
    "mirrors": MirrorsFile,
    "release": ReleaseFile,
}
HEADS: dict[str, dict[str, Any]] = {
    "dataset": {"id": "example", "tasks": ["asr"], "tiers": [], "language": "en"},
    "model": {"id": "example", "engine": "faster-whisper", "tasks": ["asr"], "tiers": []},
    "limits": {},
}
"""What stands before a part of a file, of the kinds that pages show parts of."""
REST: dict[str, dict[str, Any]] = {
    "dataset": {"manifest": "example.jsonl"},
    "model": {"weights": {"path": "weights"}, "devices": {"cpu": {}}},
    "limits": {"limits": []},
}
"""What a part leaves out and a file must have."""
FORMS = frozenset(
    ("manifest", "folder", "table", "kaldi", "lhotse", "hub", "clips", "recipe", "derive", "made", "prompts")
) | {"dialogues", "cuts", "scenarios", "form"}
TASKS = {
    "dialogues": "chat",
    "cuts": "turn",
    "scenarios": "barge_in",
    "prompts": "tts",
    "load": "load",
    "stream": "streaming",
}
"""The task that a part of a data set is of, where it is not recognition."""
OUTSIDE = frozenset({"my-engine", "csv"})
"""Engines and forms of packages that pages imagine."""


def problems(text: str, folder: Path) -> Iterator[str]:
    """What is wrong with a block of YAML. `folder`: an empty one to write into."""
    try:
        data = yaml.safe_load(_filled(text))
    except yaml.YAMLError as error:
        yield str(error)
        return
    if not isinstance(data, dict):
        yield "neither a file nor a part of one"
    elif "schema" in data:
        kind = str(data["schema"]).partition(".")[2].partition("/")[0]
        # What all data sets begin with is shown without a form.
        bare = kind == "dataset" and not FORMS & data.keys()
        yield from _of_catalog(kind, {**REST[kind], **data} if bare else data, folder)
    elif "jobs" in data or "steps" in data:
        yield from _of_workflow(data)
    elif "repos" in data or data.get("apiVersion") == "batch/v1" or _is_gitlab(data):
        return  # of pre-commit; and those that tests/cli/test_shard_recipes.py runs
    else:
        found = [kind for kind in HEADS if data.keys() <= set(keys_of(KINDS[kind]))]
        if not found:
            yield f"keys of no file: {', '.join(data)}"
        else:
            yield from _of_catalog(found[0], _whole(found[0], data), folder)


def _filled(text: str) -> str:
    """With something in place of what a reader is to fill in."""
    text = re.sub(r"(revision: )\.\.\.", rf"\g<1>{'a' * 40}", text)
    text = re.sub(r"(sha256: )\.\.\.", rf"\g<1>{'a' * 64}", text)
    text = re.sub(r"(size: )\.\.\.", r"\g<1>1", text)
    return re.sub(r"(config: )\.\.\.", r"\g<1>default", text)


def _whole(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in REST[kind].items() if not (kind == "dataset" and FORMS & data.keys())}
    task = next((task for form, task in TASKS.items() if form in data), "asr")
    head = {**HEADS[kind], "tasks": [task]} if kind == "dataset" else HEADS[kind]
    if "dialogues" in data:
        rest["voice"] = "example"
    return {"schema": f"modellab.{kind}/1", **head, **rest, **data}


def _of_catalog(kind: str, data: dict[str, Any], folder: Path) -> Iterator[str]:
    if kind not in KINDS:
        yield f"no such schema: {data['schema']}"
        return
    engine = data.get("engine")
    if kind == "model" and engine in OUTSIDE:
        data = {**data, "engine": next(iter(available())), "options": {}}
    reader = Reader(engines=engine not in OUTSIDE)
    place = folder / kind
    place.mkdir()
    path = place / "example.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    if kind in {"model", "dataset"}:
        if OUTSIDE & {*(data.get("form") or ())}:
            return
        reader.many(KINDS[kind], place)  # type: ignore[type-var]  # of the two that it takes
    else:
        reader.one(KINDS[kind], path)
    yield from (problem.message for document in reader.documents.values() for problem in document.problems)


def _of_workflow(data: dict[Any, Any]) -> Iterator[str]:
    # YAML 1.1 takes the key `on` for a truth value.
    told = {("on" if key is True else key): value for key, value in data.items()}
    if "jobs" not in told:
        told = {"on": "push", "jobs": {"example": {"runs-on": "ubuntu-24.04", **told}}}
    schema: Any = get_builtin_schema("vendor.github-workflows")
    for error in Draft7Validator(schema).iter_errors(json.loads(json.dumps(told))):
        yield f"{error.json_path}: {error.message}"


def _is_gitlab(data: dict[str, Any]) -> bool:
    return all(isinstance(job, dict) and "script" in job for job in data.values())
