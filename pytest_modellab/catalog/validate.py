"""Validation of YAML data as specs: each problem with its line, the allowed values, and the closest match."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from pytest_modellab.core.console import counted
from pytest_modellab.core.redaction import without_secrets
from pytest_modellab.engines.registry import available, engine_class, needs_weights

from . import known
from .dataset_forms import FORMS, own_form
from .errors import Problem, nearest, suggest
from .parts import wrong_roles
from .specs import IN_WORDS, DatasetSpec, ModelSpec, Spec
from .yamlfile import Document, shorten

S = TypeVar("S", bound=Spec)

_UNKNOWN_KEY = {"extra_forbidden", "unexpected_keyword_argument"}
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_+-]*")

_MAPPING = "`key: value` lines"

# Pydantic's kinds of error, in other words.
_EXPECTED = {
    ("int_type", "int_parsing", "int_from_float", "int_parsing_size"): "a whole number",
    ("float_type", "float_parsing", "not_a_number"): "a number",
    ("finite_number",): "a finite number",
    ("bool_type", "bool_parsing"): "true or false",
    ("tuple_type", "list_type"): "a list",
    ("dict_type", "model_type", "model_attributes_type", "dataclass_type"): _MAPPING,
}
_BOUNDS = {
    ("greater_than",): "must be more than {:g}",
    ("greater_than_equal",): "must be at least {:g}",
    ("string_too_long",): "must have at most {} characters",
}


def build(kind: type[S], document: Document) -> S | None:
    """The spec in `document`, or None with what is wrong added to `document.problems`."""
    if document.data is None and document.problems:
        return None
    if not isinstance(document.data, dict):
        message = f"expected `key: value` lines, found {_found(document, (), document.data)}"
        document.problems.append(document.problem((), f"{message}; {suggest('', keys_of(kind))}"))
        return None
    try:
        spec = kind.model_validate(document.data)
    except ValidationError as error:
        document.problems.extend(_problems(document, kind, error))
        return None
    mark_origins(spec, document, ())
    return spec


def check_options(spec: ModelSpec, document: Document) -> None:
    """Check a model's engine, devices and options against what the engine declares."""
    if spec.engine_target is None:
        message = f"no engine `{spec.engine}` is installed; {suggest(spec.engine, available())}"
        hint = ", or `module:Class` or `path/to/file.py:Class`"
        document.problems.append(document.problem(("engine",), message + hint))
        return
    try:
        engine = engine_class(spec.engine_target)
        lacking = [name for name in ("tasks", "devices", "rate", "load", "Options") if not hasattr(engine, name)]
        if lacking:
            raise TypeError(f"it has no {', '.join(f'`{name}`' for name in lacking)}")
    except Exception as error:  # third-party modules may raise anything
        message = f"the engine `{spec.engine}` ({spec.engine_target}) can't be used: {type(error).__name__}: {error}"
        document.problems.append(document.problem(("engine",), message))
        return
    wanted = needs_weights(engine)
    if wanted and spec.weights is None:
        message = f"{spec.engine} needs `weights:`; one of `repo` with `revision`, `files`, `path`, `convert`"
        document.problems.append(document.problem(("engine",), message))
    elif wanted is False and spec.weights is not None:
        message = f"{spec.engine} brings its own model: leave `weights:` out"
        document.problems.append(document.problem(("weights",), message))
    for i, task in enumerate(spec.tasks):
        if task not in engine.tasks:
            message = f"{spec.engine} does not do `{task}`; {suggest(task, engine.tasks)}"
            document.problems.append(document.problem(("tasks", i), message))
    document.problems.extend(document.problem(place, message) for place, message in wrong_roles(spec, engine))
    problems: dict[Problem, None] = {}  # the same option may be wrong on every device
    for device in spec.devices:
        own = spec.devices[device]

        def place(name: Hashable, device: str = device, own: Mapping[str, Any] = own) -> tuple[Hashable, ...]:
            return ("devices", device, name) if name in own else ("options", name)

        options = spec.options_on(device)
        problems |= dict.fromkeys(_option_problems(engine.Options, options, spec.engine, document, place, ("options",)))
    document.problems.extend(problems)


