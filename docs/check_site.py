"""Checks of the built site: `python docs/check_site.py FOLDER`.

Every link within it leads somewhere, anchors included, and no page fetches anything from elsewhere. Addresses outside
that pages link to are written to `external-links.txt` in the folder; nobody is asked whether they are there.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LOADED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "embed": "src",
}
_LOADED_LINKS = frozenset({"stylesheet", "icon", "preload", "prefetch", "modulepreload", "shortcut icon", "preconnect"})
_IN_CSS = re.compile(r"(?:url\(|@import\s+)\s*['\"]?((?:https?:)?//[^'\")\s;]+)")


@dataclass
class Page(HTMLParser):
    """What a page has and names: anchors, links, and what a browser loads with it."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "link" and given.get("rel") in _LOADED_LINKS:
            self.loaded.append(given.get("href", ""))
        if tag in _LOADED and _LOADED[tag] in given:
            self.loaded.append(given[_LOADED[tag]])


def read(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def problems(folder: Path) -> Iterator[str]:
    """What is wrong with the site, a line each."""
    pages = {path.resolve(): read(path) for path in sorted(folder.rglob("*.html"))}
    if not pages:
        yield f"{folder}: no page"
    for path, page in pages.items():
        shown = path.relative_to(folder.resolve())
        yield from (f"{shown}: loads {address}" for address in page.loaded if _is_remote(address))
        for link in page.links:
            where = urlsplit(link)
            if where.scheme or where.netloc:
                continue
            target = (path.parent / unquote(where.path)).resolve() if where.path else path
            if not target.exists():
                yield f"{shown}: {link} leads nowhere"
            elif where.fragment and target in pages and unquote(where.fragment) not in pages[target].anchors:
                yield f"{shown}: {link} names no anchor of {target.name}"
    for path in sorted(folder.rglob("*.css")):
        for address in _IN_CSS.findall(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(folder)}: loads {address}"


def outside(folder: Path) -> list[str]:
    """The addresses that pages link to outside the site."""
    links = {link for path in folder.rglob("*.html") for link in read(path).links}
    return sorted(link for link in links if urlsplit(link).scheme in {"http", "https"})


def _is_remote(address: str) -> bool:
    return bool(urlsplit(address).netloc)


def main(folder: Path) -> int:
    found = list(problems(folder))
    addresses = outside(folder)
    (folder / "external-links.txt").write_text("".join(f"{each}\n" for each in addresses), encoding="utf-8")
    for line in found:
        print(line, file=sys.stderr)
    print(f"{folder}: {len(found)} problems; {len(addresses)} addresses outside, in external-links.txt")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
