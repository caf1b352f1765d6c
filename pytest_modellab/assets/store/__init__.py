"""Content-addressed cache: files requested by SHA-256, fetched from named sources, verified, stored once.

Many processes may share it. Nothing that is fetched is ever executed.
"""

from pytest_modellab.core.user_cache import cache_root

from .blobs import digest_file
from .cache import Store, WantedFile
from .errors import Attempt, DigestMismatch, SourceFailed, StoreError, Unavailable
from .remote import RemoteFile
from .snapshots import Snapshot
from .sources import Deb, Folder, Hub, Inside, Npm, Parts, Sdist, Source, Url, Wheel
from .unpacking import Selection, StoredFile

__all__ = [
    "Attempt",
    "Deb",
    "DigestMismatch",
    "Folder",
    "Hub",
    "Inside",
    "Npm",
    "Parts",
    "RemoteFile",
    "Sdist",
    "Selection",
    "Snapshot",
    "Source",
    "SourceFailed",
    "Store",
    "StoreError",
    "StoredFile",
    "Unavailable",
    "Url",
    "WantedFile",
    "Wheel",
    "cache_root",
    "digest_file",
]
