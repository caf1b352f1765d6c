"""YAML data into specs, every complaint with its line, what is allowed, and a near match."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from ..engines.registry import available, engine_class
from .errors import Problem, suggest
from .specs import ModelSpec, Spec
from .yamlfile import Document

S = TypeVar("S", bound=Spec)

_UNKNOWN_KEY = {"extra_forbidden", "unexpected_keyword_argument"}


def build(kind: type[S], document: Document) -> S | None:
    """The spec in `document`, or None with what is wrong added to `document.problems`."""
    if document.problems:
        return None
    if not isinstance(document.data, dict):
        found = "empty" if document.data is None else f"a {type(document.data).__name__}"
        message = f"expected `key: value` lines, found {found}; allowed keys: {', '.join(keys_of(kind))}"
        document.problems.append(document.problem((), message))
        return None
    try:
        spec = kind.model_validate(document.data)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            document.problems.append(_problem(document, kind, detail["loc"], detail))
        return None
    mark_origins(spec, document, ())
    return spec


def check_options(spec: ModelSpec, document: Document) -> None:
    """Hold a model's engine, devices and options against what the engine declares."""
    target = available().get(spec.engine)
    if target is None:
        message = f"no engine `{spec.engine}` is installed; {suggest(spec.engine, available())}"
        document.problems.append(document.problem(("engine",), message))
        return
    engine = engine_class(target)
    for i, task in enumerate(spec.tasks):
        if task not in engine.tasks:
            message = f"{spec.engine} does not do `{task}`; {suggest(task, engine.tasks)}"
            document.problems.append(document.problem(("tasks", i), message))
    names = _option_names(engine.Options)
    seen: set[tuple[tuple[Hashable, ...], str]] = set()
    adapter: TypeAdapter[Any] = TypeAdapter(engine.Options)
    for device, extra in spec.devices.items():
        try:
            adapter.validate_python(spec.options_on(device))
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                loc = detail["loc"]
                inside = bool(loc) and loc[0] in extra
                place = ("devices", device, *loc) if inside else ("options", *loc)
                if detail["type"] in _UNKNOWN_KEY:
                    message = f"unknown option `{loc[-1]}` for {spec.engine}; {suggest(loc[-1], names)}"
                else:
                    message = f"`{'.'.join(map(str, loc)) or 'options'}`: {_reason(detail)}"
                if (place, message) not in seen:  # the same option, wrong on every device
                    seen.add((place, message))
                    document.problems.append(document.problem(place, message))


def full_options(spec: ModelSpec, device: str) -> dict[str, Any]:
    """Every option the model runs with on `device`, defaults included."""
    adapter: TypeAdapter[Any] = TypeAdapter(engine_class(available()[spec.engine]).Options)
    dumped: dict[str, Any] = adapter.dump_python(adapter.validate_python(spec.options_on(device)), mode="json")
    return dumped


def _option_names(options: type[Any]) -> list[str]:
    return list(getattr(options, "__dataclass_fields__", {}))


def _problem(document: Document, kind: type[Spec], loc: Sequence[Hashable], detail: Any) -> Problem:
    if detail["type"] in _UNKNOWN_KEY:
        owner = _type_at(kind, loc[:-1])
        allowed = keys_of(owner) if owner else []
        return document.problem(loc, f"unknown key `{loc[-1]}`; {suggest(loc[-1], allowed)}")
    if detail["type"] == "missing":
        return document.problem(loc[:-1], f"missing key `{loc[-1]}`")
    where = ".".join(str(part) for part in loc if part != "[key]")
    prefix = f"`{where}`: " if where else ""
    return document.problem(loc, f"{prefix}{_reason(detail)}")


def _reason(detail: Any) -> str:
    given = detail.get("input")
    if detail["type"] == "value_error":
        return str(detail["ctx"]["error"])
    if detail["type"] == "literal_error":
        allowed = [part.strip().strip("'") for part in detail["ctx"]["expected"].replace(" or ", ", ").split(",")]
        return f"`{given}` is not one of them; {suggest(given, allowed)}"
    if detail["type"] == "string_type" and isinstance(given, bool | int | float):
        return f"expected text, found {given!r}; put it in quotes"
    message = str(detail["msg"])
    shown = repr(given)
    return f"{message[0].lower()}{message[1:]}, found {shown if len(shown) <= 60 else shown[:57] + '...'}"


def keys_of(kind: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in kind.model_fields.items()]


def _type_at(kind: type[BaseModel], loc: Sequence[Hashable]) -> type[BaseModel] | None:
    """The model that sits at `loc` inside `kind`, through tuples, dicts and optionals."""
    current: Any = kind
    for part in loc:
        current = _model_in(current)
        if current is None:
            return None
        fields = {field.alias or name: field for name, field in current.model_fields.items()}
        if part in fields:
            current = fields[part].annotation
        # else: an index or a dict key, which leads to the same inner type
        else:
            continue
    return _model_in(current)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and get_origin(annotation) is None:
        return annotation
    for inner in get_args(annotation):
        found = _model_in(inner)
        if found is not None:
            return found
    return None


def mark_origins(value: Any, document: Document, location: tuple[Hashable, ...]) -> None:
    """Tell every spec inside `value` the file and line it came from."""
    if isinstance(value, Spec):
        value._origin = f"{document.path}:{document.line(location)}"
        for name, field in type(value).model_fields.items():
            mark_origins(getattr(value, name), document, (*location, field.alias or name))
    elif isinstance(value, tuple):
        for i, item in enumerate(value):
            mark_origins(item, document, (*location, i))
    elif isinstance(value, dict):
        for key, item in value.items():
            mark_origins(item, document, (*location, key))
