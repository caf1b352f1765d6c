"""The generated part of docs/api.md: every public Python name, with its documented members."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from enum import Enum
from functools import cached_property
from itertools import pairwise
from types import FunctionType
from typing import Any

import pytest_modellab

_WIDTH = 100
"""Characters of a call on one line."""
_LIST = re.compile(r"(Attributes|Args|Raises|Returns):$")
_ENTRY = re.compile(r"    (\w+(?:, \w+)*): (.*)")


def api() -> str:
    """A section for each public name: what it is, how it is made or called, its documented members."""
    names = [name for name in pytest_modellab.__all__ if not name.startswith("__")]
    lines = (line for name in names for line in _section(name, getattr(pytest_modellab, name)))
    return "".join(f"{line}\n" for line in lines).lstrip("\n")


def _section(name: str, found: Any) -> Iterator[str]:
    yield from ("", f"## {name}", "")
    if not isinstance(found, type | FunctionType):
        yield from (f"A `{type(found).__name__}`: {_paragraphs(_constant_doc(found))}",)
        return
    if called := _signature(name, found):
        yield from ("```text", called, "```", "")
    yield _paragraphs(_own_doc(found))
    members = [*_members(found)] if isinstance(found, type) else []
    if members:
        yield from ("", "| member | meaning |", "|---|---|")
        yield from (f"| `{_cell(member)}` | {_cell(meaning)} |" for member, meaning in members)


def _signature(name: str, found: Any) -> str:
    """How it is called, as its code says; nothing for what is subclassed, read from files or raised."""
    if isinstance(found, type) and (
        getattr(found, "_is_protocol", False) or issubclass(found, Exception | Enum) or hasattr(found, "model_fields")
    ):
        return ""
    signature = _plain(inspect.signature(found))
    given = [*_parameters(signature)]
    made = signature.return_annotation
    result = f" -> {made}" if isinstance(found, FunctionType) else ""
    shown = f"{name}({', '.join(given)}){result}"
    rows = "".join(f"    {each},\n" for each in given)
    return shown if len(shown) <= _WIDTH else f"{name}(\n{rows}){result}"


def _parameters(signature: inspect.Signature) -> Iterator[str]:
    """Each parameter as it is written, and the star before those that are given by name."""
    by_name = False
    for each in signature.parameters.values():
        if each.kind is inspect.Parameter.KEYWORD_ONLY and not by_name:
            by_name = True
            yield "*"
        yield str(each.replace(default=_default(each.default)))


def _default(value: Any) -> Any:
    """A default, or `...` for one that has no text of its own."""
    plain = isinstance(value, str | int | float | bool | tuple | frozenset | None) or value is inspect.Parameter.empty
    return value if plain else _Annotation("...")


def _members(found: type[Any]) -> Iterator[tuple[str, str]]:
    """The public members that have a docstring, with its first paragraph; the class's own before inherited ones."""
    seen = set()
    for base in found.__mro__:
        if not base.__module__.startswith("pytest_modellab"):
            continue
        for name, (shown, meaning) in {**_fields(base), **_methods(base)}.items():
            if name not in seen and not name.startswith("_"):
                seen.add(name)
                yield shown, meaning


def _fields(owner: type[Any]) -> dict[str, tuple[str, str]]:
    """The annotated attributes that a string stands below, or that a description is given for."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    told = {
        name: (f"{name}: {annotation}", field.description)
        for name, annotation in _annotations(body).items()
        if (field := getattr(owner, "model_fields", {}).get(name)) is not None and field.description
    }
    for statement, following in pairwise(body):
        match statement, following:
            case (
                ast.AnnAssign(target=ast.Name(id=name), annotation=annotation),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                told[name] = (f"{name}: {ast.unparse(annotation)}", _first(text))
    return told


def _annotations(body: list[ast.stmt]) -> dict[str, str]:
    return {
        each.target.id: ast.unparse(each.annotation)
        for each in body
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
    }


def _methods(owner: type[Any]) -> dict[str, tuple[str, str]]:
    found = {}
    for name, value in vars(owner).items():
        code, is_value = _code(value)
        if code is not None and code.__doc__:
            shown = _plain(inspect.signature(code))
            told = f"{name}: {shown.return_annotation}" if is_value else f"{name}{_without_self(shown)}"
            found[name] = (told, _first(code.__doc__))
    return found


def _code(value: object) -> tuple[Callable[..., Any] | None, bool]:
    """The function behind a member, and whether the member is read as a value."""
    match value:
        case property():
            return value.fget, True
        case cached_property():
            return value.func, True
        case classmethod() | staticmethod():
            return value.__func__, False
        case FunctionType():
            return value, False
        case _:
            return None, False


class _Annotation(str):
    """An annotation as its code has it, without the quotes of a string."""

    def __repr__(self) -> str:
        return str(self)


def _plain(signature: inspect.Signature) -> inspect.Signature:
    """The same with annotations as they are written."""
    kept = [each.replace(annotation=_written(each.annotation)) for each in signature.parameters.values()]
    return signature.replace(parameters=kept, return_annotation=_written(signature.return_annotation))


def _written(annotation: Any) -> Any:
    return _Annotation(annotation) if isinstance(annotation, str) else annotation


def _without_self(signature: inspect.Signature) -> str:
    kept = [each for each in signature.parameters.values() if each.name not in {"self", "cls"}]
    told = ", ".join(_parameters(signature.replace(parameters=kept)))
    return f"({told}) -> {signature.return_annotation}"


def _own_doc(found: Any) -> str:
    """Its docstring; nothing for one that was inherited, or that `dataclass` made up."""
    text = found.__dict__.get("__doc__") if isinstance(found, type) else found.__doc__
    return "" if text is None or text.startswith(f"{found.__name__}(") else text


def _constant_doc(found: object) -> str:
    return _own_doc(type(found))


def _paragraphs(text: str) -> str:
    """A docstring as Markdown: what is listed below `Attributes:` and its like becomes a list."""
    lines: list[str] = []
    for line in inspect.cleandoc(text).splitlines():
        entry = _ENTRY.match(line)
        if _LIST.match(line):
            lines += [line, ""]
        elif entry:
            lines.append(f"- `{entry[1]}`: {entry[2]}")
        else:
            lines.append(line if not line.startswith("     ") else f"  {line.strip()}")
    return "\n".join(lines)


def _first(text: str) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join(inspect.cleandoc(text).split("\n\n")[0].split())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
