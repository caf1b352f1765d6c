"""The utterances of a large record as a Parquet table: written and scored in row groups, read by column.

A record of fewer than `FEWEST_ROWS` utterances holds them itself, and so does any where pyarrow isn't installed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..record import UtteranceResult

FEWEST_ROWS = 20_000
"""From so many utterances on a record has a table."""
FEWEST_SHARED = 40_000
"""From so many on several processes share scoring: to start one takes a second."""
SUFFIX = ".utterances.parquet"
"""Of a table's file, in place of the record's `.json`."""
NEEDS = "pyarrow: pip install 'pytest-modellab[parquet]'"


def readable() -> bool:
    """Whether tables can be read and written here."""
    return find_spec("pyarrow") is not None


def wanted(count: int) -> bool:
    """Whether so many utterances are to be a table."""
    return count >= FEWEST_ROWS and readable()


def shared(count: int) -> bool:
    """Whether several processes score so many utterances."""
    return wanted(count) and count >= FEWEST_SHARED


def collected(rows: Iterable[UtteranceResult], count: int) -> Sequence[UtteranceResult]:
    """`count` rows as a record has them: in a table of their own where that is wanted, which takes no memory."""
    if not wanted(count):
        return tuple(rows)
    from .stored_rows import StoredRows
    from .writing import spooled

    return rows if isinstance(rows, StoredRows) else spooled(rows)
