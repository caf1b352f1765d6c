"""Models that others use: as parts of a composite model, or as the voice or the judge of a data set."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from pytest_modellab.engines.registry import engine_class, hears

from .errors import suggest
from .roles import GRADER
from .specs import ModelSpec


def roles_of(engine: type) -> Mapping[str, str]:
    """The parts that an engine is made of, and the task that each must do; none for most."""
    roles: Mapping[str, str] = getattr(engine, "roles", {})
    return roles


def wrong_roles(spec: ModelSpec, engine: type) -> Iterator[tuple[tuple[str, ...], str]]:
    """What is wrong with the roles that a spec fills, by place in its file."""
    roles = roles_of(engine)
    needed: Collection[str] = getattr(engine, "needed_roles", ())
    if spec.parts and not roles:
        yield ("parts",), f"{spec.engine} is not made of other models: leave `parts:` out"
        return
    for role in spec.parts:
        if role not in roles:
            yield ("parts", role), f"{spec.engine} has no part `{role}`; {suggest(role, roles)}"
    lacking = [role for role in roles if role in needed and role not in spec.parts]
    if lacking:
        named = " and ".join(f"`{role}`" for role in lacking)
        example = ", ".join(f"{role}: <a model that does {roles[role]}>" for role in roles)
        place = ("parts",) if spec.parts else ("engine",)
        yield place, f"{spec.engine} lacks the part{'s' * (len(lacking) > 1)} {named}; write `parts: {{{example}}}`"


def wrong_part(spec: ModelSpec, role: str, part: ModelSpec, task: str, models: Mapping[str, ModelSpec]) -> str:
    """Why `part` can't have that role, in which it must do `task`; "" if it can. Its engine is one that can be used."""
    if part.parts:
        return f"`{part.id}` is made of parts itself; {_fit(spec, task, models)}"
    if task not in part.tasks:
        return f"`{part.id}` does {', '.join(part.tasks)} and not `{task}`; {_fit(spec, task, models)}"
    if part.environment is not None:
        return (
            f"`{part.id}` has an environment of its own, and all parts share one process;"
            f" give `{spec.id}` the environment, and name a model without; {_fit(spec, task, models)}"
        )
    if task == GRADER and _hears(part):
        return f"`{part.id}` is given speech, and the part `{role}` is told in writing; {_fit(spec, task, models)}"
    absent = [device for device in spec.devices if device not in part.devices]
    if absent:
        return (
            f"`{part.id}` does not run on {', '.join(absent)}: name it under `devices:` there,"
            f" or take it out here; it has {', '.join(part.devices)}"
        )
    return ""


def wrong_auxiliary_model(name: str, task: str, models: Mapping[str, ModelSpec]) -> str:
    """Why the model `name` can't do `task` for a data set, on the CPU and, to chat, in writing; "" if it can."""
    fit = [model.id for model in models.values() if task in model.tasks and "cpu" in model.devices]
    fit = [each for each in fit if task != GRADER or not _hears(models[each])]
    if name in fit:
        return ""
    if name not in models:
        return f"unknown model `{name}`; {suggest(name, fit)}"
    how = "in writing, " if task == GRADER else ""
    allowed = f"allowed: {', '.join(fit)}" if fit else "no model of the catalog does"
    return f"`{name}` does not do `{task}` {how}on the device cpu; {allowed}"


def _hears(model: ModelSpec) -> bool:
    target = model.engine_target
    try:
        return target is not None and GRADER in model.tasks and hears(engine_class(target))
    except Exception:  # third-party modules may raise anything; another check reports the problem
        return False


def _fit(spec: ModelSpec, task: str, models: Mapping[str, ModelSpec]) -> str:
    """The models that would do."""
    fit = [
        model.id
        for model in models.values()
        if task in model.tasks
        and not model.parts
        and model.environment is None
        and {*spec.devices} <= {*model.devices}
        and (task != GRADER or not _hears(model))
    ]
    return f"allowed: {', '.join(fit)}" if fit else f"no model of the catalog does `{task}` on the same devices"
