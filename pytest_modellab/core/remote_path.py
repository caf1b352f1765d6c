"""Paths of files on shared storage: `s3://bucket/folder/file`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

# Two letters at least: `C://` is a drive.
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://")

PROTOCOLS: Mapping[str, str] = {
    "s3": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "az": "adlfs",
    "abfs": "adlfs",
    "hf": "huggingface_hub",
    "http": "aiohttp",
    "https": "aiohttp",
    "memory": "fsspec",
}
"""The protocols -> the package that each takes beside fsspec."""


def is_remote(name: str) -> bool:
    """Whether a path names its protocol."""
    return _SCHEME.match(name) is not None


@dataclass(frozen=True, slots=True)
class RemotePath:
    """A file or folder, with its protocol. Raises ValueError for one that isn't of PROTOCOLS."""

    url: str

    def __post_init__(self) -> None:
        found = _SCHEME.match(self.url)
        protocol = found[1] if found else ""
        if protocol in {"file", "local"}:
            raise ValueError(f"`{self.url}`: write a path on this machine without `{protocol}://`")
        if protocol not in PROTOCOLS:
            raise ValueError(f"`{self.url}`: unknown protocol `{protocol}`; allowed: {', '.join(PROTOCOLS)}")
        if "::" in self.url or not self.url.isprintable():
            raise ValueError(f"`{self.url}` is no path of a file: it has `::` or an invisible character")

    def __str__(self) -> str:
        """The path without a user and a password."""
        parts = urlsplit(self.url)
        return self.url.replace(f"{parts.netloc.rpartition('@')[0]}@", "", 1) if "@" in parts.netloc else self.url

    @property
    def protocol(self) -> str:
        return self.url.partition("://")[0]

    @property
    def name(self) -> str:
        """The last part, of an address on the web without its query."""
        path = urlsplit(self.url).path if self.protocol in {"http", "https"} else self.url
        return path.rstrip("/").rpartition("/")[2]

    @property
    def parent(self) -> RemotePath:
        head, _, rest = self.url.partition("://")
        return RemotePath(f"{head}://{posixpath.dirname(rest.partition('?')[0].rstrip('/'))}")

    def joined(self, name: str) -> RemotePath:
        """What a relative path leads to from this folder, `..` followed."""
        head, _, rest = self.url.partition("://")
        added = quote(name) if self.protocol in {"http", "https"} else name
        return RemotePath(f"{head}://{posixpath.normpath(posixpath.join(rest, added))}")

    def is_within(self, folder: RemotePath) -> bool:
        """Whether it lies below the folder, `..` followed as a server may do."""
        own, other = self._steps(), folder._steps()
        return self.protocol == folder.protocol and ".." not in own and own[: len(other)] == other

    def _steps(self) -> list[str]:
        rest = self.url.partition("://")[2]
        if self.protocol in {"http", "https"}:
            rest = unquote(rest.partition("?")[0])
        return [step for step in posixpath.normpath(rest.strip("/")).split("/") if step != "."]
