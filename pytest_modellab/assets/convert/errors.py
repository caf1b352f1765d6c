"""Errors of weight files; a module of its own, so that the catalog can import it without numpy."""

from __future__ import annotations


class WeightsDamaged(ValueError):
    """A weight file that is truncated, corrupt or of another format. The message names it."""
