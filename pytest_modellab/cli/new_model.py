"""`modellab new-model`."""

from __future__ import annotations

import argparse
import os
import re

from ..catalog.base import COMMIT, IDENTIFIER, IN_WORDS, LANGUAGE_TAG, REPO
from ..catalog.errors import suggest
from ..engines.registry import available, engine_class, target_of
from ..new_model import Draft, spec_text
from . import UsageError
from .place import open_catalog


def run(options: argparse.Namespace) -> int:
    """Write a commented spec into the catalog's models/, and say what to do next."""
    catalog = open_catalog(options)
    models = catalog.folder / "models"
    target = target_of(options.engine, models)
    if target is None:
        raise UsageError(f"no engine `{options.engine}` is installed; {suggest(options.engine, available())}")
    try:
        engine = engine_class(target)
    except Exception as error:  # somebody's module may raise anything
        raise UsageError(f"the engine `{options.engine}` ({target}) can't be used: {error}") from None
    tags = ((tag, LANGUAGE_TAG) for tag in options.language)
    for value, pattern in ((options.id, IDENTIFIER), (options.repo, REPO), (options.revision, COMMIT), *tags):
        if value is not None and not re.fullmatch(pattern, value):
            raise UsageError(f"expected {IN_WORDS[pattern]}, found `{value}`")
    if (options.repo is None) != (options.revision is None):
        raise UsageError("--repo and --revision go together: a pin without a revision moves")
    if options.weights is not None and not options.weights.is_dir():
        raise UsageError(f"{options.weights} is not a folder")
    path = models / f"{options.id}.yaml"
    if path.exists() or options.id in catalog.models:
        raise UsageError(f"there is a model `{options.id}` already; choose another id")
    draft = Draft(
        id=options.id,
        engine=options.engine,
        languages=tuple(options.language),
        tiers=tuple(dict.fromkeys(options.tier)),
        path=None if options.weights is None else os.path.relpath(options.weights.resolve(), models.resolve()),
        repo=options.repo,
        revision=options.revision,
    )
    models.mkdir(exist_ok=True)
    path.write_text(spec_text(draft, engine, catalog.devices), encoding="utf-8")
    print(f"wrote {path}; look it over, then run:\npytest --lab-model {options.id}")
    if not draft.tiers:
        print("A plain `pytest` leaves it out (`tiers: []`); `tiers: [smoke]` in the file puts it in.")
    return 0
