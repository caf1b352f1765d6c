"""Short names of fixtures, `run` for `modellab_run`: a fixture of the same name elsewhere takes precedence."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from . import fixtures

PREFIX = "modellab_"


def names() -> Iterator[tuple[str, str]]:
    """The short name of each fixture and its full one."""
    return ((name.removeprefix(PREFIX), name) for name in sorted(vars(fixtures)) if name.startswith(PREFIX))


def register(manager: pytest.PytestPluginManager) -> None:
    """Give each fixture its short name, but for those that a fixture of another plugin has.

    To be called when all plugins are known, and before pytest gathers their fixtures: what a conftest, module, class or
    parametrization defines goes before these then.
    """
    taken = {name for plugin in manager.get_plugins() for name in _fixtures_of(plugin)}
    module = ModuleType(f"{fixtures.__name__}_short")
    for short, full in names():
        if short not in taken:
            setattr(module, short, pytest.fixture(name=short)(_same_as(full)))
    manager.register(module, "modellab-short-names")


def _fixtures_of(plugin: object) -> Iterator[str]:
    """The fixtures that a plugin defines; none of a conftest, which may extend ours."""
    if str(getattr(plugin, "__name__", "")).rpartition(".")[2] == "conftest":
        return
    for name, value in {**vars(type(plugin)), **getattr(plugin, "__dict__", {})}.items():
        if type(value).__name__ == "FixtureFunctionDefinition":  # pytest has no public name for it
            yield getattr(value, "name", name)


def _same_as(full: str) -> Callable[..., Any]:
    def give(**found: Any) -> Any:
        return found[full]

    # pytest reads from the signature which fixtures one needs.
    parameter = inspect.Parameter(full, inspect.Parameter.KEYWORD_ONLY)
    vars(give).update(__signature__=inspect.Signature([parameter]), __module__=fixtures.__name__)
    give.__doc__ = f"`{full}`, under a short name that gives way to a fixture or parameter of the same name."
    return give
