"""Environments of models, built of wheels that are made for them: a plugin of the tests that use them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from wheels import repack, write_wheel

from pytest_modellab.catalog.specs import ModelSpec

ENGINE = Path(__file__).parent / "fake_engine" / "modellab_room_engine.py"
ROOM = ["modellab-room-engine", "lab-tiny==1.0"]
"""Requirements of a model of the engine for tests."""


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of wheels: the engine for tests, two versions of a small package, and this session's numpy."""
    folder = tmp_path_factory.mktemp("wheels")
    write_wheel(folder, "modellab-room-engine", "1.0", {ENGINE.name: ENGINE.read_text()})
    for version in ("1.0", "2.0"):
        write_wheel(folder, "lab-tiny", version, {"lab_tiny.py": f"VERSION = {version!r}\n"})
    repack(folder, "numpy")
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that the tests of this file share, so that each environment is built once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def offline(shelf: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Packages come from the shelf alone, whichever tool fetches them, and environments go to the shared cache."""
    monkeypatch.setenv("MODELLAB_CACHE", str(cache))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for tool in ("PIP", "UV"):
        monkeypatch.setenv(f"{tool}_FIND_LINKS", str(shelf))
        monkeypatch.setenv(f"{tool}_NO_INDEX", "1")
    return cache


def spec(**environment: Any) -> ModelSpec:
    """A model with this environment, as read from a catalog."""
    return ModelSpec.model_validate(
        {
            "schema": "modellab.model/1",
            "id": "tiny",
            "engine": "room-for-tests",
            "tasks": ["asr"],
            "tiers": [],
            "devices": {"cpu": {}},
            "environment": environment,
        }
    )


def said(_: str) -> None: ...
