"""The scorecard in the step summary of GitHub Actions, a file to which steps append Markdown."""

from __future__ import annotations

from pathlib import Path

MOST_BYTES = 1024 * 1024
"""What GitHub takes of one step; of a larger file it shows nothing."""


def append(text: str, file: Path, *, most: int = MOST_BYTES) -> str:
    """Append Markdown to the file, within what it may hold in all; the reason where it could not be, else ""."""
    try:
        room = most - (file.stat().st_size if file.exists() else 0)
        fitting = within(text, room)
        if not fitting:
            return f"the step's summary {file} is full: it may hold {most:,} bytes"
        with file.open("a", encoding="utf-8", errors="replace") as opened:
            opened.write(fitting)
    except OSError as error:
        return f"the step's summary could not be written to {file}: {error.strerror or error}"
    return ""


def within(text: str, most: int) -> str:
    """`text` in so many bytes: all of it, or its first lines and a note; nothing where not even that fits."""
    data = text.encode("utf-8", "replace")
    if len(data) <= most:
        return data.decode("utf-8")
    note = "\n\n*cut off here: a step's summary holds 1 MiB; the scorecard has the rest*\n"
    whole, newline, _ = data[: max(0, most - len(note))].rpartition(b"\n")
    return whole.decode("utf-8") + note if newline else ""
