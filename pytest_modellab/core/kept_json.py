"""JSON cached per user: computed once; ignored where the file is damaged or owned by somebody else."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any

from .atomic import write_bytes

_HEX = hashlib.sha256().digest_size * 2


def write(path: Path, content: Any) -> None:
    """Store `content` with its digest. Raises OSError, or TypeError for values that aren't JSON."""
    data = json.dumps(content, separators=(",", ":")).encode()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_bytes(path, hashlib.sha256(data).hexdigest().encode() + data)
    path.chmod(0o600)


def read(path: Path) -> Any:
    """The content of `path`; None where the file is missing, damaged, or could have been written by another user."""
    try:
        with path.open("rb") as file:
            if not _own(os.fstat(file.fileno())):
                return None
            data = file.read()
    except OSError:
        return None
    digest, content = data[:_HEX], data[_HEX:]
    return json.loads(content) if hashlib.sha256(content).hexdigest().encode() == digest else None


def _own(info: os.stat_result) -> bool:
    if not stat.S_ISREG(info.st_mode):
        return False
    return os.name == "nt" or (info.st_uid == os.geteuid() and not info.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
