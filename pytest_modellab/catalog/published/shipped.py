"""The file of published models that ships in the package."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ..errors import CatalogError
from ..reader import Reader
from .spec import PublishedFile

PATH = Path(__file__).with_name("models.yaml")


def read_published(path: Path) -> PublishedFile:
    """A file of published models. Raises CatalogError with every problem and its line."""
    reader = Reader(engines=False)
    found = reader.one(PublishedFile, path)
    if found is None or reader.documents[path].problems:
        raise CatalogError(reader.documents[path].problems, path.parent)
    return found


@cache
def shipped() -> PublishedFile:
    """The models, uses and sources of this version."""
    return read_published(PATH)
