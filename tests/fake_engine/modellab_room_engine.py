"""An engine for tests of environments: it answers every clip with what it sees of the Python it runs in."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, ClassVar

from pytest_modellab.engines.base import Clip, LoadRequest, Transcript

LOOKED_FOR = ("pytest", "pydantic", "pip", "modellab_fake_engine")
"""Of the session's: two that it needs, one that it builds with, one that it finds through PYTHONPATH."""


@dataclass(frozen=True)
class RoomOptions:
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}


class RoomEngine:
    tasks: ClassVar[frozenset[str]] = frozenset({"asr"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ("modellab-room-engine", "Lab_Tiny")
    extra: ClassVar[str] = ""
    Options: ClassVar[type[Any]] = RoomOptions

    def __init__(self, version: str) -> None:
        self._version = version

    @classmethod
    def load(cls, request: LoadRequest) -> RoomEngine:
        return cls(import_module("lab_tiny").VERSION)

    def transcribe(self, clip: Clip) -> Transcript:
        seen = [name for name in LOOKED_FOR if find_spec(name) is not None]
        return Transcript(f"tiny {self._version}, Python {platform.python_version()}, sees {seen}")

    def synchronize(self) -> None: ...

    def close(self) -> None: ...
