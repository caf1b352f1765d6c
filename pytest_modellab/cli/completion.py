"""`modellab completion`."""

from __future__ import annotations

import argparse
from functools import partial

import shtab

from .command import Commands
from .exits import Exit
from .tell import tell_lines


def run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Print the script that completes commands and options in a shell."""
    tell_lines(shtab.complete(parser, options.shell))
    return Exit.OK


def add(commands: Commands) -> None:
    """Add the command with its options."""
    shell = commands.add(
        "completion",
        partial(run, commands.parser),
        "Print the script by which a shell completes commands and options: source it in the shell's start-up file.",
        example="completion bash >> ~/.bashrc",
    )
    known = shtab.SUPPORTED_SHELLS
    shell.add_argument("shell", choices=known, metavar="SHELL", help=" or ".join(known))
