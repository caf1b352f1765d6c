"""JSON Schemas of the catalog's files: this repository's files hold to them, and wrong ones don't."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from pytest_modellab.catalog import known
from pytest_modellab.catalog.json_schemas import KINDS, json_schema

FIXTURES = Path(__file__).parents[2] / "fixtures"


def files(kind: str) -> list[Path]:
    return [path for path in sorted(FIXTURES.rglob("*.yaml")) if path.read_text().find(f"modellab.{kind}/") >= 0]


def errors(kind: str, data: Any) -> list[str]:
    schema = json.loads(json_schema(kind))
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(data)]


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_schema(kind: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(json_schema(kind)))


@pytest.mark.parametrize("kind", KINDS)
def test_this_repositorys_files_hold_to_it(kind: str) -> None:
    for path in files(kind):
        assert errors(kind, yaml.safe_load(path.read_text())) == [], path


def test_there_are_files_of_most_kinds() -> None:
    assert {kind for kind in KINDS if not files(kind)} <= {"mirrors"}


@pytest.mark.parametrize("name", known.names())
def test_known_models_hold_to_it_with_tiers(name: str) -> None:
    assert errors("model", known.content(name) | {"tiers": []}) == []


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("model", {"schema": "modellab.model/1", "id": "x", "tiers": []}),
        ("model", {"schema": "modellab.model/1", "model": "known/none", "tiers": []}),
        ("model", {"schema": "modellab.model/1", "model": "known/faster-whisper-base", "tiers": [], "typo": 1}),
        ("dataset", {"schema": "modellab.dataset/1", "id": "x", "tasks": ["asr"], "tier": []}),
        ("limits", {"schema": "modellab.limits/2", "limits": []}),
    ],
)
def test_wrong_files_do_not(kind: str, data: Any) -> None:
    assert errors(kind, data)
