"""Engine classes by name: an entry point of the group `modellab.engines`, or an import string.

An import string is `package.module:Class`, or `folder/file.py:Class` for a file beside somebody's tests. Nothing is
imported until asked. Standard library only: workers use it, too.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import cast

from pytest_modellab.core.extensions import Extensions, installed

from .base import Engine
from .predictor import Predictor

GROUP = "modellab.engines"

PREDICTORS: Extensions[Predictor] = Extensions("modellab.predictors")
"""What predicts, or measures, what listeners would say of speech, by name."""


@cache
def available() -> dict[str, str]:
    """Engine name -> `module:Class`, of installed packages."""
    return {entry.name: entry.value for entry in installed(GROUP)}


def target_of(name: str, folder: Path) -> str | None:
    """What an engine's name in a spec stands for: `module:Class`, or `/absolute/file.py:Class`; None if nothing.

    Files are looked for from `folder`, where the spec lies.
    """
    if ":" not in name:
        return available().get(name)
    place, _, attribute = name.rpartition(":")
    return f"{(folder / place).resolve()}:{attribute}" if place.endswith(".py") else name


@cache
def engine_class(target: str) -> type[Engine]:
    """Import the class; this imports the engine's module, not its library.

    Raises ImportError or AttributeError, or what the module raises.
    """
    place, _, name = target.rpartition(":")
    module = _from_file(Path(place)) if place.endswith(".py") else import_module(place)
    return cast("type[Engine]", getattr(module, name))


def needs_weights(engine: type[Engine]) -> bool | None:
    """Whether a spec must name weights (True), must not (False), or may."""
    found: bool | None = getattr(engine, "needs_weights", None)
    return found


def outside(engine: type[Engine]) -> bool:
    """Whether something outside its process can change an engine's answers."""
    return bool(getattr(engine, "outside", False))


def hears(engine: type[Engine]) -> bool:
    """Whether an engine for dialogue takes the user's turns as speech (True) or as text."""
    return bool(getattr(engine, "hears", True))


def speaks(engine: type[Engine]) -> bool:
    """Whether an engine answers aloud."""
    return bool(getattr(engine, "speaks", False))


def remedy(engine: type[Engine]) -> str:
    """The command that installs an engine's library."""
    return (
        f"pip install 'pytest-modellab[{engine.extra}]'" if engine.extra else f"pip install {engine.distributions[0]}"
    )


def source_of(target: str) -> Path | None:
    """The file that holds the class; None where it can't be told."""
    place = target.rpartition(":")[0]
    if place.endswith(".py"):
        return Path(place)
    found = importlib.util.find_spec(place)
    return None if found is None or found.origin is None else Path(found.origin)


def imported_from(target: str) -> str | None:
    """The folder that a module's import starts from here, which another process may have to be told.

    pytest's `pythonpath`, say, is on the session's path alone. None for a file, which needs no path.
    """
    place = target.rpartition(":")[0]
    if place.endswith(".py"):
        return None
    found = importlib.util.find_spec(place.partition(".")[0])
    if found is None or found.origin is None:
        return None
    source = Path(found.origin)
    return str(source.parents[1] if source.name == "__init__.py" else source.parent)


def _from_file(path: Path) -> ModuleType:
    # A name of its own: two files may have the same, and dataclasses look their module up by it.
    name = f"modellab_engine_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ImportError(f"no file {path}")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        del sys.modules[name]
        wanted = str(error.name).partition(".")[0]
        if not any((path.parent / beside).exists() for beside in (f"{wanted}.py", wanted)):
            raise
        raise ImportError(
            f"{path.name} imports `{wanted}`, which lies beside it: an engine in a file stands alone. Put both into a"
            f" package and write `engine: package.{path.stem}:Class`"
        ) from error
    except BaseException:
        del sys.modules[name]
        raise
    return module
