"""The documents of the repository as a reader sees them: headings, links, blocks of code and code in a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import cmarkgfm

ROOT = Path(__file__).parents[1]
NOTES = ("CONTRIBUTING.md", "README.md", "SECURITY.md", "CODE_OF_CONDUCT.md", "CHANGELOG.md", "changelog.d/README.md")
PAGES = tuple(sorted([*(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")), *NOTES]))
"""Every page that people read, from the repository's root."""

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})


@dataclass(frozen=True)
class Block:
    """A block of code: its language, "" where none is named, and its text."""

    language: str
    text: str


@dataclass
class Reader(HTMLParser):
    """Collects what a page has from its HTML, as GitHub makes it."""

    headings: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    spans: list[str] = field(default_factory=list)
    _text: list[str] = field(default_factory=list)
    _language: str = ""
    _inside: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "img":
            self.links.append(given.get("src", ""))
        elif tag == "pre":
            self._language = given.get("lang", "")
        if tag in _HEADINGS or tag == "pre" or (tag == "code" and "pre" not in self._inside):
            self._inside.append(tag)
            if len(self._inside) == 1 or tag == "pre":
                self._text.clear()

    def handle_endtag(self, tag: str) -> None:
        if not self._inside or self._inside[-1] != tag:
            return
        self._inside.pop()
        text = "".join(self._text)
        if tag in _HEADINGS:
            self.headings.append(text)
        elif tag == "pre":
            self.blocks.append(Block(self._language, text))
        elif not self._inside:
            self.spans.append(" ".join(text.split()))

    def handle_data(self, data: str) -> None:
        self._text.append(data)


@cache
def read(page: str) -> Reader:
    return read_text((ROOT / page).read_text(encoding="utf-8"))


def read_text(text: str) -> Reader:
    # What a page of the site takes in from elsewhere is looked at there.
    own = re.sub(r"^```\{(include|toctree)\}.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    reader = Reader()
    reader.feed(cmarkgfm.github_flavored_markdown_to_html(own))
    return reader


def anchors(reader: Reader) -> set[str]:
    """The anchors of headings, by GitHub's rules."""
    found: set[str] = set()
    for heading in reader.headings:
        slug = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        name, number = slug, 0
        while name in found:
            number += 1
            name = f"{slug}-{number}"
        found.add(name)
    return found


def dead_links(page: str, reader: Reader) -> Iterator[str]:
    """Links of a page within the repository that lead nowhere."""
    folder = (ROOT / page).parent
    for link in reader.links:
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (folder / path).resolve() if path else (ROOT / page).resolve()
        if not target.is_relative_to(ROOT) or not target.exists():
            yield f"{page}: {link} leads nowhere"
        elif anchor and target.suffix == ".md":
            there = reader if not path else read(target.relative_to(ROOT).as_posix())
            if anchor not in anchors(there):
                yield f"{page}: {link} names no heading of {target.name}"


def outside(reader: Reader) -> set[str]:
    """The addresses outside the repository that a page links to."""
    return {link for link in reader.links if link.startswith(("http:", "https:"))}
