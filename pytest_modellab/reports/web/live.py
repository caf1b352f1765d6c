"""The page of running sessions, and the link to it."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from pytest_modellab.core.console import printable

from ..scorecard.page import asset

_BODY = b"<body>"
_OTHERS = (("past", "sessions"), ("trends", "trends"), ("leaderboard", "leaderboard"))
"""Path and name of each of the other pages."""


@cache
def page() -> bytes:
    """The page; what it shows comes to it as events."""
    text = _own("live.html").replace("@style@", _style()).replace("@script@", _script())
    return text.encode()


@cache
def policy() -> str:
    """What the page may do: its own style and script, by their digests, and ask this server."""
    return (
        f"default-src 'none'; style-src {_digest(_style())}; script-src {_digest(_script())}; img-src data:;"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def links(sessions: Sequence[str] = ()) -> str:
    """The line that leads to the other pages, as mark-up, and to that of `sessions` which run."""
    others = " · ".join(f'<a href="/{path}">{name}</a>' for path, name in _OTHERS)
    running = ""
    if sessions:
        named = f"Session {printable(sessions[0])} is" if len(sessions) == 1 else f"{len(sessions)} sessions are"
        running = f'<a href="/live">{html.escape(named)} running: follow live</a> · '
    return (
        '<nav aria-label="Other pages" class="card" style="margin: 1rem auto 0; padding: .4rem 1rem;'
        f' width: min(79.5rem, 100% - 1.6rem)">{running}{others}</nav>'
    )


def with_notice(document: bytes, line: str) -> bytes:
    """A page with `line` ahead of everything else on it; one without a body is left as it is."""
    head, body, rest = document.partition(_BODY)
    return head + body + line.encode() + rest if body else document


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _style() -> str:
    return asset("page.css") + _own("live.css")


def _script() -> str:
    return asset("theme.js") + _own("live.js")


@cache
def _own(name: str) -> str:
    return (Path(__file__).parent / "templates" / name).read_text(encoding="utf-8")
