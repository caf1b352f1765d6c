"""The bundle of a release as one archive: packed from a folder, and unpacked."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pytest_modellab.core.atomic import replacing

from .checks import digest, files
from .note import CHECKSUMS, SIGNATURE, ReleaseError

# The earliest that the format can hold: a bundle of the same files is the same bytes.
_TIME = (1980, 1, 1, 0, 0, 0)
_LARGEST = 2_000_000_000
"""Bytes that a bundle may unpack to: one that says more is no bundle."""


def write_checksums(folder: Path) -> None:
    """Write the checksums of a folder's files beside them, as `sha256sum -c` reads them."""
    lines = [f"{digest(folder / name)}  {name}\n" for name in files(folder)]
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8", newline="\n")


def pack(folder: Path, path: Path) -> None:
    """Write a folder with checksums as the zip `path`, whole or not at all. Raises OSError."""
    with replacing(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name in [*(each for each in (CHECKSUMS, SIGNATURE) if (folder / each).is_file()), *files(folder)]:
            entry = zipfile.ZipInfo(name, _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            bundle.writestr(entry, (folder / name).read_bytes())


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The folder of a bundle, for as long as it is looked at; `path` may be that folder itself. Raises ReleaseError."""
    if path.is_dir():
        yield path
        return
    with TemporaryDirectory(prefix="modellab-release-") as name:
        folder = Path(name)
        try:
            with zipfile.ZipFile(path) as bundle:
                _refuse(bundle, path)
                bundle.extractall(folder)
        except FileNotFoundError:
            raise ReleaseError(f"{path}: no such file") from None
        except (OSError, EOFError, zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, RuntimeError) as error:
            raise ReleaseError(f"{path}: is no bundle of a release: {error}") from error
        yield folder


def _refuse(bundle: zipfile.ZipFile, path: Path) -> None:
    """Raise ReleaseError for what no release writes, and might do harm."""
    seen: set[str] = set()
    for entry in bundle.infolist():
        steps = entry.filename.split("/")
        if any(step in {"", ".", ".."} for step in steps) or set(entry.filename) & set("\\:"):
            raise ReleaseError(f"{path}: the member `{entry.filename}` would leave the bundle's folder")
        if entry.filename in seen:
            raise ReleaseError(f"{path}: the member `{entry.filename}` is there twice")
        seen.add(entry.filename)
    if sum(entry.file_size for entry in bundle.infolist()) > _LARGEST:
        raise ReleaseError(f"{path}: would unpack to more than {_LARGEST / 1e9:g} GB")
