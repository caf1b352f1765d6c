"""The generated part of docs/yaml.md: every key of the catalog's files, from their JSON Schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_modellab.catalog.json_schemas import KINDS, json_schema

Schema = Mapping[str, Any]

_PLURAL = {"model": "models", "dataset": "datasets"}
"""Kinds of which a catalog has a folder."""
_SHOWN = 8
"""Values of a key that are shown; of more, `modellab schema` has all."""
_WORDS = {"string": "text", "number": "number", "integer": "whole number", "boolean": "true or false", "null": "null"}


def yaml_keys() -> str:
    """A section for each kind of file: a table of its keys, and one for each part that has keys of its own."""
    shown: set[str] = set()
    return "".join(f"{line}\n" for kind in KINDS for line in _file(kind, shown)).lstrip("\n")


def _file(kind: str, shown: set[str]) -> Iterator[str]:
    schema = json.loads(json_schema(kind))
    place = f"{_PLURAL[kind]}/*.yaml" if kind in _PLURAL else f"{kind}.yaml"
    yield from ("", f"## {place}", "")
    yield from _keys(schema)
    for name, part in _parts(schema, schema.get("$defs", {}), shown):
        yield from ("", f"### {_title(name)}", "")
        yield from _keys(part)


def _parts(schema: Schema, known: Mapping[str, Schema], shown: set[str]) -> Iterator[tuple[str, Schema]]:
    """The parts that a schema refers to and that weren't shown yet, in the order in which a reader meets them."""
    for name in re.findall(r'"#/\$defs/(\w+)"', json.dumps(schema.get("properties", {}))):
        if name not in shown and "properties" in known[name]:
            shown.add(name)
            yield name, known[name]
            yield from _parts(known[name], known, shown)


def _keys(schema: Schema) -> Iterator[str]:
    if "description" in schema:
        yield from (" ".join(schema["description"].split()), "")
    # A model's file has what is needed in one of two ways, of which the longer one stands by itself.
    needed = {*schema.get("required", ())} or {*schema.get("anyOf", [{}])[-1].get("required", ())}
    yield from ("| key | value | default | meaning |", "|---|---|---|---|")
    for key, each in schema["properties"].items():
        cells = (f"`{key}`", _value(each), "needed" if key in needed else _default(each), each.get("description", ""))
        yield f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in cells)} |"


def _value(schema: Schema) -> str:
    """What may stand there, in words."""
    match schema:
        case {"$ref": str(where)}:
            name = _title(where.rpartition("/")[2])
            return f"[{name.lower()}](#{name.lower().replace(' ', '-')})"
        case {"enum": list(values)}:
            told = ", ".join(f"`{value}`" for value in values[:_SHOWN])
            return told if len(values) <= _SHOWN else f"{told} and {len(values) - _SHOWN} more"
        case {"const": value}:
            return f"`{value}`"
        case {"anyOf": list(ways)}:
            return " or ".join(dict.fromkeys(_value(each) for each in ways if each != {"type": "null"}))
        case {"type": "array"}:
            return f"list of {_value(schema.get('items', {}))}"
        case {"type": "object"}:
            within = next(iter(schema.get("patternProperties", {}).values()), schema.get("additionalProperties"))
            return f"names, each with {_value(within)}" if isinstance(within, dict) and within else "keys and values"
        case {"type": str(kind)}:
            return _WORDS[kind]
        case _:
            return "anything"


def _default(schema: Schema) -> str:
    value = schema.get("default")
    if value in (None, "", [], {}) or isinstance(value, dict):
        return ""
    return f"`{json.dumps(value)}`" if not isinstance(value, str) else f"`{value}`"


def _title(name: str) -> str:
    """`AudioPriceSpec` -> `Audio price`."""
    words = re.findall(r"[A-Z][a-z0-9]*", name.removesuffix("Spec"))
    return " ".join([words[0], *(word.lower() for word in words[1:])])
