"""Values from engines converted to JSON values. Standard library only: the worker imports this."""

from __future__ import annotations

import math
from typing import Any


def json_value(fact: Any) -> Any:
    """A value as JSON: numbers, booleans and None as they are, all else as text."""
    if fact is None or isinstance(fact, bool | int):
        return fact
    if isinstance(fact, float) and math.isfinite(fact):
        return fact
    return storable(str(fact))


def storable(text: str) -> str:
    """`text` with halves of surrogate pairs, which UTF-8 can't hold, as U+FFFD; whole pairs become their character."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
