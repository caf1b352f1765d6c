"""`modellab new-model`."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterator
from pathlib import Path

from pytest_modellab.catalog import Catalog, known
from pytest_modellab.catalog.base import COMMIT, IN_WORDS, REPO, TIERS
from pytest_modellab.catalog.errors import suggest
from pytest_modellab.catalog.load import DEFAULT_DEVICES
from pytest_modellab.catalog.new_model import Draft, spec_text
from pytest_modellab.core.identifiers import IDENTIFIER
from pytest_modellab.core.language_tags import LanguageTagError, canonical_tag
from pytest_modellab.engines.registry import available, engine_class, needs_weights, target_of

from .command import Commands, refuse_unused
from .configuration import configuration
from .exits import UsageError
from .place import catalog_place, find_catalog, known_to_pytest
from .project.begin import known_model
from .tell import tell


def run(options: argparse.Namespace) -> int:
    """Write a commented spec into the catalog's models/, and say what is next; begin a catalog where there is none."""
    catalog = find_catalog(options)
    folder = catalog_place(options)[0]
    models = folder / "models"
    for value, pattern in ((options.id, IDENTIFIER), (options.repo, REPO), (options.revision, COMMIT)):
        if value is not None and not re.fullmatch(pattern, value):
            raise UsageError(f"expected {IN_WORDS[pattern]}, found `{value}`")
    if options.engine.startswith(known.PREFIX):
        return _known(options, folder, catalog)
    if options.id is None:
        raise UsageError(f"give an id for the model: `modellab new-model {options.engine} ID`")
    options.engine = _from_here(options.engine, models)
    target = target_of(options.engine, models)
    if target is None:
        raise UsageError(f"no engine `{options.engine}` is installed; {suggest(options.engine, available())}")
    try:
        engine = engine_class(target)
    except Exception as error:  # third-party modules may raise anything
        raise UsageError(f"the engine `{options.engine}` ({target}) can't be used: {error}") from None
    languages = tuple(map(_canonical, options.language))
    if (options.repo is None) != (options.revision is None):
        raise UsageError("--repo and --revision go together: a pin without a revision moves")
    if options.weights is not None:
        refuse_unused(options, dict.fromkeys(("repo", "revision"), "weights of the hub, and --weights names a folder"))
    if options.weights is not None and not options.weights.is_dir():
        raise UsageError(f"{options.weights} is not a folder")
    given, wanted = options.weights is not None or options.repo is not None, needs_weights(engine)
    if wanted and not given:
        raise UsageError(
            f"{options.engine} needs weights: give --weights FOLDER, one on this machine, or --repo OWNER/NAME"
            " --revision COMMIT of the Hugging Face hub"
        )
    if wanted is False and given:
        raise UsageError(f"{options.engine} brings its own model: leave --weights and --repo out")
    path = models / f"{options.id}.yaml"
    if path.exists() or (catalog is not None and options.id in catalog.models):
        raise UsageError(f"there is a model `{options.id}` already; choose another id")
    draft = Draft(
        id=options.id,
        engine=options.engine,
        languages=languages,
        tiers=tuple(dict.fromkeys(options.tier)),
        path=None if options.weights is None else os.path.relpath(options.weights.resolve(), models.resolve()),
        repo=options.repo,
        revision=options.revision,
    )
    devices = {device.id: device for device in DEFAULT_DEVICES} if catalog is None else catalog.devices
    _write(path, spec_text(draft, engine, devices))
    for line in _next_steps(draft, path, begun=catalog is None, bare=catalog is None or not catalog.datasets):
        tell(line)
    return 0


def _from_here(engine: str, models: Path) -> str:
    """An engine's name; of a file in the current folder, as the spec in `models` has to name it."""
    place, colon, name = engine.rpartition(":")
    if not place.endswith(".py") or (models / place).is_file():
        return engine
    if not Path(place).is_file():
        raise UsageError(f"{engine}: no file {place} here ({Path.cwd()}), nor in {models}")
    return f"{Path(os.path.relpath(Path(place).resolve(), models.resolve())).as_posix()}{colon}{name}"


def _known(options: argparse.Namespace, folder: Path, catalog: Catalog | None) -> int:
    """The file of a known model, three lines."""
    name = known_model(options.engine)
    if any((options.weights, options.repo, options.revision, options.language)):
        raise UsageError(f"{options.engine} has its weights and languages: leave those options out")
    draft = Draft(options.id or name, options.engine, tiers=tuple(dict.fromkeys(options.tier)))
    path = folder / "models" / f"{draft.id}.yaml"
    if path.exists() or (catalog is not None and draft.id in catalog.models):
        raise UsageError(f"there is a model `{draft.id}` already; choose another id")
    own = "" if draft.id == name else f"id: {draft.id}\n"
    _write(path, f"schema: modellab.model/1\nmodel: {options.engine}\n{own}tiers: [{', '.join(draft.tiers)}]\n")
    for line in _next_steps(draft, path, begun=catalog is None, bare=catalog is None or not catalog.datasets):
        tell(line)
    return 0


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"can't write {path}: {error.strerror}; name another folder by --catalog DIR") from None


def _next_steps(draft: Draft, path: Path, *, begun: bool, bare: bool) -> Iterator[str]:
    """What was done and what comes next; `bare`: the catalog has no data set."""
    folder = path.parent.parent
    if begun:
        yield f"no catalog here yet: began one in {folder}"
    yield f"wrote {path}; look it over"
    if bare:
        yield f"the catalog has no data set: write {folder / 'datasets'}/ID.yaml, and a test of `run` (README.md)"
    if not known_to_pytest(folder):
        found = configuration()
        file = "pyproject.toml" if found.file is None else os.path.relpath(found.file)
        named = os.path.relpath(folder, found.base)
        setting = f'modellab_catalog = "{named}"' if file.endswith(".toml") else f"modellab_catalog = {named}"
        yield f"pytest does not know this catalog yet: write `{setting}` in {file}"
    yield "then run:"
    yield f"pytest --lab-model {draft.id}"
    if not draft.tiers:
        yield "A plain `pytest` leaves it out (`tiers: []`); `tiers: [smoke]` in the file puts it in."


def _canonical(tag: str) -> str:
    try:
        return canonical_tag(tag)
    except LanguageTagError as error:
        raise UsageError(str(error)) from None


def add(commands: Commands) -> None:
    """Add the command with its options."""
    new = commands.add(
        "new-model",
        run,
        "Write a commented spec of a model, with every option of its engine.",
        example="new-model faster-whisper my-model",
    )
    new.add_argument(
        "engine", metavar="ENGINE", help="an installed one, module:Class, path/to/file.py:Class, or known/MODEL"
    )
    new.add_argument("id", nargs="?", metavar="ID", help="id of the new model (default: that of a known model)")
    new.add_argument("--weights", type=Path, metavar="FOLDER", help="a folder of weights on this machine")
    new.add_argument("--repo", metavar="OWNER/NAME", help="or a repository of the Hugging Face hub,")
    new.add_argument("--revision", metavar="COMMIT", help="at this commit")
    new.add_argument(
        "--language",
        action="append",
        default=[],
        metavar="TAG",
        help="a language of the model; repeatable (default: any)",
    )
    new.add_argument(
        "--tier",
        action="append",
        default=[],
        choices=TIERS,
        help="it is in the runs of this tier; repeatable (default: none, it runs only if --lab-model names it)",
    )
