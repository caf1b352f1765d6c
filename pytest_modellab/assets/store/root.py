"""Where the cache is."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from pytest_modellab.core.variables import CACHE


def cache_root() -> Path:
    """The cache of this user: MODELLAB_CACHE, or else the platform's cache folder for `modellab`."""
    named = CACHE.get()
    return Path(named) if named else Path(platformdirs.user_cache_dir("modellab"))
