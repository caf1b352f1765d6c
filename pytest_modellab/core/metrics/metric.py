"""What a measure is, and how it is printed."""

import math
from dataclasses import dataclass
from typing import Literal

Unit = Literal["%", "1", "n", "x", "s", "MB", "/min", "price", "dB"]

# Per unit: the suffix, the fewest decimals, and the significant digits that small values get beyond them.
_NOTATION: dict[Unit, tuple[str, int, int]] = {
    "%": (" %", 1, 1),
    "1": ("", 2, 2),
    "n": ("", 0, 1),
    "x": (" x", 0, 2),
    "s": (" s", 2, 2),
    "MB": (" MB", 0, 2),
    "price": ("", 2, 2),
    "/min": (" /min", 1, 2),
    "dB": (" dB", 1, 2),
}
# Below this the digits would only be zeros; it is shown with "<".
_SMALLEST = 1e-5


@dataclass(frozen=True)
class Metric:
    """One measure.

    Attributes:
        name: its key in records and suites.
        title: its heading in reports.
        unit: how values are printed. A "%" is stored as a ratio (0.032 is 3.2 %), the others in the unit
            itself; "1" is a plain ratio, "n" a number of times, "x" a factor, "MB" 10^6 bytes, "/min" a number per
            minute, "price" an amount of money in the currency of the device's price.
        better: which direction is an improvement.
        doc: its definition.
    """

    name: str
    title: str
    unit: Unit
    better: Literal["lower", "higher"]
    doc: str

    @property
    def bound(self) -> Literal["max", "min"]:
        """Which side a limit is on."""
        return "max" if self.better == "lower" else "min"

    def format_gap(self, difference: float) -> str:
        """The size of a difference between two values; of two percentages it is in points."""
        return f"{abs(100 * difference):.3g} points" if self.unit == "%" else self.format(abs(difference))

    def format(self, value: float | None) -> str:
        """`value` for a person: "3.2 %", "0.12", "8.3 x", "1.24 s", "349 MB".

        None, and a value that is not a finite number, is "not available": a missing figure must never look
        like a zero. Nor does rounding turn a small figure into 0, or nearly all into 100 %: "<0.00001".
        """
        if value is None or not math.isfinite(value):
            return "not available"
        suffix, least, significant = _NOTATION[self.unit]
        shown = 100 * value if self.unit == "%" else value
        nearest = 100.0 if self.unit == "%" and shown > 50 else 0.0
        gap = shown - nearest
        if gap == 0:
            return f"{shown:.{least}f}{suffix}"
        if abs(gap) < _SMALLEST:
            return f"{'<' if gap > 0 else '>'}{nearest + math.copysign(_SMALLEST, gap):.5f}{suffix}"
        decimals = max(least, significant - 1 - math.floor(math.log10(abs(gap))))
        return f"{shown:.{decimals}f}{suffix}"
