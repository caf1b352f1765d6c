"""`modellab doctor`."""

from __future__ import annotations

import argparse
from itertools import groupby

from pytest_modellab.runner.doctor import examine

from .command import Commands
from .place import catalog_place, find_catalog, first_step
from .tell import tell


def run(options: argparse.Namespace) -> int:
    """Print all checks, section by section; 1 where no model of the catalog could run, else 0."""
    able = False
    catalog = find_catalog(options)
    for section, findings in groupby(examine(catalog), key=lambda finding: finding.section):
        tell(section)
        found = list(findings)
        width = max(len(finding.subject) for finding in found)
        for finding in found:
            able |= section == "models" and finding.ok
            fix = f"  -> {finding.fix}" if finding.fix else ""
            tell(f"  {'ok' if finding.ok else '--'}  {finding.subject:<{width}}  {finding.what}{fix}")
    if catalog is None:
        tell(f"no catalog here: {catalog_place(options)[0]} is not a folder  -> {first_step(options)}")
    elif not catalog.models:
        tell(f"no model in the catalog {catalog.folder}  -> {first_step(options)}")
    elif not able:
        tell("No model of this catalog can run as things are.")
    return 0 if able else 1


def add(commands: Commands) -> None:
    """Add the command with its options."""
    commands.add(
        "doctor",
        run,
        "Say what is installed, seen and present here, what is missing, and the fix beside it.",
        example="doctor",
    )
