"""A command of `modellab`: its name, its function, its options."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


class Commands:
    """The parser's registry of commands, to which the module of each command adds its own."""

    def __init__(self, subparsers: Subparsers) -> None:
        self._subparsers = subparsers

    def add(self, name: str, function: Callable[[argparse.Namespace], int], help: str) -> argparse.ArgumentParser:
        """The parser of a new command, for its options; `function` runs it and returns the exit code."""
        added = self._subparsers.add_parser(name, help=help, description=help)
        added.set_defaults(run=function)
        return added


def positive(text: str) -> int:
    """A whole number of at least 1, as an option's `type`."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number of at least 1 is needed, not {text!r}")
    return int(text)
