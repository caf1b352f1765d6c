"""A refused request of the server of reports."""

from __future__ import annotations


class Refused(Exception):
    """HTTP status and reason."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
