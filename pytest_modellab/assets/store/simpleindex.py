"""Pages of a package index (PEP 503 HTML, PEP 691 JSON) and the source distributions they list.

Read here and not by pip, which runs the setup.py of a source distribution to download it; nor by pypi-simple, whose
requests knows no local index (`file:`) and takes four more packages.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from packaging.utils import canonicalize_name

from .errors import SourceFailed

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
"""The Accept header of a request for a page."""

_SDIST_SUFFIXES = (".tar.gz", ".zip", ".tgz", ".tar.bz2")


@dataclass(frozen=True, slots=True)
class Link:
    """A file that a page lists."""

    filename: str
    url: str
    sha256: str | None
    """What the index says of its digest, hexadecimal."""


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.base: str | None = None
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href")
        if target and tag == "a":
            self.targets.append(target)
        elif target and tag == "base":
            self.base = target


def page_url(index: str, project: str) -> str:
    """The address of a project's page; for a local index its `index.html`, as pip reads it."""
    page = f"{index.rstrip('/')}/{canonicalize_name(project)}/"
    return page + "index.html" if urlsplit(index).scheme == "file" else page


def read_page(body: bytes, content_type: str, url: str) -> list[Link]:
    """The links of a page that came from `url`. Raises SourceFailed for JSON that is none."""
    if "json" in content_type:
        return _read_json(body, url)
    parser = _Anchors()
    parser.feed(body.decode("utf-8", errors="replace"))
    base = urljoin(url, parser.base) if parser.base else url
    links = []
    for target in parser.targets:
        address, fragment = urldefrag(urljoin(base, target.strip()))
        declared = re.search(r"(?:^|&)sha256=([0-9a-fA-F]{64})", fragment)
        filename = unquote(urlsplit(address).path.rpartition("/")[2])
        links.append(Link(filename, address, declared[1].lower() if declared else None))
    return links


def _read_json(body: bytes, url: str) -> list[Link]:
    try:
        return [
            Link(entry["filename"], urljoin(url, entry["url"]), entry.get("hashes", {}).get("sha256"))
            for entry in json.loads(body)["files"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceFailed(f"{url} is not a page of a package index ({error!r})") from error


def find_sdist(links: Iterable[Link], project: str, version: str) -> Link | None:
    """The source distribution of exactly that version, under its old or its PEP 625 name."""
    for link in links:
        suffix = next((end for end in _SDIST_SUFFIXES if link.filename.endswith(end)), None)
        if suffix is None:
            continue
        stem = link.filename.removesuffix(suffix)
        # Names and versions may both hold hyphens, so the version is taken off the end, not split off.
        head = stem[: -len(version) - 1]
        if stem.lower() == f"{head}-{version}".lower() and canonicalize_name(head) == canonicalize_name(project):
            return link
    return None
