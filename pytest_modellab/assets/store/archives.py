"""Members of archives, read in place: nothing is ever extracted by its own path."""

import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO

from . import debs
from .errors import SourceFailed

CHUNK = 1 << 20
"""Bytes read at a time."""


def chunks_of(stream: IO[bytes]) -> Iterator[bytes]:
    """What is left in a stream, a mebibyte at a time."""
    while chunk := stream.read(CHUNK):
        yield chunk


def read_member(archive: Path, member: str) -> Iterator[bytes]:
    """The bytes of one regular file in a zip or tar archive, or in a Debian package (without the leading `./`).

    Raises SourceFailed where the member is absent, a link or a folder, or the archive is damaged.
    """
    with _translated_damage(archive):
        if zipfile.is_zipfile(archive):
            yield from _zip_member(archive, member)
        else:
            with _tar(archive) as opened:
                yield from _tar_member(opened, archive.name, member)


def read_members(archive: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Every regular file whose name is `wanted`, with its bytes, in one pass over the archive.

    Read each one's bytes before the next. Raises as `read_member`.
    """
    with _translated_damage(archive):
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened:
                for found in opened.infolist():
                    if not _no_file(found) and wanted(found.filename):
                        with opened.open(found) as stream:
                            yield found.filename, _bytes_of(stream, archive)
            return
        with _tar(archive) as tar:
            for entry in tar:
                name = entry.name.removeprefix("./")
                if entry.isreg() and wanted(name) and (inside := tar.extractfile(entry)) is not None:
                    with inside:
                        yield name, _bytes_of(inside, archive)


def _bytes_of(stream: IO[bytes], archive: Path) -> Iterator[bytes]:
    with _translated_damage(archive):
        yield from chunks_of(stream)


@contextmanager
def _translated_damage(archive: Path) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError) as error:
        raise SourceFailed(f"{archive.name} is damaged ({error})") from error
    except (RuntimeError, NotImplementedError) as error:
        raise SourceFailed(f"{archive.name} cannot be read ({error})") from error


def _tar(archive: Path) -> AbstractContextManager[tarfile.TarFile]:
    return debs.opened(archive) if debs.is_deb(archive) else tarfile.open(archive)


def _no_file(entry: zipfile.ZipInfo) -> bool:
    return entry.is_dir() or stat.S_ISLNK(entry.external_attr >> 16)


def _zip_member(archive: Path, member: str) -> Iterator[bytes]:
    with zipfile.ZipFile(archive) as opened:
        try:
            found = opened.getinfo(member)
        except KeyError:
            raise SourceFailed(f"{archive.name} has no member {member}") from None
        if _no_file(found):
            raise SourceFailed(f"{member} in {archive.name} is not a regular file")
        with opened.open(found) as stream:
            yield from chunks_of(stream)


def _tar_member(opened: tarfile.TarFile, archive: str, member: str) -> Iterator[bytes]:
    found = next((entry for entry in opened if entry.name.removeprefix("./") == member), None)
    if found is None:
        raise SourceFailed(f"{archive} has no member {member}")
    # A link could name any member, or, to an unpacker, any file of the machine.
    stream = opened.extractfile(found) if found.isreg() else None
    if stream is None:
        raise SourceFailed(f"{member} in {archive} is not a regular file")
    with stream:
        yield from chunks_of(stream)
