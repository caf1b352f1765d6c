"""`modellab hook install|status|uninstall|run`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from pytest_modellab.catalog.cases import plan
from pytest_modellab.catalog.errors import CatalogError

from . import pre_push
from .command import Commands, refuse_unused
from .configuration import configuration
from .place import find_catalog
from .tell import tell


def run(options: argparse.Namespace) -> int:
    """Install, show or remove the hook of this repository, or do what it does at a push."""
    here = Path.cwd()
    if options.action in {"status", "uninstall"}:
        refuse_unused(options, {"inconclusive": "`modellab hook install` and `run`"})
    if options.action == "run":
        return pre_push.run(here, options.inconclusive)
    if options.action == "status":
        return _status(pre_push.status(here))
    if options.action == "uninstall":
        removed = pre_push.uninstall(here)
        tell("there is no hook of ours here" if removed is None else f"removed {removed.path}")
        if removed is not None and removed.kept is not None:
            tell("the hook that stood there before is back")
        return 0
    found = configuration()
    home = None if found.file is None else found.base
    file = None if options.config_file is None else found.file
    installed = pre_push.install(here, inconclusive=options.inconclusive, home=home, configuration=file)
    tell(f"installed {installed.path}: it runs `pytest {' '.join(pre_push.PYTEST[:2])}` before every push")
    _tell_kept(installed)
    for line in _lacking(options):
        tell(f"modellab: {line}")
    return 0


def _lacking(options: argparse.Namespace) -> Iterator[str]:
    """What would stop every push, as things are."""
    try:
        catalog = find_catalog(options, engines=False)
    except CatalogError as error:
        yield f"every push will be stopped, as the catalog is wrong: {error}"
        return
    if catalog is None:
        yield "every push will be stopped, as there is no catalog yet: `modellab init FOLDER` makes one, of recordings"
    elif not any("smoke" in case.tiers for case in plan(catalog)):
        yield "every push will be stopped, as no case is in the tier smoke: put it into `tiers:` of model and data set"


def _status(found: pre_push.Installed | None) -> int:
    if found is None:
        tell("not installed; `modellab hook install` does it")
        return 1
    wrong = pre_push.broken(found)
    tell(f"installed: {found.path}" + (f"; but {wrong}: `modellab hook install` mends it" if wrong else ""))
    _tell_kept(found)
    return 1 if wrong else 0


def _tell_kept(installed: pre_push.Installed) -> None:
    if installed.kept is not None:
        tell(f"the hook that stood there is run first: {installed.kept}")


def add(commands: Commands) -> None:
    """Add the command with its options."""
    push = commands.add(
        "hook",
        run,
        "A pre-push hook that runs the smoke tests: install it, look at it, remove it.",
        example="hook install",
    )
    push.add_argument("action", choices=("install", "status", "uninstall", "run"))
    push.add_argument(
        "--inconclusive",
        choices=("allow", "fail"),
        metavar="allow|fail",
        help="whether a verdict that can't be reached stops a push (default: modellab_inconclusive of the ini file)",
    )
