"""The outputs that docs/terminal.md shows keep to what it says: fifteen lines a session, twenty-five a failure."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_modellab.plugin.options import CARDS

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "terminal.md").read_text(encoding="utf-8")
README = (DOCS.parent / "README.md").read_text(encoding="utf-8")


def outputs(page: str) -> list[list[str]]:
    """The lines of each scorecard that is shown, its heading among them, up to what pytest says last."""
    blocks = re.split(r"^    (?==+ modellab scorecard)", page, flags=re.MULTILINE)[1:]
    bodies = (block.partition("\n")[2] for block in blocks)
    return [
        re.split(r"^(?:    =|\S)", body, maxsplit=1, flags=re.MULTILINE)[0].rstrip().splitlines() for body in bodies
    ]


@pytest.mark.parametrize("lines", [*outputs(PAGE), *outputs(README)], ids=lambda lines: lines[0].strip()[:20])
def test_a_session_takes_at_most_fifteen_lines(lines: list[str]) -> None:
    assert 5 < len(lines) + 1 <= 15
    assert max(len(line.removeprefix("    ")) for line in lines) <= (80 if lines[0] in PAGE else 100)
    assert lines[-1].strip() == "page: reports/scorecard.html"


def test_a_failure_takes_at_most_twenty_five() -> None:
    found = re.search(r"^    -+ modellab -+\n(.*?)^    =", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert found is not None
    assert len(found[1].splitlines()) <= 25
    assert "REF: " in found[1]


def test_each_form_is_told() -> None:
    assert all(f"`--lab-card={form}`" in PAGE for form in CARDS)
