"""Members of archives, read in place: nothing is ever extracted by its own path."""

import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from .errors import SourceFailed

CHUNK = 1 << 20
"""Bytes read at a time."""


def chunks_of(stream: IO[bytes]) -> Iterator[bytes]:
    """What is left in a stream, a mebibyte at a time."""
    while chunk := stream.read(CHUNK):
        yield chunk


def read_member(archive: Path, member: str) -> Iterator[bytes]:
    """The bytes of one regular file in a zip or tar archive.

    Raises SourceFailed where the member is absent, a link or a folder, or the archive is damaged.
    """
    reader = _zip_member if zipfile.is_zipfile(archive) else _tar_member
    try:
        yield from reader(archive, member)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError) as error:
        raise SourceFailed(f"{archive.name} is damaged ({error})") from error
    except (RuntimeError, NotImplementedError) as error:
        raise SourceFailed(f"{member} in {archive.name} cannot be read ({error})") from error


def _zip_member(archive: Path, member: str) -> Iterator[bytes]:
    with zipfile.ZipFile(archive) as opened:
        try:
            found = opened.getinfo(member)
        except KeyError:
            raise SourceFailed(f"{archive.name} has no member {member}") from None
        if found.is_dir() or stat.S_ISLNK(found.external_attr >> 16):
            raise SourceFailed(f"{member} in {archive.name} is not a regular file")
        with opened.open(found) as stream:
            yield from chunks_of(stream)


def _tar_member(archive: Path, member: str) -> Iterator[bytes]:
    with tarfile.open(archive) as opened:
        try:
            found = opened.getmember(member)
        except KeyError:
            raise SourceFailed(f"{archive.name} has no member {member}") from None
        # A link could name any member, or, to an unpacker, any file of the machine.
        stream = opened.extractfile(found) if found.isreg() else None
        if stream is None:
            raise SourceFailed(f"{member} in {archive.name} is not a regular file")
        with stream:
            yield from chunks_of(stream)
