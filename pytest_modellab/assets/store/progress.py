"""Progress of downloads on stderr."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pytest_modellab.core.console import dumb


def readable(size: int) -> str:
    """A size in bytes as people write it, in decimal units: `145 MB`."""
    if size < 1000:
        return f"{size} bytes"
    for unit, scale in (("kB", 1e3), ("MB", 1e6)):
        if size < scale * 999.5:
            return f"{size / scale:.3g} {unit}"
    return f"{size / 1e9:.3g} GB"


class Progress:
    """Bars on a terminal, one plain line per download elsewhere."""

    def __init__(self, bars: bool | None) -> None:
        self.bars = sys.stderr.isatty() and not dumb() if bars is None else bars

    def say(self, line: str) -> None:
        """One line on stderr, at once."""
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    def announce(self, name: str, size: int | None, source: object) -> None:
        """Say that a download begins, where no bar will."""
        if not self.bars:
            measured = "" if size is None else f" ({readable(size)})"
            self.say(f"fetching {name}{measured} from {source}")

    @contextmanager
    def bar(self, label: str, total: int | None) -> Iterator[Callable[[int], object]]:
        """A bar of `total` bytes; call what it gives with the number of bytes that came."""
        if not self.bars:
            yield lambda count: None
            return
        from tqdm import tqdm

        with tqdm(total=total, desc=label, unit="B", unit_scale=True, file=sys.stderr) as shown:
            yield shown.update
