"""Decision about a change of an error rate: worse, better, no detectable difference, or inconclusive.

Gates, `modellab baseline compare` and `modellab compare` share these decisions and their wording.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .evidence import ALPHA, FEWEST_CHANGED, FEWEST_UNITS

if TYPE_CHECKING:
    from ..metrics.metric import Metric
    from .paired import Paired

Outcome = Literal["worse", "better", "unchanged", "not told apart", "within the margin", "inconclusive"]
FEWEST_ERRORS = 3
"""A sanity bound counts from so many more errors on: one more in a set of five words is 20 points."""


@dataclass(frozen=True)
class Allowed:
    """The allowed rise of an error rate, whatever a test says, as ratios: 0.02 is two percentage points.

    Attributes:
        tolerance: beyond it a rise that no test can tell from chance is inconclusive.
        sanity: beyond it a rise fails whatever the size of the set, with at least three more errors.
        origin: where they stand (`fixtures/limits.yaml:3`), or "by default".
    """

    tolerance: float = 0.02
    sanity: float = 0.10
    origin: str = "by default"


DEFAULT = Allowed()


@dataclass(frozen=True)
class Decision:
    """The decision about a change, and its reason where the values alone don't show it."""

    outcome: Outcome
    why: str = ""


def no_worse(found: Paired, allowed: Allowed, alpha: float = ALPHA) -> Decision:
    """Whether an error rate rose: one-sided at `alpha`."""
    if not found.changed:
        return Decision("unchanged", "every utterance has as many errors as before")
    if _insane(found, allowed.sanity):
        return Decision("worse", f"beyond the sanity bound of {_points(allowed.sanity)} ({allowed.origin})")
    if found.p_rise <= alpha:
        return Decision("worse")
    if found.smallest > alpha:
        return Decision("inconclusive", f"{_few(found)} can't show any change: it takes at least {FEWEST_UNITS}")
    if found.difference > allowed.tolerance:
        beyond = f"a rise beyond the tolerance of {_points(allowed.tolerance)} ({allowed.origin})"
        if found.changed < FEWEST_CHANGED:
            fewest = f"{_counted(found.changed, 'answer')} changed, and no test can tell fewer than {FEWEST_CHANGED}"
            return Decision("inconclusive", f"{beyond}: {fewest} from chance")
        return Decision("inconclusive", f"{beyond} that may be chance; about {_needed(found)} utterances would tell")
    return Decision("better" if found.p_fall <= alpha else "not told apart")


def within_margin(found: Paired, margin: float, allowed: Allowed) -> Decision:
    """Whether an error rate rose by at most `margin` (a ratio): non-inferiority, by one-sided 95 % bounds."""
    if _insane(found, max(margin, allowed.sanity)):
        return Decision("worse", f"beyond the sanity bound of {_points(max(margin, allowed.sanity))}")
    if found.at_least is None or found.at_most is None:
        return Decision("inconclusive", f"{_few(found)} have no bound of a change: it takes at least {FEWEST_UNITS}")
    margin_text = f"a margin of {_points(margin)}"
    if found.at_least > margin:
        return Decision("worse", f"at least {_signed(found.at_least)} (one-sided 95 % bound), beyond {margin_text}")
    if found.at_most <= margin:
        return Decision("within the margin", f"at most {_signed(found.at_most)} (one-sided 95 % bound), {margin_text}")
    why = f"{_counted(found.utterances, 'utterance')} can't exclude {_signed(found.at_most)} (one-sided 95 % bound)"
    return Decision("inconclusive", f"{why}, {margin_text}")


def _insane(found: Paired, bound: float) -> bool:
    return found.difference > bound and found.more >= FEWEST_ERRORS


def _points(ratio: float) -> str:
    return f"{100 * ratio:g} point{'s' * (round(100 * ratio, 9) != 1)}"


def _signed(ratio: float) -> str:
    return f"{100 * ratio:+.2f} points"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _few(found: Paired) -> str:
    return _counted(found.units, "utterance")


def _needed(found: Paired) -> str:
    """About how many utterances would show such a rise four times in five."""
    factor = power_factor(found)
    assert factor is not None  # there are five units, and a rise
    return str(max(found.utterances + 1, math.ceil(found.utterances * factor)))


def power_factor(found: Paired) -> float | None:
    """How many times as many utterances would show such a change four times in five; 2.49 standard errors are needed.

    None without a change, or with fewer than five units.
    """
    if found.low is None or found.difference == 0:
        return None
    errors = 1.96 * found.difference / max(found.difference - found.low, 1e-12)
    return (2.49 / errors) ** 2


def change_text(metric: Metric, before: float | None, after: float | None, found: RateChange) -> str:
    """`WER 3.3 % -> 5.0 %, +1.7 points [-1.0, +4.4], p = 0.21`, p one-sided in the direction of the change."""
    text = f"{metric.format(before)} -> {metric.format(after)}"
    if found.change is None:
        return text
    if found.kind == "ratio":
        text += f", time x {found.change:.2f}"
        return text if found.low is None or found.high is None else f"{text} [{found.low:.2f}, {found.high:.2f}]"
    scale = 100 if metric.unit == "%" else 1
    unit = {"%": " points", "1": ""}.get(metric.unit, f" {metric.unit}")
    text += f", {_figure(scale * found.change)}{unit}"
    if found.low is not None and found.high is not None:
        text += f" [{_figure(scale * found.low)}, {_figure(scale * found.high)}]"
    return f"{text}, {p_text(found.p)}" if found.p is not None else text


def _figure(value: float) -> str:
    return f"{value:+.3g}"


@dataclass(frozen=True)
class RateChange:
    """The values of a change as they are reported; `kind` is the kind of `change`, `low` and `high`."""

    change: float | None
    low: float | None
    high: float | None
    p: float | None
    kind: Literal["difference", "ratio"] = "difference"


def p_text(p: float) -> str:
    """`p = 0.03`, p < 0.001 for what is smaller."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}" if p < 0.1 else f"p = {p:.2f}"
