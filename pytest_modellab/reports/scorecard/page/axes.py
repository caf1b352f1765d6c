"""The axes that drawings of a page share: a line below, faint lines up from it, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SMALL = 9.5
"""Points; of the numbers at the axes."""


def plain(axes: Axes) -> None:
    """Leave what tells something; ticks of powers of ten on a logarithmic axis."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.patch.set_visible(False)
    axes.figure.patch.set_visible(False)
    axes.tick_params(axis="x", labelsize=SMALL, length=3, width=0.8)
    axes.grid(axis="x", linewidth=0.5, alpha=0.6)
    axes.set_axisbelow(True)
    if axes.get_xscale() == "log":
        low, high = axes.get_xlim()
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high / low < 30 else (1.0,)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter("{x:g}")
    else:
        axes.xaxis.set_major_locator(MaxNLocator(5))
