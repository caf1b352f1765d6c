"""Untrusted text escaped for Markdown: no mark-up, no links, no mentions."""

from __future__ import annotations

import re

from .console import printable

_LONGEST = 300
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#&~$])")
# What would begin a list or a heading where it stands first on its line.
_LEADING = re.compile(r"^(?:[-+](?=[-+\s]|$)|=|\d{1,9}(?=[.)](?:\s|$)))")
# GitHub makes links of addresses, and of what calls people, issues and changes.
_LINKED = re.compile(r"(?<=[A-Za-z]):(?=//)|(?<=\bwww)\.|(?<=\bmailto):|(?<=\bxmpp):", re.IGNORECASE)
_CALLING = re.compile(r"(@|\\#|\bGH-)(?=\w)", re.IGNORECASE)
_APART = "\N{WORD JOINER}"
"""Has no width: what stands on both sides of it is no longer one word."""


def plain(text: str) -> str:
    """The first line of `text`, escaped."""
    line = printable(text.splitlines()[0] if text else "").strip()
    line = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."
    line = _LINKED.sub(lambda found: f"\\{found[0]}", _SPECIAL.sub(r"\\\1", line))
    line = _CALLING.sub(rf"\1{_APART}", line)
    first = _LEADING.match(line)
    if first is None:
        return line
    return f"{line[: first.end()]}\\{line[first.end() :]}" if first[0].isdigit() else f"\\{line}"


def code(text: str) -> str:
    """The same as code, in a table, too: what would end it there is replaced."""
    line = printable(text.splitlines()[0] if text else "").translate({ord("`"): "'", ord("|"): "\N{BROKEN BAR}"})
    return f"`{line.strip() or ' '}`"
