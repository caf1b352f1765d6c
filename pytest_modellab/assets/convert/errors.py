"""What is wrong with weights; apart, so that the catalog can name it without numpy."""

from __future__ import annotations


class WeightsDamaged(ValueError):
    """A file of weights isn't what it should be: cut off, corrupt, or of another kind. The text names it."""
