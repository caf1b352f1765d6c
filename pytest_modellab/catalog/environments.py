"""Python environments of workers that don't run in the session's own: built once and kept in the cache.

    environments/<key>/environment.json   its inputs, and the name of the complete folder beside it
                       venv-<random>/     the environment
                       build.log          output of the commands that built it

The key is a hash of version, requirements and platform. A folder that a killed process left is not named in
environment.json, and is removed by the next one that builds.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from pytest_modellab.assets.store import StoreError, cache_root
from pytest_modellab.assets.store.blobs import Blobs
from pytest_modellab.assets.store.unpacking import write_json
from pytest_modellab.assets.venvs import NotBuilt, Plan, Say, build, environ_of, interpreter_in, own_version

from .environment_spec import EnvironmentSpec
from .specs import ModelSpec

# Raised when what is in such a folder changes.
LAYOUT = 1

# Every worker needs it, whatever its engine needs.
NEEDED = "numpy"

OLDEST = (3, 10)
"""The oldest Python that the worker runs on."""

_PROBE = """
import json, platform, sys
print(json.dumps({"python": platform.python_version(), "paths": [each for each in sys.path if each]}))
"""
_ORIGIN = """
import importlib.util, sys
found = importlib.util.find_spec(sys.argv[1])
print((found and found.origin) or "")
"""


NOT_THERE = ("absent", "not built")
"""How `Environments.state` ends where there is nothing to start a worker in."""


class NoEnvironment(Exception):
    """A model's environment doesn't exist and can't be built; the message says why and what to do."""


@dataclass(frozen=True)
class Environment:
    """A Python interpreter in which a worker can be started."""

    interpreter: Path
    python: str
    """Its version, `3.12.1`."""
    paths: tuple[str, ...]
    """Where it imports from."""
    plan: Plan | None = None
    """What it was built from; None for an interpreter that was named."""

    @cached_property
    def installed(self) -> dict[str, str]:
        """Version by normalised name of every distribution in it."""
        from packaging.utils import canonicalize_name

        found: dict[str, str] = {}
        for each in distributions(path=list(self.paths)):
            name = each.metadata["Name"]
            if name:  # what a broken removal leaves has none
                found.setdefault(canonicalize_name(name), each.version)
        return found

    def versions(self, names: Iterable[str]) -> dict[str, str | None]:
        """Versions by distribution; None for one that isn't installed there."""
        from packaging.utils import canonicalize_name

        return {name: self.installed.get(canonicalize_name(name)) for name in names}

    def source(self, module: str) -> Path | None:
        """The file a module is imported from there; None where it has none."""
        found = _run(self.interpreter, _ORIGIN, module)
        return Path(found.strip()) if found and found.strip() else None


def plan(spec: EnvironmentSpec) -> Plan:
    """What is to be built, numpy added; for a spec with requirements."""
    from packaging.requirements import Requirement

    requirements = spec.requirements or ()
    # A marker may leave out what it stands beside; that numpy is asked for twice does no harm.
    names = {named.name for each in requirements if (named := Requirement(each)).marker is None}
    return Plan(spec.python, tuple(sorted({*requirements, *({NEEDED} - names)})))


def provenance(model: ModelSpec, found: Environment) -> dict[str, Any]:
    """What a record says of a model's environment: as it was asked for, and the versions that this came to.

    Those of the engine's own distributions stand elsewhere in the record, whatever the environment.
    """
    from packaging.requirements import Requirement

    spec = model.environment
    assert spec is not None
    if spec.interpreter is not None:
        asked: dict[str, Any] = {"interpreter": spec.interpreter}
        names = [NEEDED]
    else:
        requirements = plan(spec).requirements
        asked = {"requirements": list(requirements)}
        names = [Requirement(each).name for each in requirements]
    return {"python": found.python, **asked, "versions": found.versions(names)}


def whereabouts(model: ModelSpec, shown: Callable[[str], str]) -> str:
    """Where a model asks for its environment, and what tries again to make it; nothing makes an interpreter."""
    spec = model.environment
    assert spec is not None
    where = shown(spec.origin)
    if spec.interpreter is not None:
        return f"`interpreter` stands in {where}."
    return f"Its `environment` stands in {where}; `modellab pull {model.id}` tries again."


