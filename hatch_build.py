"""Metadata of the built package: its addresses, and a README whose links work away from the repository.

`MODELLAB_REPOSITORY` is the address of the repository that publishes, `MODELLAB_REF` its tag. Without them the links of
the README stay as they are, and there are no addresses: a fork doesn't send its users elsewhere.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?P<target>(?![a-z][a-z+.-]*:|#|/)[^)\s]+)\)")
"""A picture or a link of Markdown to a file of the repository."""


def absolute(readme: str, repository: str, ref: str) -> str:
    """The text with links to files of the repository as addresses of these at `ref`, pictures as their bytes."""

    def replaced(found: re.Match[str]) -> str:
        form = "raw" if found["picture"] else "blob"
        return f"{found['picture']}[{found['text']}]({repository}/{form}/{ref}/{found['target']})"

    return _LINK.sub(replaced, readme)


def addresses(repository: str, ref: str) -> dict[str, str]:
    """The addresses that a package index shows."""
    return {
        "Homepage": repository,
        "Documentation": f"{repository}/blob/{ref}/docs/start.md",
        "Changelog": f"{repository}/blob/{ref}/CHANGELOG.md",
        "Issues": f"{repository}/issues",
    }


class Addresses(MetadataHookInterface):
    """Hatchling's hook, by `[tool.hatch.metadata.hooks.custom]`."""

    def update(self, metadata: dict[str, Any]) -> None:
        readme = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        repository, ref = os.environ.get("MODELLAB_REPOSITORY", "").rstrip("/"), os.environ.get("MODELLAB_REF", "main")
        if repository:
            readme = absolute(readme, repository, ref)
            metadata["urls"] = addresses(repository, ref)
        metadata["readme"] = {"content-type": "text/markdown", "text": readme}
