"""`modellab new-data`."""

from __future__ import annotations

import argparse

from pytest_modellab.catalog import load

from .command import Commands
from .exits import Exit
from .place import catalog_place, open_catalog
from .project.begin import TEXT_HELP, data_files, id_of, recognised
from .project.planned import write
from .project.told import checked, language_of, remarks
from .tell import tell, tell_lines


def run(options: argparse.Namespace) -> int:
    """Write a data set's file into the catalog; 1 where the recordings can't be used."""
    open_catalog(options)
    folder, base = catalog_place(options)
    source = recognised(options.place, options.revision, options.text)
    language = language_of(options.language, source)
    id = id_of(options.id, source)
    for remark in remarks(options.place, source, options.language):
        tell(remark)
    for line in write(data_files(folder, source, id, language), merge=False).lines:
        tell_lines(line)
    if not checked(load(folder, base), id):
        return Exit.WRONG
    tell(f"next: pytest --lab-dataset {id}")
    return Exit.OK


def add(commands: Commands) -> None:
    """Add the command with its options."""
    new = commands.add(
        "new-data",
        run,
        "Write the file of a data set: recordings with a table, a manifest, a Kaldi folder, .txt files, or of the hub.",
        example="new-data calls/calls.csv --id calls",
    )
    new.add_argument(
        "place", metavar="PLACE", help="a folder of recordings, a file that lists them, or OWNER/NAME of the hub"
    )
    new.add_argument("--id", metavar="ID", help="default: the name of the folder or file")
    new.add_argument("--language", metavar="TAG", help="of the recordings (default: guessed, and told)")
    new.add_argument("--text", metavar="COLUMN", help=TEXT_HELP)
    new.add_argument("--revision", metavar="COMMIT", help="of a data set of the hub (default: its newest)")
