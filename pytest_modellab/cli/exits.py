"""Exit codes of the command `modellab`, and the error that leads to one of them."""

from enum import IntEnum


class Exit(IntEnum):
    OK = 0
    WRONG = 1
    USAGE = 2
    INTERRUPTED = 130
    UNREAD = 141


MEANINGS = {
    Exit.OK: "all well",
    Exit.WRONG: "something is wrong or not available",
    Exit.USAGE: "the command line asks for what isn't there",
    Exit.INTERRUPTED: "interrupted; what was fetched is kept",
    Exit.UNREAD: "whoever read the output, such as `head`, stopped before its end",
}


class UsageError(Exception):
    """The command line names something that doesn't exist."""
