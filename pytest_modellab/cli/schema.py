"""`modellab schema`."""

from __future__ import annotations

import argparse

from ..bench.record_files import json_schema


def show(_: argparse.Namespace) -> int:
    """Print the JSON Schema of a record, as committed in the package."""
    print(json_schema(), end="")
    return 0
