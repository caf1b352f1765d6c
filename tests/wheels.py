"""Wheels made in a test, so that environments can be built without a network."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path


def write_wheel(folder: Path, name: str, version: str, files: Mapping[str, str]) -> Path:
    """A pure-Python wheel that holds `files`, by path."""
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    wheel = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    whole = {**files, f"{info}/WHEEL": wheel, f"{info}/METADATA": metadata}
    record = "".join(f"{path},sha256={_digest(text.encode())},{len(text.encode())}\n" for path, text in whole.items())
    place = folder / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(place, "w") as archive:
        for path, text in {**whole, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(path, text)
    return place


def repack(folder: Path, name: str) -> Path:
    """The wheel that an installed distribution came from, out of its installed files."""
    found = distribution(name)
    told = found.read_text("WHEEL")
    assert told is not None
    tag = next(line.removeprefix("Tag: ") for line in told.splitlines() if line.startswith("Tag: "))
    place = folder / f"{name}-{found.version}-{tag}.whl"
    with zipfile.ZipFile(place, "w") as archive:
        for path in found.files or ():
            # What the installer added: scripts outside of site-packages, byte code, marks of its own.
            own = path.parts[0] == ".." or path.suffix == ".pyc" or path.name in {"INSTALLER", "REQUESTED"}
            if not own:
                archive.write(str(path.locate()), path.as_posix())
    return place


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
