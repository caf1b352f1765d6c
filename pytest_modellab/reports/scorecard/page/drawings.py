"""Cache of drawings: a drawing of the same data isn't drawn again, and matplotlib isn't imported for it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pytest_modellab.core import kept_json
from pytest_modellab.core.user_cache import cache_root

from .svg import Panel, drawing

FOLDER = "drawings"
_CODE = tuple(
    Path(__file__).with_name(name)
    for name in ("panels.py", "fronts.py", "axes.py", "labels.py", "curves.py", "sweeps.py", "svg.py")
)


class Drawings:
    """The cached drawings of the pages in one folder, by their data."""

    def __init__(self, folder: Path) -> None:
        self._place = cache_root() / FOLDER / f"{hashlib.sha256(os.fsencode(folder.absolute())).hexdigest()[:32]}.json"
        self._by = (version("matplotlib"), *((info.st_size, info.st_mtime_ns) for info in map(os.stat, _CODE)))
        found = kept_json.read(self._place)
        self._kept: dict[str, Any] = found if isinstance(found, dict) else {}
        self._shown: dict[str, dict[str, str]] = {}

    def panel(self, what: tuple[object, ...], draw: Callable[[], Panel]) -> Panel:
        """The drawing of `what`, which is all that `draw` depends on and says it in its `repr`."""
        key = hashlib.sha256(repr((self._by, what)).encode("utf-8", "surrogatepass")).hexdigest()
        try:
            panel = Panel(**self._kept[key])
        except (KeyError, TypeError):
            with drawing():
                panel = draw()
        self._shown[key] = asdict(panel)
        return panel

    def keep(self) -> None:
        """Keep the drawings of this page, and no others. A cache that can't be written is done without."""
        if self._shown.keys() == self._kept.keys():
            return
        try:
            kept_json.write(self._place, self._shown)
        except OSError:
            return
