"""The page for listeners: one self-contained HTML file, which loads nothing and says nothing of who speaks."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from ..leaderboard.page import PageError, digest
from ..scorecard.page import asset
from .prepare import Prepared


def render(test: Prepared, title: str) -> str:
    """The page. Raises PageError without Jinja2."""
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError:
        raise PageError("an HTML page needs Jinja2: pip install 'pytest-modellab[report]'") from None
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    script = asset("theme.js") + _own("listening.js")
    told = {
        "test": test.key.test,
        "scale": test.key.scale,
        # Sorted by their opaque names: the order says nothing. The page shuffles for each listener.
        "items": [{"text": each.text, "clips": sorted(each.clips.values())} for each in test.key.items],
    }
    return environment.from_string(_own("listening.html.j2")).render(
        title=title,
        scale=test.key.scale,
        count=len(test.key.items),
        clips=test.clips,
        told=json.dumps(told),
        style=asset("page.css") + _own("listening.css"),
        script=script,
        script_digest=digest(script),
    )


@cache
def _own(name: str) -> str:
    return (files(__package__) / "templates" / name).read_text(encoding="utf-8")
