"""The scorecard as one HTML page that needs nothing but itself: from the verdict down to the sound of a wrong word."""

from .document import NAME, asset, missing, render
from .sounds import Recordings

__all__ = ["NAME", "Recordings", "asset", "missing", "render"]
