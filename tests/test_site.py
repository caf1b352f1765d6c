"""The checks of the built site: what they find, on pages that are made for it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from documents import ROOT

sys.path.insert(0, str(ROOT / "docs"))

from check_site import main, outside, problems

PAGE = '<html><body><h1 id="top">A page</h1><a href="{}">there</a>{}</body></html>'


def site(folder: Path, link: str = "other.html#top", more: str = "") -> Path:
    (folder / "index.html").write_text(PAGE.format(link, more))
    (folder / "other.html").write_text(PAGE.format("index.html", ""))
    return folder


@pytest.mark.parametrize("link", ["other.html#top", "other.html", "#top", "https://a.org/b#c", "mailto:a@b.org"])
def test_a_good_link(tmp_path: Path, link: str) -> None:
    assert [*problems(site(tmp_path, link))] == []


@pytest.mark.parametrize("link", ["nothing.html", "other.html#nothing", "#nothing", "../outside.html"])
def test_a_link_that_leads_nowhere(tmp_path: Path, link: str) -> None:
    assert [*problems(site(tmp_path, link))]


@pytest.mark.parametrize(
    "more",
    [
        '<script src="https://a.org/b.js"></script>',
        '<img src="//a.org/b.png">',
        '<link rel="stylesheet" href="https://a.org/b.css">',
        '<link rel="preconnect" href="https://fonts.a.org">',
    ],
)
def test_what_is_fetched_from_elsewhere(tmp_path: Path, more: str) -> None:
    assert [*problems(site(tmp_path, more=more))]


@pytest.mark.parametrize("css", ["@import 'https://a.org/b.css';", "a { background: url(//a.org/b.png) }"])
def test_what_a_style_sheet_fetches_from_elsewhere(tmp_path: Path, css: str) -> None:
    (site(tmp_path) / "style.css").write_text(css)
    assert [*problems(tmp_path)]


def test_own_pictures_scripts_and_styles_are_fine(tmp_path: Path) -> None:
    more = '<script src="a.js"></script><img src="a.png"><link rel="stylesheet" href="a.css"><link rel="canonical" href="https://a.org">'
    (site(tmp_path, more=more) / "a.css").write_text("a { background: url(a.png) }")
    assert [*problems(tmp_path)] == []


def test_addresses_outside_are_listed_and_not_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(site(tmp_path, "https://a.org/b")) == 0
    assert outside(tmp_path) == ["https://a.org/b"]
    assert (tmp_path / "external-links.txt").read_text() == "https://a.org/b\n"
    assert "0 problems; 1 addresses outside" in capsys.readouterr().out


def test_an_empty_folder_is_no_site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(tmp_path) == 1
    assert "no page" in capsys.readouterr().err
