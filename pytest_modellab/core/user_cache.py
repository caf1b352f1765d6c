"""The cache folder of this user."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from .variables import CACHE


def cache_root() -> Path:
    """The user's cache folder: MODELLAB_CACHE, else the platform's cache folder for `modellab`."""
    named = CACHE.get()
    return Path(named) if named else Path(platformdirs.user_cache_dir("modellab"))
