"""Models that come with this package, pinned: what `model: known/ID` in a model's file stands for.

`models/` has a partial spec of each, without `tiers`, which say where a catalog runs it; `mirrors.yaml` says where else
the bytes of their files lie.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import suggest
from ..yamlfile import Document, read

KEY = "model"
PREFIX = "known/"
MIRRORS = Path(__file__).with_name("mirrors.yaml")
_MODELS = Path(__file__).with_name("models")


@cache
def names() -> tuple[str, ...]:
    """The ids of known models."""
    return tuple(sorted(path.name.removesuffix(".yaml") for path in _MODELS.glob("*.yaml")))


def path_of(name: str) -> Path:
    """The file of a known model."""
    return _MODELS / f"{name}.yaml"


def content(name: str) -> dict[str, Any]:
    """The partial spec of a known model, as its file has it."""
    found: dict[str, Any] = read(path_of(name)).data
    return found


def complete(document: Document) -> frozenset[str]:
    """Replace `model: known/ID` by the content of that model; the keys that came with it.

    A key of the file itself counts instead. Options are taken together, and so are those of a device that both have.
    Where the model isn't known that is the document's one problem.
    """
    own = document.data
    if not isinstance(own, dict) or KEY not in own:
        return frozenset()
    name = own[KEY]
    if not isinstance(name, str) or not name.startswith(PREFIX) or name.removeprefix(PREFIX) not in names():
        near = suggest(str(name), [f"{PREFIX}{each}" for each in names()])
        document.problems.append(document.problem((KEY,), f"no known model `{name}`; {near}"))
        document.data = None
        return frozenset()
    document.data = whole(own)
    inherited = frozenset(document.data.keys() - own.keys())
    for key in inherited:
        document.lines[(key,)] = document.line((KEY,))
    return inherited


def whole(own: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a model's file with that of the known model that it names, if it names one."""
    if KEY not in own:
        return dict(own)
    base = content(str(own[KEY]).removeprefix(PREFIX))
    found = {**base, **{key: value for key, value in own.items() if key != KEY}}
    if isinstance(own.get("options"), dict):
        found["options"] = {**base.get("options", {}), **own["options"]}
    if isinstance(own.get("devices"), dict):
        found["devices"] = {
            device: {**base["devices"].get(device, {}), **options} if isinstance(options, dict) else options
            for device, options in own["devices"].items()
        }
    return found
