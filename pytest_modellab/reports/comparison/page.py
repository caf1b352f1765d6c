"""A comparison as one self-contained HTML file."""

from __future__ import annotations

from importlib.resources import files

from pytest_modellab.core.console import printable

from . import words
from .parts import Compared


class PageError(Exception):
    """A library that pages need isn't installed."""


def render(compared: Compared) -> str:
    """Raises PageError without Jinja2."""
    try:
        from jinja2 import Environment, StrictUndefined
        from markupsafe import Markup
    except ImportError:
        raise PageError("an HTML page needs Jinja2: pip install 'pytest-modellab[report]'") from None
    # Transcripts and messages are others' words: everything is escaped, and what turns the reading direction replaced.
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_shown
    )
    text = files(__package__).joinpath("page.html.j2").read_text(encoding="utf-8")
    # The look is the scorecard's.
    style = (
        files("pytest_modellab.reports.scorecard.page").joinpath("templates", "page.css").read_text(encoding="utf-8")
    )
    several = len(compared.sides) > 2
    return environment.from_string(text).render(compared=compared, words=words, several=several, style=Markup(style))


def _shown(value: object) -> object:
    return printable(value) if type(value) is str else value
