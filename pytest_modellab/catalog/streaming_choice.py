"""Environment variables that choose the models of streaming cases, and their parameters.

They change specs before cases are planned, so that input keys and records contain them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args, get_origin, get_type_hints

from pytest_modellab.core.language_tags import LanguageTagError, canonical_tag
from pytest_modellab.core.variables import (
    ASR_CHUNK_SECONDS,
    ASR_COMPUTE,
    ASR_DEVICE,
    ASR_LANGUAGE,
    ASR_MODEL,
    ASR_PROVIDER,
    ASR_VAD,
    Variable,
)
from pytest_modellab.engines.registry import engine_class

from .base import TIERS
from .cases import EVERYTHING, Case, Selection, plan
from .errors import suggest

if TYPE_CHECKING:
    from .catalog import Catalog
    from .specs import ModelSpec

TASK: Literal["streaming"] = "streaming"
SHORTEST_S, LONGEST_S = 0.01, 30.0
"""Bounds of a chunk, as in a data set's `stream:`."""
TRUTHS = {"on": True, "off": False, "true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}

Complain: TypeAlias = Callable[[Variable, str], None]


@dataclass(frozen=True)
class Choice:
    """The values of the variables; None where one isn't set."""

    provider: str | None = None
    model: str | None = None
    device: str | None = None
    compute: str | None = None
    language: str | None = None
    chunk_s: float | None = None
    vad: bool | None = None

    def __bool__(self) -> bool:
        return any(getattr(self, each.name) is not None for each in fields(self))

    @property
    def names_models(self) -> bool:
        return self.provider is not None or self.model is not None

    def takes(self, model: ModelSpec) -> bool:
        """Whether a model's streaming cases are selected."""
        wanted = self.model in {None, model.id} and self.provider in {None, model.engine}
        return TASK in model.tasks and wanted


def read(catalog: Catalog) -> tuple[Choice, list[str]]:
    """What is asked for, and what is wrong with it, a line each that says what is allowed."""
    problems: list[str] = []

    def complain(variable: Variable, message: str) -> None:
        problems.append(f"{variable.name}={variable.get()}: {message}")

    streaming = {model.id: model for model in catalog.models.values() if TASK in model.tasks}
    choice = Choice(
        provider=_one_of(
            ASR_PROVIDER, "no provider of the catalog's", {m.engine for m in streaming.values()}, complain
        ),
        model=_one_of(ASR_MODEL, "no model for streaming", streaming, complain),
        device=_one_of(ASR_DEVICE, "no device", catalog.devices, complain),
        compute=_set(ASR_COMPUTE),
        language=_language(complain),
        chunk_s=_chunk(complain),
        vad=_vad(complain),
    )
    if not problems and choice:
        # Without a name, those that have a tier, and so tests.
        taken = [m for m in streaming.values() if choice.takes(m) and (m.tiers or choice.names_models)]
        problems += _unfit(choice, taken)
    return choice, problems


def applied(choice: Choice, catalog: Catalog) -> Catalog:
    """The catalog as streaming cases are to see it: models that are named get into every tier, as by --lab-model."""
    models = {
        id: model.model_copy(
            update={
                "tiers": model.tiers or TIERS if choice.names_models else model.tiers,
                "options": {**model.options, **dict(_options(choice, model))},
                "devices": {device: _without(own, choice, model) for device, own in model.devices.items()},
            }
        )
        for id, model in catalog.models.items()
        if choice.takes(model)
    }
    datasets = {
        id: dataset.model_copy(update={"stream": _stream(dataset.stream, choice.chunk_s)})
        for id, dataset in catalog.datasets.items()
    }
    devices = {id: device for id, device in catalog.devices.items() if choice.device in {None, id}}
    return replace(catalog, models=models, datasets=datasets, devices=devices)


def with_choice(cases: Sequence[Case], choice: Choice, chosen: Sequence[Case]) -> list[Case]:
    """`cases` with their streaming ones replaced by those of `chosen`, whose workers no other case shares."""
    if not choice:
        return list(cases)
    own = [replace(case, variant="chosen by MODELLAB_ASR_*") for case in chosen if case.task == TASK]
    return [*(case for case in cases if case.task != TASK), *own]


def _set(variable: Variable) -> str | None:
    return variable.get() or None


def _one_of(variable: Variable, what: str, allowed: Any, complain: Complain) -> str | None:
    asked = _set(variable)
    if asked is not None and asked not in allowed:
        complain(variable, f"{what}; {suggest(asked, allowed)}")
    return asked


def _language(complain: Complain) -> str | None:
    asked = _set(ASR_LANGUAGE)
    if asked is None or asked == "auto":
        return asked
    try:
        return canonical_tag(asked)
    except LanguageTagError as error:
        complain(ASR_LANGUAGE, f"{error}{' ' if str(error).endswith('?') else '; '}`auto` has it detected")
        return asked


def _chunk(complain: Complain) -> float | None:
    asked = _set(ASR_CHUNK_SECONDS)
    if asked is None:
        return None
    try:
        seconds = float(asked)
    except ValueError:
        seconds = float("nan")
    if not SHORTEST_S <= seconds <= LONGEST_S:  # not a number compares as false
        complain(ASR_CHUNK_SECONDS, f"expected a number of seconds from {SHORTEST_S} to {LONGEST_S:g}, such as 0.25")
        return None
    return seconds


def _vad(complain: Complain) -> bool | None:
    asked = _set(ASR_VAD)
    if asked is None:
        return None
    if asked.lower() not in TRUTHS:
        complain(ASR_VAD, "expected on or off")
    return TRUTHS.get(asked.lower())


def _unfit(choice: Choice, models: Sequence[ModelSpec]) -> Iterator[str]:
    """What the chosen models can't do, a line each."""
    if not models:
        yield f"{ASR_MODEL.name}={choice.model} is no model of {ASR_PROVIDER.name}={choice.provider}"
    if choice.device is not None and models and not any(choice.device in model.devices for model in models):
        known = {device for model in models for device in model.devices}
        yield (
            f"{ASR_DEVICE.name}={choice.device}: the models chosen aren't set up for it;"
            f" {suggest(choice.device, known)}"
        )
    for model in models if choice.language not in {None, "auto"} else ():
        if not model.speaks(choice.language):
            yield (
                f"{ASR_LANGUAGE.name}={choice.language}: {model.id} speaks {', '.join(model.languages)} alone;"
                f" choose other models by {ASR_PROVIDER.name} or {ASR_MODEL.name}"
            )
    asked: list[tuple[Variable, Any, tuple[str, ...]]] = [
        (ASR_COMPUTE, choice.compute, ("compute_type",)),
        (ASR_LANGUAGE, choice.language, ("language",)),
        (ASR_VAD, choice.vad, ("vad_filter", "vad_threshold")),
    ]
    for variable, value, names in asked:
        for model in models if value is not None else ():
            kind = _options_of(model)
            if not any(each.name in names for each in fields(kind)):
                yield (
                    f"{variable.name}={variable.get()}: {model.engine} ({model.id}) has no option"
                    f" {' or '.join(f'`{name}`' for name in names)}; choose other models by {ASR_PROVIDER.name} or"
                    f" {ASR_MODEL.name}"
                )
            elif variable is ASR_COMPUTE and value not in (allowed := _literals(kind, "compute_type")):
                yield f"{variable.name}={value}: unknown to {model.engine}; {suggest(value, allowed)}"


def _options_of(model: ModelSpec) -> type[Any]:
    assert model.engine_target is not None  # the catalog was checked
    return engine_class(model.engine_target).Options


def _literals(kind: type[Any], name: str) -> Sequence[str]:
    hint = get_type_hints(kind)[name]
    return [str(each) for each in get_args(hint)] if get_origin(hint) is Literal else []


def _options(choice: Choice, model: ModelSpec) -> Iterator[tuple[str, Any]]:
    """The options of a model that the choice sets."""
    names = {each.name: each for each in fields(_options_of(model))}
    if choice.compute is not None:
        yield "compute_type", choice.compute
    if choice.language is not None:
        yield "language", choice.language
    if choice.vad is not None and "vad_filter" in names:
        yield "vad_filter", choice.vad
    elif choice.vad is not None:
        yield "vad_threshold", names["vad_threshold"].default if choice.vad else 0.0


def _without(own: Mapping[str, Any], choice: Choice, model: ModelSpec) -> dict[str, Any]:
    """A device's own options, less those that the choice sets for all."""
    chosen = dict(_options(choice, model))
    return {name: value for name, value in own.items() if name not in chosen}


def _stream(spec: Any, chunk_s: float | None) -> Any:
    from .specs import StreamSpec

    if chunk_s is None:
        return spec
    return (spec or StreamSpec()).model_copy(update={"chunk_s": chunk_s})


def plan_here(catalog: Catalog, selection: Selection = EVERYTHING) -> tuple[list[Case], list[str]]:
    """The plan as environment variables have it, and what is wrong with them, a line each."""
    choice, problems = read(catalog)
    cases = plan(catalog, selection)
    if problems or not choice:
        return cases, problems
    return with_choice(cases, choice, plan(applied(choice, catalog), selection)), []
