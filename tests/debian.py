"""Debian packages for tests: small ones made here, and whether real ones can be had."""

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pytest_modellab.assets.store import StoreError
from pytest_modellab.assets.store.debs import download_deb


def tar_of(files: Mapping[str, bytes], compression: str = "gz") -> bytes:
    """A tar archive of these files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=f"w:{compression}") as archive:  # type: ignore[call-overload]  # a made-up mode
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def deb_of(data: bytes, suffix: str = ".gz") -> bytes:
    """A Debian package, deb(5), whose data.tar is `data`."""
    out = b"!<arch>\n"
    for name, content in (("debian-binary", b"2.0\n"), ("control.tar.gz", b"odd"), (f"data.tar{suffix}", data)):
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode() + content
        out += b"\n" * (len(content) % 2)
    return out


def without_apt(requirement: str) -> str | None:
    """Why apt can't give a package here; None where it can."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            download_deb(requirement, Path(folder))
    except StoreError as error:
        return str(error)
    return None


@cache
def zstandard(data: bytes) -> bytes | None:
    """Compressed by the zstd program; None where there is none."""
    try:
        return subprocess.run(["zstd", "-q", "-c"], input=data, capture_output=True, check=True).stdout
    except FileNotFoundError:
        return None
