"""Files wanted by SHA-256, fetched from named sources, verified, kept once in a cache of many processes.

Nothing that is fetched is ever executed.
"""

from .blobs import digest_file
from .cache import Store, Wanted, cache_root
from .errors import Attempt, DigestMismatch, StoreError, Unavailable
from .sources import Folder, Hub, Parts, Sdist, Source, Wheel

__all__ = [
    "Attempt",
    "DigestMismatch",
    "Folder",
    "Hub",
    "Parts",
    "Sdist",
    "Source",
    "Store",
    "StoreError",
    "Unavailable",
    "Wanted",
    "Wheel",
    "cache_root",
    "digest_file",
]
