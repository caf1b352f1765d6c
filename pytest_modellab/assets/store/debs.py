"""Debian packages, downloaded by apt-get, which checks them against its signed lists. Nothing is installed."""

import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from .errors import SourceFailed

# apt's own are two minutes, three times over.
_PATIENCE = (
    *("-o", "Acquire::Retries=1"),
    *("-o", "Acquire::http::Timeout=15"),
    *("-o", "Acquire::https::Timeout=15"),
)
_MAGIC = b"!<arch>\n"
_HEADER = 60


def download_deb(requirement: str, folder: Path) -> Path:
    """Download the package of `name=version` into `folder`, which must be empty, and give its path.

    Raises SourceFailed where there is no apt, or with what it says.
    """
    apt = shutil.which("apt-get")
    if apt is None:
        raise SourceFailed("no apt-get here: Debian packages can be had on Debian, Ubuntu and their kin only")
    try:
        done = subprocess.run(
            [apt, "-q", *_PATIENCE, "download", requirement],
            cwd=folder,
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise SourceFailed(f"apt-get cannot be started ({error})") from error
    package = next(folder.glob("*.deb"), None)
    if done.returncode == 0 and package is not None:
        return package
    said = " / ".join(line.strip() for line in done.stderr.splitlines() if line.startswith("E:")) or "no message"
    stale = "Unable to locate package" in said or "was not found" in said
    raise SourceFailed(f"apt-get download: {said}{'; `apt-get update` may help' if stale else ''}")


def is_deb(archive: Path) -> bool:
    """Whether a file begins as a Debian package does."""
    with archive.open("rb") as stream:
        return stream.read(len(_MAGIC)) == _MAGIC


@contextmanager
def opened(archive: Path) -> Iterator[tarfile.TarFile]:
    """The tar archive of what the package would install (deb(5): an ar archive with a `data.tar.*` in it).

    Raises tarfile.TarError where there is none, SourceFailed where it is compressed in a way that can't be read here.
    """
    with tempfile.TemporaryFile() as data, ExitStack() as held:
        with archive.open("rb") as stream:
            suffix = _copy_data(stream, data)
        data.seek(0)
        try:
            found = held.enter_context(tarfile.open(fileobj=data))
        except tarfile.ReadError:
            # Zstandard, before Python 3.14.
            unpacked = held.enter_context(tempfile.TemporaryFile())
            _by_dpkg(archive, suffix, unpacked)
            found = held.enter_context(tarfile.open(fileobj=unpacked))
        yield found


def _by_dpkg(archive: Path, suffix: str, out: IO[bytes]) -> None:
    if shutil.which("dpkg-deb") is None:
        raise SourceFailed(f"{archive.name} holds data.tar{suffix}, which this Python can't read; install dpkg")
    command = ["dpkg-deb", "--fsys-tarfile", str(archive)]
    subprocess.run(command, stdout=out, stderr=subprocess.DEVNULL, check=False)
    out.seek(0)


def _copy_data(stream: IO[bytes], out: IO[bytes]) -> str:
    """Copy the `data.tar.*` of an ar archive; its suffix."""
    stream.read(len(_MAGIC))
    while len(header := stream.read(_HEADER)) == _HEADER:
        name = header[:16].decode("ascii", errors="replace").strip().rstrip("/")
        try:
            size = int(header[48:58])
        except ValueError:
            break
        if name.startswith("data.tar"):
            left = size
            while left and (piece := stream.read(min(left, 1 << 20))):
                out.write(piece)
                left -= len(piece)
            if left:
                raise tarfile.ReadError("the package is cut short")
            return name.removeprefix("data.tar")
        stream.seek(size + size % 2, os.SEEK_CUR)
    raise tarfile.ReadError("no data.tar in the package")
