"""A value for every field of a model, made of nothing but its types: what a test does to each it does to all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, StringConstraints, ValidationError

from pytest_modellab.core.identifiers import IDENTIFIER, SHA256
from pytest_modellab.core.schema_base import RecordId, Time


def _pattern(kind: Any) -> str:
    return str(get_args(kind)[1].pattern)


OF_PATTERN = {
    IDENTIFIER: "tiny",
    SHA256: "ab" * 32,
    _pattern(RecordId): "0123abcd",
    _pattern(Time): "2026-01-02T03:04:05.678+00:00",
}
"""A text for each pattern that a text must have."""


def filled(kind: type[BaseModel], text: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """JSON of `kind` with every optional field there; `given` are values by the field's name, wherever it is."""
    found = {}
    for name, field in kind.model_fields.items():
        annotation = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        found[field.alias or name] = given[name] if name in given else _value(annotation, text, given)
    return found


def _value(kind: Any, text: str, given: Mapping[str, Any]) -> Any:
    origin = get_origin(kind)
    if origin is Annotated:
        inner, *metadata = get_args(kind)
        for each in metadata:
            pattern = each.pattern if isinstance(each, StringConstraints) else None
            if pattern is not None:
                return OF_PATTERN[str(pattern)]
        return _value(inner, text, given)
    if origin in (Union, UnionType):
        return _value(next(each for each in get_args(kind) if each is not NoneType), text, given)
    if origin is Literal:
        return get_args(kind)[0]
    if origin is tuple:
        return [_value(each, text, given) for each in get_args(kind) if each is not ...]
    if origin is dict:
        return {"key": _value(get_args(kind)[1], text, given)}
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return filled(kind, text, given)
    return {str: text, int: 1, float: 0.5, bool: False, Any: {"cpu": text}}[kind]


def texts(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of every text in a value of JSON."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from texts(each, (*path, key))
    elif isinstance(value, list):
        for i, each in enumerate(value):
            yield from texts(each, (*path, i))


def spoiled(data: dict[str, Any], text: str, taken: Callable[[dict[str, Any]], object]) -> list[str]:
    """Put `text` into every place of a text in `data` where `taken` does not refuse it; the places where it does."""
    refused = []
    for path in list(texts(data)):
        place: Any = data
        for key in path[:-1]:
            place = place[key]
        before, place[path[-1]] = place[path[-1]], text
        try:
            taken(data)
        except ValidationError:
            place[path[-1]] = before
            refused.append(".".join(str(each) for each in path if not isinstance(each, int)))
    return refused
