"""The scorecard as one self-contained HTML page: from the verdict down to the audio of single utterances."""

from .document import NAME, asset, missing, render
from .sounds import Recordings

__all__ = ["NAME", "Recordings", "asset", "missing", "render"]
