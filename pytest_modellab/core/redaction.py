"""Redaction: user names and passwords removed from URLs before text is stored or shown."""

from __future__ import annotations

import re
from typing import Any

# What stands between `://` and the last `@` of an address's authority (RFC 3986, section 3.2.1).
_USERINFO = re.compile(r"(?<=://)[^/?#\s\"'<>]+@")
HIDDEN = "***@"


def without_secrets(text: str) -> str:
    """`text` with `***` in place of the `user:password` of every address in it."""
    return _USERINFO.sub(HIDDEN, text) if "@" in text else text


def redacted(value: Any) -> Any:
    """A JSON value with `without_secrets` applied to all of its texts, keys included."""
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, dict):
        return {redacted(key): redacted(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(each) for each in value]
    return value
