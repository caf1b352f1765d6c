"""Security checks of the server: foreign host names, paths outside of the folder, public addresses."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from urllib.parse import unquote_to_bytes

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^\[\]:@/\s]+)(:\d{1,5})?")
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~+-]*")
"""Of a path: no dot ahead, so neither `..` nor what is hidden; nothing that any system takes for a separator."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_allowed(header: str | None, exposed: bool) -> bool:
    """Whether a `Host:` header is this server's own.

    A page of another site may have its name resolve to this machine, and would then be of one origin with what is
    shown here. The browser still says that name. An address can't be made to point elsewhere: where the server is
    there for others, any will do.
    """
    found = _HOST.fullmatch(header or "")
    if found is None:
        return False
    name = found["name"].strip("[]").lower()
    if is_loopback(name):
        return True
    if not exposed:
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def parts(path: str) -> tuple[str, ...] | None:
    """The parts of a request's path, without its query; None where it isn't one that is ever served."""
    bare = path.partition("?")[0]
    try:
        text = unquote_to_bytes(bare).decode("ascii")
    except ValueError:
        return None
    if not text.startswith("/"):
        return None
    found = tuple(text[1:].split("/")) if text != "/" else ()
    return found if all(_PART.fullmatch(part) for part in found) else None


def inside(folder: Path, *below: str) -> Path | None:
    """The file that lies there; None where there is none, or where a link leads out of the folder."""
    try:
        path = folder.joinpath(*below).resolve(strict=True)
    except (OSError, ValueError):
        return None
    return path if path.is_file() and path.is_relative_to(folder.resolve()) else None
