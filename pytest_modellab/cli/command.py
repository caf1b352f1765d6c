"""A command of `modellab`: its name, its function, its options, an example."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import textwrap
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from .exits import UsageError

_CHOICE = re.compile(r"invalid choice: '(?P<word>[^']*)'")
_UNKNOWN = re.compile(r"unrecognized arguments: (?P<words>.*)")
_NARROWEST = 40


class Parser(argparse.ArgumentParser):
    """A parser whose errors name the nearest command, option or choice."""

    def error(self, message: str) -> NoReturn:
        """End with the exit code of wrong usage."""
        found = _UNKNOWN.search(message)
        # A parser knows its own options: one that it calls unknown was left to a command.
        unknown = _options(found["words"]) if found else []
        own = next((each for each in unknown if each in self._option_string_actions), None)
        near = next(iter(self._near(message)), None)
        if own is not None:
            message += f"; `{own}` stands before the command, as in `{self.prog} {own} ... COMMAND`"
        elif near:
            message += f"; did you mean `{near}`?"
        super().error(message)

    def _near(self, message: str) -> Iterator[str]:
        found = _CHOICE.search(message)
        if found:
            choices = [str(each) for action in self._actions for each in action.choices or ()]
            yield from get_close_matches(found["word"], choices, n=1)
        found = _UNKNOWN.search(message)
        if found:
            # argparse tells options that a command doesn't know by the parser above it.
            parsers = [self, *(each for each in self._choice_parsers() if getattr(each, "asked", False))]
            options = {name for parser in parsers for name in parser._option_string_actions}
            for word in _options(found["words"]):
                yield from get_close_matches(word, sorted(options), n=1)

    def _choice_parsers(self) -> Iterator[argparse.ArgumentParser]:
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                yield from action.choices.values()


class CommandParser(Parser):
    """The parser of one command, whose arguments may stand before, between and after its options."""

    asked = False
    """Whether it is its command that was given."""
    _mixing = False

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]  # as overloaded there
        # argparse takes what may be left out as left out where an option comes first: `export csv -o FILE CASE`.
        self.asked = True
        if self._mixing:
            return super().parse_known_args(args, namespace)
        if any(each == "" or (each.startswith("--") and each.endswith("=")) for each in args or ()):
            self.error("an argument is empty; is a variable of the shell not set?")
        self._mixing = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._mixing = False


def _options(words: str) -> list[str]:
    """The names of the options among words of a command line."""
    return [word.partition("=")[0] for word in words.split() if word.startswith("-")]


if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[CommandParser]


class Commands:
    """The parser's registry of commands, to which the module of each command adds its own."""

    def __init__(self, parser: Parser) -> None:
        self.parser = parser
        self._subparsers: Subparsers = parser.add_subparsers(
            required=True, metavar="COMMAND", parser_class=CommandParser
        )

    def add(
        self, name: str, function: Callable[[argparse.Namespace], int], help: str, *, example: str
    ) -> argparse.ArgumentParser:
        """The parser of a new command, for its options; `function` runs it and returns the exit code.

        `example` is a use of it, without `modellab` ahead.
        """
        width = max(_NARROWEST, shutil.get_terminal_size().columns - 2)
        added = self._subparsers.add_parser(
            name,
            help=help,
            description=textwrap.fill(help, width),
            epilog=f"example:\n  modellab {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(run=function)
        return added


def refuse_unused(options: argparse.Namespace, purposes: Mapping[str, str]) -> None:
    """Raise UsageError for an option that was given and would be ignored; `purposes` says of each what it is for."""
    for name, purpose in purposes.items():
        given = getattr(options, name)
        if given is not None and given is not False and given != []:  # 0 was given, too
            raise UsageError(f"--{name.replace('_', '-')} is for {purpose}")


def new_file(text: str) -> Path:
    """A file to be written, as an option's `type`: one that can't be is refused before anything is run."""
    path = Path(text)
    if not path.name or text.endswith("/") or path.is_dir():
        raise argparse.ArgumentTypeError(f"{text or '(nothing)'}: can't be written: it is no file's name")
    above = next(each for each in path.absolute().parents if each.exists() or each.is_symlink())
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text}: can't be written: {above} is no folder that can be written to")
    return path


def whole(low: int, high: int) -> Callable[[str], int]:
    """A whole number from `low` to `high`, as an option's `type`."""

    def read(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"a whole number from {low} to {high} is needed, not {text!r}")
        return int(text)

    return read


def positive(text: str) -> int:
    """A whole number of at least 1, as an option's `type`."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number of at least 1 is needed, not {text!r}")
    return int(text)
