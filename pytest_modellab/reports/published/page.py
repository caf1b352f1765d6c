"""The list as one self-contained HTML file, which loads nothing: two plots, the table, the sources."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from pytest_modellab.core.console import printable

from ..leaderboard.page import PageError, digest
from ..scorecard.page import asset
from ..scorecard.page.document import missing
from .listed import ModelList
from .shown import columns, remarks, told


def render(found: ModelList, title: str) -> str:
    """The page. Raises PageError without Jinja2 and matplotlib."""
    if lacking := missing():
        raise PageError(f"an HTML page needs {' and '.join(lacking)}: pip install 'pytest-modellab[report]'")
    from jinja2 import Environment, StrictUndefined

    from .plots import plots

    # Titles, licences and addresses are others' words: everything is escaped, and what turns the reading direction.
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_shown
    )
    whole = columns(found)
    kept = [each for each in whole if not each.empty]
    return environment.from_string(_own("published.html.j2")).render(
        title=title,
        entries=found.entries,
        columns=kept,
        plots=plots(found),
        remarks=list(remarks(found)),
        sources=found.sources,
        told=told,
        numbers=found.numbers,
        style=asset("page.css") + _own("published.css"),
        script=asset("theme.js"),
        script_digest=digest(asset("theme.js")),
    )


def _shown(value: object) -> object:
    return printable(value) if type(value) is str else value


@cache
def _own(name: str) -> str:
    return files(__package__).joinpath("templates", name).read_text(encoding="utf-8")
