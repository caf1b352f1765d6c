"""Errors of fetching and verifying files."""

from collections.abc import Sequence
from dataclasses import dataclass


class StoreError(Exception):
    """Base of all errors of the store; the message is meant for the person who runs the tests."""


class SourceFailed(StoreError):
    """One source failed to give the file; the message is the reason, without the source's name."""


class WrongBytes(StoreError):
    """A source gave a complete file with another digest than the expected one."""

    def __init__(self, actual: str, size: int) -> None:
        self.actual = actual
        """SHA-256 of what came, hexadecimal."""
        self.size = size
        """How much came, in bytes."""
        super().__init__(f"wrong bytes: sha256 {actual}, {size} bytes")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One source that was tried, and why it failed."""

    source: str
    reason: str

    def __str__(self) -> str:
        return f"  {self.source}: {self.reason}"


class Unavailable(StoreError):
    """No source could give the file."""

    def __init__(self, what: str, attempts: Sequence[Attempt], advice: str) -> None:
        self.attempts = tuple(attempts)
        """Every source tried, in order."""
        if self.attempts:
            tried = "\n".join(str(attempt) for attempt in self.attempts)
            text = f"{what} could not be fetched; tried:\n{tried}\n{advice}"
        else:
            text = f"{what} is not in the cache and no source is named for it.\n{advice}"
        super().__init__(text)


class DigestMismatch(StoreError):
    """Every source failed, and at least one of them gave a file with another digest."""

    def __init__(
        self, what: str, source: str, expected: str, actual: str, attempts: Sequence[Attempt], advice: str
    ) -> None:
        self.source = source
        """The first source that gave wrong bytes."""
        self.expected = expected
        """The wanted SHA-256, hexadecimal."""
        self.actual = actual
        """The SHA-256 of what the source gave, hexadecimal."""
        self.attempts = tuple(attempts)
        """Every source tried, in order."""
        tried = "\n".join(str(attempt) for attempt in self.attempts)
        super().__init__(
            f"{what} has the wrong digest at {source}:\n"
            f"  expected sha256 {expected}\n"
            f"  actual   sha256 {actual}\n"
            f"nothing was kept; tried:\n{tried}\n{advice}"
        )
