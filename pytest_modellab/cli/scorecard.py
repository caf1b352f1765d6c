"""`modellab scorecard`."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from pydantic import ValidationError

from ..printable import from_here
from ..scorecard import markdown, page, terminal
from ..scorecard.card import Scorecard
from ..scorecard.files import write_page
from . import UsageError
from .exits import Exit
from .place import reports_folder


def run(options: argparse.Namespace) -> int:
    """Show the last session's scorecard again; the exit code says nothing of what is on it."""
    path = Path(reports_folder(options)) / "scorecard.json"
    try:
        card = Scorecard.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: can't be read: {error.strerror}; run pytest first") from error
    except ValidationError as error:
        raise UsageError(f"{path}: is no scorecard: {error.errors(include_url=False)[0]['msg']}") from error
    if options.html is not None:
        _write_page(card, path.parent, options.html)
    elif options.markdown:
        print(markdown.render(card), end="")
    else:
        for line, _ in terminal.render(card, from_here(path), width=shutil.get_terminal_size().columns):
            print(line)
    return Exit.OK


def _write_page(card: Scorecard, reports: Path, place: Path) -> None:
    absent = page.missing()
    if absent:
        raise UsageError(f"a page takes {' and '.join(absent)}: pip install 'pytest-modellab[report]'")
    try:
        write_page(card, reports, place)
    except OSError as error:
        raise UsageError(f"{place}: can't be written: {error.strerror or error}") from error
    print(place)