def check_variant(variant: ModelSpec, base: ModelSpec, name: str, document: Document) -> None:
    """Check the tasks and options of a variant; what is wrong with its model is told there."""
    for i, task in enumerate(base.variants[name].tasks):
        if task not in base.tasks:
            message = f"`{task}` is no task of {base.id}; {suggest(task, base.tasks)}"
            document.problems.append(document.problem(("variants", name, "tasks", i), message))
    try:
        kind = engine_class(base.engine_target or "").Options
    except Exception:  # an engine that can't be used, which check_options tells
        return
    own = base.variants[name].options
    told = dict.fromkeys(document.problems)
    for device in variant.devices:

        def place(option: Hashable, device: str = device) -> tuple[Hashable, ...]:
            if option in own:
                return ("variants", name, "options", option)
            return ("devices", device, option) if option in base.devices[device] else ("options", option)

        options = variant.options_on(device)
        told |= dict.fromkeys(_option_problems(kind, options, base.engine, document, place, ("variants", name)))
    document.problems[:] = told


def check_form(spec: DatasetSpec, document: Document) -> None:
    """Check a data set's form, its options and the other keys against what the form declares."""
    [(name, options)] = (spec.form or {}).items()
    whole = ("form", name)
    if name not in FORMS or own_form(name):
        others = [each for each in FORMS if not own_form(each)]
        said = f"`{name}` is a key of the file itself" if name in FORMS else f"no form `{name}` is installed"
        document.problems.append(document.problem(whole, f"{said}; {suggest(name, others)}"))
        return
    form = FORMS[name]
    found = list(_option_problems(form.Options, options, name, document, lambda option: (*whole, option), whole))
    document.problems.extend(found)
    if not found:
        try:
            form.check(spec, spec.given)
        except ValueError as error:
            document.problems.append(document.problem(whole, str(error)))


def _option_problems(
    kind: type[Any],
    given: Mapping[str, Any],
    whose: str,
    document: Document,
    place: Callable[[Hashable], tuple[Hashable, ...]],
    whole: tuple[Hashable, ...],
) -> Iterator[Problem]:
    """What is wrong with the options `given`, of the type `kind`; `place` is where one stands in the file."""
    names = keys_of(kind) if issubclass(kind, BaseModel) else [field.name for field in fields(kind)]
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    try:
        options = adapter.validate_python(given)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            loc = detail["loc"]
            if detail["type"] in _UNKNOWN_KEY:
                message = f"unknown option `{loc[-1]}` for {whose}; {suggest(loc[-1], names)}"
            elif detail["type"] == "missing":
                message = f"missing option `{loc[-1]}` for {whose}"
            elif loc:
                message = f"`{_path(loc)}`: {_reason(document, place(loc[0]), detail)}"
            else:
                # A bound of the engine's own, which names its option in the first word.
                message = _reason(document, (), detail)
                named = message.partition(" ")[0]
                if named in given:
                    loc = (named,)
                    message += f", found {_found(document, place(named), given[named])}"
            yield document.problem(place(loc[0]) if loc else whole, message)
        return
    for name, value in given.items():
        # YAML 1.1 reads `yes` and `on` as true, which would count as 1.
        if isinstance(value, bool) and not isinstance(getattr(options, name), bool):
            message = f"`{name}`: expected a number, found {_found(document, place(name), value)}"
            yield document.problem(place(name), message)


def full_options(spec: ModelSpec, device: str) -> dict[str, Any]:
    """Every option the model runs with on `device`, defaults included."""
    assert spec.engine_target is not None  # the catalog was checked
    adapter: TypeAdapter[Any] = TypeAdapter(engine_class(spec.engine_target).Options)
    dumped: dict[str, Any] = adapter.dump_python(adapter.validate_python(spec.options_on(device)), mode="json")
    return dumped


def _problems(document: Document, kind: type[Spec], error: ValidationError) -> Iterator[Problem]:
    details = error.errors(include_url=False)
    # What a misspelt key was meant to be is not missing as well.
    meant: set[tuple[Hashable, ...]] = set()
    for detail in details:
        *owner, key = detail["loc"] or ("",)
        if detail["type"] in _UNKNOWN_KEY:
            meant.add((*owner, nearest(key, _keys_at(kind, owner))))
    for detail in details:
        loc: tuple[Hashable, ...] = detail["loc"]
        if detail["type"] == "missing" and loc in meant:
            continue
        if detail["type"] == "too_short" and any(_within(e["loc"], loc) for e in details):
            continue  # its items are wrong, each with a complaint of its own
        yield _problem(document, kind, loc, detail)


def _within(place: tuple[Hashable, ...], whole: tuple[Hashable, ...]) -> bool:
    """Whether a place lies inside of another one."""
    return len(place) > len(whole) and place[: len(whole)] == whole


