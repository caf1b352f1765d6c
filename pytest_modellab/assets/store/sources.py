"""Sources from which a file can be fetched."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .web import without_credentials

_DEB = re.compile(r"[a-z0-9][a-z0-9+.-]+=[A-Za-z0-9][A-Za-z0-9.+:~-]*")
_NPM = re.compile(r"(?:@[a-z0-9][a-z0-9._-]*/)?[a-z0-9][a-z0-9._-]*@[0-9A-Za-z][0-9A-Za-z.+-]*")
_PINNED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9][A-Za-z0-9._!+-]*)")


def split_requirement(requirement: str) -> tuple[str, str]:
    """The name and the version of `name==version`.

    Raises ValueError for anything looser, so that a requirement can never be read as an option of pip.
    """
    match = _PINNED.fullmatch(requirement)
    if match is None:
        raise ValueError(f"{requirement!r} is not a pinned requirement: write name==version")
    return match[1], match[2]


@dataclass(frozen=True, slots=True)
class Folder:
    """A file in a local folder."""

    path: Path
    """The folder; a leading `~` stands for the home folder."""
    name: str
    """The file's path inside it."""

    def __str__(self) -> str:
        return f"folder {self.path}"


@dataclass(frozen=True, slots=True)
class Wheel:
    """A file inside a wheel that pip can find."""

    requirement: str
    """`name==version`; anything else raises ValueError."""
    member: str
    """The file's path inside the wheel; "" for the wheel itself."""

    def __post_init__(self) -> None:
        split_requirement(self.requirement)

    def __str__(self) -> str:
        return f"wheel {self.requirement}"


@dataclass(frozen=True, slots=True)
class Sdist:
    """A file inside a source distribution (tar.gz or zip) of pip's index. Its code is never run."""

    requirement: str
    """`name==version`; anything else raises ValueError."""
    member: str
    """The file's path inside the archive, top folder included; "" for the archive itself."""

    def __post_init__(self) -> None:
        split_requirement(self.requirement)

    def __str__(self) -> str:
        return f"sdist {self.requirement}"


@dataclass(frozen=True, slots=True)
class Npm:
    """A file inside a package that npm can find. None of its scripts is run."""

    requirement: str
    """`name@version`; anything else raises ValueError."""
    member: str
    """The file's path inside the package's archive, `package/` included; "" for the archive itself."""

    def __post_init__(self) -> None:
        if not _NPM.fullmatch(self.requirement):
            raise ValueError(f"{self.requirement!r} is not a pinned npm package: write name@version")

    def __str__(self) -> str:
        return f"npm package {self.requirement}"


@dataclass(frozen=True, slots=True)
class Deb:
    """A file inside a Debian package that apt can find. The package is not installed."""

    requirement: str
    """`name=version`; anything else raises ValueError."""
    member: str
    """The file's path inside the package, as it would be installed, without a leading `/` or `./`; "" for the
    package itself."""

    def __post_init__(self) -> None:
        if not _DEB.fullmatch(self.requirement):
            raise ValueError(f"{self.requirement!r} is not a pinned Debian package: write name=version")

    def __str__(self) -> str:
        return f"deb {self.requirement}"


@dataclass(frozen=True, slots=True)
class Url:
    """A file on the web."""

    url: str
    """http or https; anything else raises ValueError."""

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise ValueError(f"{self.url!r} is not an address that begins with http:// or https://")

    def __str__(self) -> str:
        return without_credentials(self.url)


@dataclass(frozen=True, slots=True)
class Inside:
    """A file inside an archive on this machine."""

    archive: Path
    """A leading `~` stands for the home folder."""
    member: str

    def __str__(self) -> str:
        return f"archive {self.archive}"


@dataclass(frozen=True, slots=True)
class Parts:
    """A file that was split: its parts, joined in order."""

    parts: tuple[Wheel | Sdist | Npm | Url | Folder, ...]

    def __str__(self) -> str:
        return " + ".join(str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Hub:
    """A file of a repository in the Hugging Face hub."""

    repo: str
    """`owner/name`."""
    revision: str
    """A commit, or else a branch or tag; the digest decides either way."""
    filename: str
    """The file's path inside the repository."""
    kind: Literal["model", "dataset"] = "model"

    def __str__(self) -> str:
        return f"hub {'datasets/' if self.kind == 'dataset' else ''}{self.repo}"


Package = Wheel | Sdist | Npm | Deb
Source = Folder | Package | Url | Inside | Parts | Hub
