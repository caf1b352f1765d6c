"""A comparison as one HTML file that needs nothing else."""

from __future__ import annotations

from importlib.resources import files

from ..printable import printable
from . import words
from .parts import Compared


class PageError(Exception):
    """What a page is made with isn't installed."""


def render(compared: Compared) -> str:
    """Raises PageError without Jinja2."""
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError:
        raise PageError("an HTML page needs Jinja2: pip install 'pytest-modellab[report]'") from None
    # Transcripts and messages are others' words: everything is escaped, and what turns the reading direction replaced.
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_shown
    )
    text = files(__package__).joinpath("page.html.j2").read_text(encoding="utf-8")
    return environment.from_string(text).render(compared=compared, words=words, several=len(compared.sides) > 2)


def _shown(value: object) -> object:
    return printable(value) if type(value) is str else value
