"""`modellab scorecard`."""

from __future__ import annotations

import argparse
from pathlib import Path

from pydantic import ValidationError

from ..scorecard import markdown, terminal
from ..scorecard.card import Scorecard
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
    if options.markdown:
        print(markdown.render(card), end="")
    else:
        for line, _ in terminal.render(card, str(path)):
            print(line)
    return Exit.OK
