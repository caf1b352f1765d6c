"""The lines that a terminal shows of what was written to it."""

from __future__ import annotations


def on_screen(written: str) -> list[str]:
    """The lines that a person has before them once everything is written."""
    lines = []
    for line in written.replace("\r\n", "\n").split("\n"):
        shown = ""
        for part in line.split("\r"):
            shown = part + shown[len(part) :]
        lines.append(shown.rstrip())
    return lines
