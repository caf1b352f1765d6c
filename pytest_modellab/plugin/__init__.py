"""The plugin of pytest.

pytest rewrites the assertions of all modules of a package that has a plugin. Here no user sees one, and there are some
200 modules: where no bytecode of what it makes of them is kept (`PYTHONDONTWRITEBYTECODE`, an installation that is
read-only) each session would compile them all. What is imported from here on is imported as it was installed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_PACKAGE = f"{__name__.partition('.')[0]}."


class AsInstalled:
    """A finder of this package's modules, ahead of pytest's own."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        return PathFinder.find_spec(name, path, target) if name.startswith(_PACKAGE) else None


sys.meta_path.insert(0, AsInstalled)
