"""matplotlib's SVG adapted for a page: unique ids, text as text, colours that follow the theme."""

from __future__ import annotations

import html
import io
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Colours that nobody would choose stand for those of the page's style.
INK, SOFT, LINE, FIRST, SECOND, CARD = (f"#01020{i}" for i in range(6))
_VARIABLES = {INK: "ink", SOFT: "soft", LINE: "line", FIRST: "accent", SECOND: "second", CARD: "card"}

_SETTINGS: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "modellab",
    "font.family": "DejaVu Sans",
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": SOFT,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "grid.color": LINE,
}


@dataclass(frozen=True)
class Panel:
    """A drawing with its title and description."""

    title: str
    svg: str
    """Safe to stand in a page as it is."""
    note: str = ""


@contextmanager
def drawing() -> Iterator[None]:
    """A context with matplotlib's settings for pages, without warnings: missing glyphs are left to the browser."""
    logger = logging.getLogger("matplotlib")
    level = logger.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logger.setLevel(logging.ERROR)
        try:
            import matplotlib

            with matplotlib.rc_context(_SETTINGS):
                yield
        finally:
            logger.setLevel(level)


def inline(figure: Figure, prefix: str, title: str, description: str) -> str:
    """The figure as an <svg> whose ids begin with `prefix`; for those who can't see it, `description` says it."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    for unwanted in (r"<metadata>.*?</metadata>", r"<!--.*?-->", r"<style[^>]*>.*?</style>", r"<defs>\s*</defs>"):
        svg = re.sub(unwanted, "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'(?:xlink:)?href="#', f'href="#{prefix}-', svg)
    svg = svg.replace("url(#", f"url(#{prefix}-")
    svg = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", svg)
    for sentinel, name in _VARIABLES.items():
        svg = svg.replace(sentinel, f"var(--{name})")
    box = re.search(r'viewBox="([^"]*)"', svg)
    assert box is not None
    head = (
        f'<svg viewBox="{box[1]}" role="img" aria-labelledby="{prefix}-title {prefix}-desc">'
        f'<title id="{prefix}-title">{html.escape(title)}</title>'
        f'<desc id="{prefix}-desc">{html.escape(description)}</desc>'
    )
    return head + re.sub(r"\n\s*", "\n", svg[svg.index(">") + 1 :].strip())
