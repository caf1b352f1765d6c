"""A catalog for one command: models named on its command line, and data that no file describes."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pytest_modellab.catalog import Catalog, known
from pytest_modellab.catalog.errors import suggest
from pytest_modellab.catalog.variant_spec import JOIN

from ..exits import UsageError

_NAMED = re.compile(r"(?P<name>[^\[\]]+)(\[(?P<options>[^\[\]]*)\])?")


@dataclass(frozen=True)
class Named:
    """A model as a command line names it: `faster-whisper-base`, `faster-whisper-base[beam_size=1]`."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def variant(self) -> str:
        """The name of the variant that has the options; "" without any."""
        plain = "-".join(f"{name}-{value}" for name, value in self.options.items())
        return re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-")

    @property
    def id(self) -> str:
        """The id of the model in the catalog of the command."""
        return f"{self.name}{JOIN}{self.variant}" if self.options else self.name


def named(text: str) -> Named:
    """A model of the command line. Raises UsageError."""
    found = _NAMED.fullmatch(text)
    if found is None:
        raise UsageError(f"`{text}`: a model is named ID, or ID[OPTION=VALUE,OPTION=VALUE]")
    options = {}
    for pair in filter(None, (each.strip() for each in (found["options"] or "").split(","))):
        name, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"`{text}`: an option is OPTION=VALUE, found `{pair}`")
        if name.strip() in options:
            raise UsageError(f"`{text}`: `{name.strip()}` is given twice")
        options[name.strip()] = yaml.safe_load(value)
    return Named(found["name"].strip().removeprefix(known.PREFIX), options)


@contextmanager
def scratch(own: Catalog | None, models: Sequence[Named]) -> Iterator[Path]:
    """A folder with the catalog `lab` in it, which has `models` and goes afterwards.

    A model is one of the own catalog, or else a known one. Raises UsageError.
    """
    with tempfile.TemporaryDirectory(prefix="modellab-") as place:
        folder = Path(place)
        files = _files(own)
        for model in models:
            if model.name not in files:
                files[model.name] = _known(model.name, own)
            if model.options:
                files[model.name].setdefault("variants", {})[model.variant] = {"options": model.options}
        (folder / "lab/models").mkdir(parents=True)
        (folder / "lab/datasets").mkdir()
        for name, content in files.items():
            text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
            (folder / "lab/models" / f"{name}.yaml").write_text(text, encoding="utf-8")
        for name in ("devices.yaml", "mirrors.yaml", "grades.yaml"):
            if own is not None and (own.folder / name).is_file():
                (folder / "lab" / name).write_bytes((own.folder / name).read_bytes())
        yield folder


def _known(name: str, own: Catalog | None) -> dict[str, Any]:
    if name not in known.names():
        here = [] if own is None else own.models
        raise UsageError(
            f"no model `{name}` in the catalog or among the known ones; {suggest(name, [*here, *known.names()])}"
        )
    return {"schema": "modellab.model/1", "model": f"{known.PREFIX}{name}", "tiers": []}


def _files(own: Catalog | None) -> dict[str, dict[str, Any]]:
    """The models' files of a catalog by id, in no tier, their paths as they count everywhere."""
    found: dict[str, dict[str, Any]] = {}
    for model in own.models.values() if own else ():
        path = Path(model.origin.rpartition(":")[0])
        if JOIN in model.id or own is None or path.parent != own.folder / "models":
            continue
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        content["tiers"] = []
        weights = content.get("weights") or {}
        for each in (weights, weights.get("convert") or {}):
            if "path" in each:
                each["path"] = os.fspath((path.parent / each["path"]).resolve())
        if ".py:" in str(content.get("engine")):
            content["engine"] = os.fspath((path.parent / content["engine"]).resolve())
        found[model.id] = content
    return found
