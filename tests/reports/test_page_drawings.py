"""Drawings of a page are kept, and drawn anew where they show something else."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from pytest_modellab.core import kept_json
from pytest_modellab.reports.scorecard.page.drawings import Drawings
from pytest_modellab.reports.scorecard.page.svg import Panel


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Pen:
    """Draws a word, and counts how often."""

    def __init__(self) -> None:
        self.drawn: list[str] = []

    def page(self, folder: Path, *words: str) -> list[Panel]:
        drawings = Drawings(folder)
        found = [drawings.panel(("word", word), lambda word=word: self.draw(word)) for word in words]  # type: ignore[misc]
        drawings.keep()
        return found

    def draw(self, word: str) -> Panel:
        self.drawn.append(word)
        return Panel(word, f"<svg>{word}</svg>", "a note")


def test_what_shows_the_same_is_not_drawn_again(tmp_path: Path) -> None:
    pen = Pen()
    first = pen.page(tmp_path, "a", "b")
    assert pen.page(tmp_path, "b", "a") == first[::-1]
    assert pen.drawn == ["a", "b"]


def test_what_shows_something_else_is_drawn_and_what_is_gone_is_forgotten(tmp_path: Path) -> None:
    pen = Pen()
    for words in (("a", "b"), ("b", "c"), ("a", "b", "c")):
        assert [panel.title for panel in pen.page(tmp_path, *words)] == list(words)
    assert pen.drawn == ["a", "b", "c", "a"]


def test_each_folder_of_pages_has_its_own(tmp_path: Path) -> None:
    pen = Pen()
    pen.page(tmp_path / "one", "a")
    pen.page(tmp_path / "two", "a")
    assert pen.drawn == ["a", "a"]


def test_another_version_of_what_draws_draws_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pen = Pen()
    pen.page(tmp_path, "a")
    monkeypatch.setattr("pytest_modellab.reports.scorecard.page.drawings.version", lambda name: "another")
    pen.page(tmp_path, "a")
    assert pen.drawn == ["a", "a"]


@pytest.mark.parametrize("content", [b"{}", b"", "other"])
def test_a_file_that_is_damaged_or_of_another_form_is_drawn_over(
    tmp_path: Path, cache: Path, content: bytes | str
) -> None:
    pen = Pen()
    pen.page(tmp_path, "a")
    (path,) = (cache / "drawings").iterdir()
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        kept_json.write(path, {key: {"no": "panel"} for key in kept_json.read(path)})
    assert pen.page(tmp_path, "a") == [Panel("a", "<svg>a</svg>", "a note")]
    assert pen.drawn == ["a", "a"]


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path, cache: Path) -> None:
    cache.write_text("a file")
    pen = Pen()
    pen.page(tmp_path, "a")
    pen.page(tmp_path, "a")
    assert pen.drawn == ["a", "a"]


def test_drawing_leaves_warnings_as_they_were(tmp_path: Path) -> None:
    before = list(warnings.filters)
    Pen().page(tmp_path, "a")
    assert list(warnings.filters) == before
