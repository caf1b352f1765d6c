"""The draft of a model's spec: every option of its engine, with default, allowed values and meaning."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from itertools import pairwise
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import yaml

from pytest_modellab.engines.base import Engine

from .specs import DeviceSpec, Tier

_WIDTH = 110


@dataclass(frozen=True)
class Draft:
    """The answers about the model so far."""

    id: str
    engine: str
    languages: tuple[str, ...] = ()
    tiers: tuple[Tier, ...] = ()
    path: str | None = None
    """Folder of weights, relative to the file that is written."""
    repo: str | None = None
    revision: str | None = None


def spec_text(draft: Draft, engine: type[Engine], devices: Mapping[str, DeviceSpec]) -> str:
    """The YAML of a model's spec, commented."""
    usable = [device.id for device in devices.values() if device.kind in engine.devices]
    lines = [
        "schema: modellab.model/1",
        f"id: {draft.id}",
        f"title: {draft.id}",
        f"engine: {draft.engine}",
        f"tasks: [{', '.join(sorted(engine.tasks))}]",
        "# Which runs it is in: smoke (a plain `pytest`), smoke_all (`pytest -m smoke_all`), real_e2e (-m real_e2e);",
        f"# [] for none: then it runs only where it is named, `pytest --lab-model {draft.id}`.",
        f"tiers: [{', '.join(draft.tiers)}]",
        f"languages: [{', '.join(draft.languages)}]  # [] for any",
        "licence: ''                # of the weights",
        *_weights(draft),
        *_options(engine),
        "# variants:                # the same with other options, as models of the ids ID+NAME; see `modellab sweep`",
        "#   other: {options: {}}",
        "devices:                   # options that differ on a device go into its braces",
        *(f"  {device}: {{}}" for device in usable),
        "# timeouts: {load_s: 600, utterance_s: 60, per_audio_second: 20}",
    ]
    return "\n".join(lines) + "\n"


def _weights(draft: Draft) -> Iterator[str]:
    if draft.path is not None:
        yield "weights:"
        yield f"  path: {_scalar(draft.path)}  # or repo, revision and files: `modellab digest FOLDER` pins them"
    elif draft.repo is not None:
        yield "weights:"
        yield f"  repo: {draft.repo}"
        yield f"  revision: {_scalar(draft.revision)}"  # of digits alone it would be a number
    else:
        yield "# weights:                 # unless the engine brings its own, one of"
        yield "#   path: ../../folder      # a folder, relative to this file"
        yield "#   repo: owner/name        # or the hub, at a commit; add files: to pin each by sha256"
        yield "#   revision: ''            # 40 hexadecimal digits"


def _options(engine: type[Engine]) -> Iterator[str]:
    """A line for each option: those with a default commented out, those without to be filled in."""
    hints, told = get_type_hints(engine.Options), _docstrings(engine.Options)
    own = fields(engine.Options)
    if not own:
        return
    required = [field for field in own if _default(field) is MISSING]
    yield f"{'' if required else '# '}options:{'' if required else '                 # every one, at its default'}"
    for field in own:
        default = _default(field)
        mark, value = ("", "") if default is MISSING else ("# ", _scalar(default))
        line = f"{mark}  {field.name}: {value}".rstrip()
        if default is MISSING:
            line += "  # required"
        note = ". ".join(filter(None, [_allowed(hints[field.name]), told.get(field.name, "")]))
        if note and len(line) + len(note) + 4 <= _WIDTH:
            yield f"{line}{'  # ' if '  # ' not in line else ', '}{note}"
        else:
            yield from (f"#   {part}" for part in textwrap.wrap(note, _WIDTH - 4))
            yield line


def _default(field: Field[Any]) -> Any:
    if field.default is not MISSING:
        return field.default
    return MISSING if field.default_factory is MISSING else field.default_factory()


def _scalar(value: Any) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, width=1000)
    return text.removesuffix("\n").removesuffix("\n...").strip()


def _allowed(hint: Any) -> str:
    """A type in words: its values for a Literal, else what YAML calls it."""
    origin = get_origin(hint)
    if origin is Literal:
        return ", ".join(map(str, get_args(hint)))
    if origin in {Union, UnionType}:
        return " or ".join(filter(None, (_allowed(each) for each in get_args(hint))))
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "text", NoneType: "null"}
    return words.get(hint, "")


def _docstrings(options: type[Any]) -> dict[str, str]:
    """The string under each field of a dataclass, its lines joined; nothing where the source can't be had."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(options)))
    except (OSError, TypeError, SyntaxError):
        return {}
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    found = {}
    for statement, following in pairwise(body):
        if (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
            and isinstance(following.value.value, str)
        ):
            found[statement.target.id] = " ".join(following.value.value.split()).rstrip(".")
    return found