class Environments:
    """The environments under one cache folder, shared by all processes that use it."""

    def __init__(self, models: Path, root: Path | None = None) -> None:
        """`models` is the folder of the YAML files; `root` defaults to the cache's."""
        self._models = models
        self._root = (cache_root() if root is None else root).expanduser().resolve()
        self._found: dict[str, Environment | NoEnvironment] = {}
        self._asked: dict[str, str] = {}
        """The model that first asked for each."""

    def of(self, model: ModelSpec, say: Say) -> Environment | None:
        """The environment of a model, built now where it is not there yet; None where it needs none of its own.

        Raises NoEnvironment, once tried for every model that asks for the same; StoreError where the cache can't
        be written.
        """
        spec = model.environment
        if spec is None:
            return None
        key = spec.interpreter or self.key(plan(spec))
        if key not in self._found:
            try:
                self._found[key] = self._given(spec.interpreter) if spec.interpreter else self.built(plan(spec), say)
            except NoEnvironment as error:
                self._found[key] = error
        found = self._found[key]
        first = self._asked.setdefault(key, model.id)
        if isinstance(found, NoEnvironment):
            # The first model's message has the details, which may be long.
            again = f"its environment, {plan(spec)}, could not be built: it is that of {first}"
            raise NoEnvironment(str(found) if first == model.id or spec.interpreter else again)
        return found

    def state(self, model: ModelSpec) -> str:
        """In a few words, what there is of a model's environment. Runs nothing."""
        spec = model.environment
        if spec is None:
            return "-"
        if spec.interpreter is not None:
            return f"{spec.interpreter}: {'present' if self._place(spec.interpreter).is_file() else 'absent'}"
        wanted = plan(spec)
        there = (interpreter := self._whole(self.folder(wanted))) is not None and interpreter.exists()
        return f"Python {wanted.python or own_version()}: {'built' if there else 'not built'}"

    def folder(self, plan: Plan) -> Path:
        return self._root / "environments" / self.key(plan)

    @staticmethod
    def key(plan: Plan) -> str:
        wanted = {
            "layout": LAYOUT,
            "python": f"{sys.implementation.name if plan.python is None else 'cpython'}-{plan.python or own_version()}",
            "requirements": sorted(plan.requirements),
            "platform": sysconfig.get_platform(),
        }
        return hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:32]

    def _place(self, interpreter: str) -> Path:
        # Never resolved: a virtual environment's Python is a link, and what it leads to is outside.
        return self._models / Path(interpreter).expanduser()

    def _given(self, interpreter: str) -> Environment:
        place = self._place(interpreter)
        if not place.is_file():
            raise NoEnvironment(
                f"there is no interpreter at {place}\n"
                f"Make the environment (`python -m venv`), with {NEEDED} and the engine's library in it."
            )
        found = _look_into(place)
        if found is None:
            raise NoEnvironment(f"{place} can't be run as a Python interpreter")
        if tuple(int(part) for part in found.python.split(".")[:2]) < OLDEST:
            oldest = ".".join(map(str, OLDEST))
            raise NoEnvironment(f"{place} is Python {found.python}; a worker needs {oldest} or newer")
        if found.versions([NEEDED])[NEEDED] is None:
            raise NoEnvironment(f"{NEEDED} is not installed for {place}, and a worker needs it; install it there")
        return found

    def built(self, plan: Plan, say: Say) -> Environment:
        """The environment of a plan, built now where it is not there yet. Raises NoEnvironment, StoreError."""
        folder = self.folder(plan)
        try:
            found = self._ready(folder)
            if found is None:
                waiting = partial(say, "waiting for another process that builds its environment")
                with Blobs(self._root).locked(f"environment-{folder.name}", waiting):
                    found = self._ready(folder) or self._build(folder, plan, say)
        except OSError as error:
            raise StoreError(
                f"an environment cannot be kept in {self._root} ({error}); set MODELLAB_CACHE to a writable folder"
            ) from error
        return replace(found, plan=plan)

    def _ready(self, folder: Path) -> Environment | None:
        """The whole environment in `folder`; None where there is none, or its Python was removed."""
        interpreter = self._whole(folder)
        return None if interpreter is None else _look_into(interpreter)

    def _whole(self, folder: Path) -> Path | None:
        """The interpreter that environment.json leads to."""
        try:
            name = json.loads((folder / "environment.json").read_text(encoding="utf-8"))["folder"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return interpreter_in(folder / str(name))

    def _build(self, folder: Path, plan: Plan, say: Say) -> Environment:
        """Build it under a name of its own: what is left of a killed build may still be written to."""
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob("venv-*"):
            shutil.rmtree(left, ignore_errors=True)
        say(f"building its environment, {plan}")
        fresh, log = folder / f"venv-{secrets.token_hex(4)}", folder / "build.log"
        try:
            interpreter = build(fresh, plan, log, lambda line: say(f"building its environment: {line}"))
            found = _look_into(interpreter)
            if found is None:
                raise NotBuilt(f"{interpreter} can't be run", begun=True)
            made = {"folder": fresh.name, "python": found.python, "requirements": list(plan.requirements)}
            write_json(folder / "environment.json", made)
        except BaseException as error:
            shutil.rmtree(fresh, ignore_errors=True)
            if isinstance(error, NotBuilt):
                told = f"\nThe commands and all that they said: {log}" if error.begun else ""
                raise NoEnvironment(f"its environment, {plan}, could not be built: {error}{told}") from error
            raise
        return found


def _look_into(interpreter: Path) -> Environment | None:
    """What an interpreter tells of itself; None where it can't be run."""
    said = _run(interpreter, _PROBE)
    if said is None:
        return None
    try:
        told = json.loads(said)
        return Environment(interpreter, str(told["python"]), tuple(told["paths"]))
    except (ValueError, KeyError, TypeError):
        return None


def _run(interpreter: Path, code: str, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            [str(interpreter), "-c", code, *arguments],
            env=environ_of(interpreter),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