def _problem(document: Document, kind: type[Spec], loc: tuple[Hashable, ...], detail: Any) -> Problem:
    if loc[-1:] == ("[key]",):
        loc = loc[:-1]
        if detail["type"] == "literal_error":
            message = f"`{_path(loc[:-1])}`: unknown key `{loc[-1]}`; {suggest(loc[-1], _literals(detail))}"
            return document.problem(loc, message)
    inside = f" in `{_path(loc[:-1])}`" if loc[:-1] else ""
    if detail["type"] in _UNKNOWN_KEY:
        message = f"unknown key `{loc[-1]}`{inside}; {suggest(loc[-1], _keys_at(kind, loc[:-1]))}"
        return document.problem(loc, message)
    if detail["type"] == "missing":
        return document.problem(loc[:-1], f"missing key `{loc[-1]}`{inside}{_schema_of(kind, loc)}")
    prefix = f"`{_path(loc)}`: " if loc else ""
    return document.problem(loc, f"{prefix}{_reason(document, loc, detail)}")


def _schema_of(kind: type[Spec], loc: Sequence[Hashable]) -> str:
    """What the first line of the file must be, where it is that which is missing."""
    if tuple(loc) != ("schema",):
        return ""
    return f": {get_args(kind.model_fields['schema_'].annotation)[0]}"


def _path(loc: Sequence[Hashable]) -> str:
    """A place in a file as one would write it in code: `clips[0].text`, `files["model.bin"]`."""
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN.fullmatch(str(part)):
            text += f".{part}" if text else str(part)
        else:
            text += f'["{shorten(str(part))}"]'
    return text


def _reason(document: Document, loc: tuple[Hashable, ...], detail: Any) -> str:
    """What is wrong, in the words of somebody who wrote YAML."""
    kind, given = detail["type"], detail["input"]
    context = detail.get("ctx", {})
    found = _found(document, loc, given)
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return f"unknown value {found}; {suggest(given, _literals(detail))}"
    if kind == "string_type":
        return f"expected text, found {found}{_misread(document, loc, given)}"
    if kind == "string_pattern_mismatch":
        return f"expected {IN_WORDS.get(context['pattern'], context['pattern'])}, found {found}"
    if kind == "too_short":
        least, here = context["min_length"], len(given) if isinstance(given, list | tuple | dict) else 0
        return f"needs at least {counted(least, 'item')}, found {here or 'none'}"
    for kinds, expected in _EXPECTED.items():
        if kind in kinds:
            hint = f"; write [{shorten(given)}]" if expected == "a list" and isinstance(given, str) else ""
            if expected == _MAPPING and given is None:
                hint = "; write {} for none"
            return f"expected {expected}, found {found}{hint}"
    for kinds, bound in _BOUNDS.items():
        if kind in kinds:
            return f"{bound.format(next(iter(context.values())))}, found {found}"
    message = str(detail["msg"])
    return f"{message[0].lower()}{message[1:]}, found {found}"


def _literals(detail: Any) -> list[str]:
    expected: str = detail["ctx"]["expected"]
    return [part.strip().strip("'") for part in expected.replace(" or ", ", ").split(",")]


_QUERY = re.compile(r"\?[^\s?]*=\S*")
"""What may be a key in an address."""


def _found(document: Document, loc: tuple[Hashable, ...], given: Any) -> str:
    """A value as it stands in the file."""
    if isinstance(given, dict):
        return _MAPPING
    if isinstance(given, list):
        return "a list"
    written = document.written.get(loc)
    if given is None and not written:
        return "nothing"
    text = without_secrets(str(given) if written is None else written)
    return f"`{shorten(_QUERY.sub('?***', text))}`"


def _misread(document: Document, loc: tuple[Hashable, ...], given: Any) -> str:
    """Why what looks like text is none: YAML 1.1 has more numbers and truths than one expects."""
    if not document.written.get(loc):
        return ""
    if isinstance(given, bool):
        what = "true" if given else "false"
    elif isinstance(given, int | float):
        what = f"the number {given}" if abs(given) < 10**15 else "a number"
    else:
        what = "nothing" if given is None else "a date"
    return f", which YAML reads as {what}; put it in quotes"


def keys_of(kind: type[BaseModel]) -> list[str]:
    """The keys of a file, or of a part of one."""
    names = [field.alias or name for name, field in kind.model_fields.items()]
    return [*names, known.KEY] if kind is ModelSpec else names


def _keys_at(kind: type[BaseModel], loc: Sequence[Hashable]) -> list[str]:
    owner = _type_at(kind, loc)
    return keys_of(owner) if owner else []


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
