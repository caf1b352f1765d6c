"""Weights in a model's file: one form, whole."""

from __future__ import annotations

from typing import Any

import pytest
from catalogs import COMMIT, SHA
from pydantic import ValidationError

from pytest_modellab.catalog.weight_spec import Weights

FILES = {"model.bin": {"sha256": SHA, "size": 3}}
HUB = {"repo": "org/x", "revision": COMMIT}


@pytest.mark.parametrize(
    ("given", "snapshot"),
    [
        (HUB, ("org/x", COMMIT)),
        ({**HUB, "include": ["*.json"]}, ("org/x", COMMIT)),
        ({**HUB, "files": FILES}, None),
        ({"files": FILES}, None),
        ({"path": "../x"}, None),
        ({"convert": {"from": "base", "to": "whisper-cpp"}}, None),
        ({"convert": {"path": "../x", "to": "ctranslate2"}}, None),
    ],
)
def test_forms(given: dict[str, Any], snapshot: tuple[str, str] | None) -> None:
    assert Weights.model_validate(given).snapshot == snapshot


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "give exactly one of `files`, `path`, `convert`"),
        ({"path": "x", "files": FILES}, "give exactly one of"),
        ({"path": "x", **HUB}, "`repo` and `revision` go with `files` or alone, not with `path`"),
        ({"files": {}}, "`files` is empty: name at least one file"),
        ({"repo": "org/x"}, "`repo` and `revision` go together"),
        ({"files": FILES, "include": ["*.json"]}, "`include` goes with `repo` and `revision` alone, not with `files`"),
        ({"convert": {"to": "whisper-cpp"}}, "give `from`, a model of this catalog, or `path`, a folder"),
        ({"convert": {"path": "x", "to": "whisper-cpp"}}, "`path` goes with `to: ctranslate2`"),
    ],
)
def test_what_is_none(given: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Weights.model_validate(given)


@pytest.mark.parametrize(
    ("given", "shown"),
    [({"from": "base", "to": "whisper-cpp"}, "base"), ({"path": "../x", "to": "ctranslate2"}, "../x")],
)
def test_what_it_is_made_from(given: dict[str, Any], shown: str) -> None:
    convert = Weights.model_validate({"convert": given}).convert
    assert convert is not None
    assert convert.origin_shown == shown
