"""A metric: what each utterance contributes, how contributions become a figure, and how it is printed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from .aggregate import Aggregate, Mean, Quantile, Ratio, Share, Single
from .measured import Run, Utterance
from .pooled import NormalizedCrossEntropy, PooledQuantile

TIME_SPREAD = 0.30
"""By how much of it a time may differ between two runs of one thing on one kind of machine: up to 0.26 was seen."""

Unit = Literal["%", "1", "n", "x", "s", "MB", "/min", "/s", "price", "points", "dB", "Hz"]

# Per unit: the suffix, the fewest decimals, and the significant digits that small values get beyond them.
_NOTATION: dict[Unit, tuple[str, int, int]] = {
    "%": (" %", 1, 1),
    "1": ("", 2, 2),
    "n": ("", 0, 1),
    "x": (" x", 0, 2),
    "s": (" s", 2, 2),
    "MB": (" MB", 0, 2),
    "price": ("", 2, 2),
    "points": ("", 1, 2),
    "/min": (" /min", 1, 2),
    "/s": (" /s", 2, 2),
    "dB": (" dB", 1, 2),
    "Hz": (" Hz", 0, 1),
}
_MOST_DIGITS = 6
"""More than the unit's, by which a value is told from its bound."""
# Below this the digits would only be zeros; it is shown with "<".
_SMALLEST = 1e-5


@dataclass(frozen=True)
class Missing:
    """The reason why a record has no value of a metric.

    Attributes:
        why: for a person.
        possible: whether the record could have had it. False where the data or the kind of model can't have it: then
            nothing is missed, and no limit is left unmeasured.
    """

    why: str
    possible: bool = True


@dataclass(frozen=True)
class Cluster:
    """Groups of utterances whose errors are correlated, such as those of one speaker.

    Attributes:
        key: its name for an utterance; None for a cluster of its own.
        noun: what one is called.
        observation: what one of its members is called.
    """

    key: Callable[[Utterance], str | None]
    noun: str = "speaker"
    observation: str = "utterance"


SPEAKER = Cluster(lambda utterance: utterance.row.speaker)

Contribution: TypeAlias = "float | tuple[float, float] | list[float] | None"
"""A value, or a numerator and a denominator; None where the utterance is none that the metric is of.

For an aggregate of things that come several to an utterance, a list of their numbers (see pooled.py).
"""


@dataclass(frozen=True)
class NotCompared:
    """The reason why two runs are never compared by a metric."""

    why: str


How = Literal["error rate", "pairs", "means", "intervals", "speed", "times", "once"]
"""How two runs of the same data are compared by a metric:

- "error rate": by the errors of the two sets of answers, utterance by utterance, as baselines are;
- "pairs": by numerators, utterance by utterance, where the denominators are the same;
- "means": by the differences of values, utterance by utterance;
- "intervals": by the two intervals, as if the two runs were independent;
- "speed": by the rules of speed baselines;
- "times": by the ratio of times, utterance by utterance, beyond a tripwire;
- "once": by the two values, beyond the spread of repeated runs.
"""


@dataclass(frozen=True)
class Fault:
    """A fault of an utterance, described for a person; a larger weight is worse."""

    note: str
    weight: float

    @classmethod
    def of(cls, note: str, count: float) -> Fault | None:
        """A fault that occurs `count` times; None for 0."""
        return cls(note, count) if count > 0 else None


def _nothing(run: Run) -> Missing | None:
    """Nothing speaks against a figure."""
    return None


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric.

    Attributes:
        name: its key in records, suites and limits.yaml.
        title: its heading in reports.
        unit: how values are printed. A "%" is stored as a ratio (0.032 is 3.2 %), the others in the unit
            itself; "1" is a plain ratio, "n" a number of times, "x" a factor, "MB" 10^6 bytes, "/min" a number per
            minute, "/s" one per second, "points" a score of at most 100, "price" an amount of money in the currency of
            the device's price.
        better: which direction is an improvement.
        doc: its definition.
        aggregate: how contributions become a figure, or where a record has it.
        contribution: what an utterance contributes; none of a metric that is measured once.
        cluster: how utterances are clustered; None where they are independent.
        stratum: of an utterance, where an error rate is over strata that are sampled apart, such as languages.
        order: the time of an utterance, where its value hangs on those before it, as waits in a queue do; see Column.
        timed: whether it is a time, which a noisy machine makes worse than it is: of calls or of loading.
        volatile: whether two runs of the same answers may differ in it, as all times do.
        tasks: the tasks that have it; empty for all but those of `elsewhere`.
        elsewhere: why other tasks don't have it, by task; without an entry, the task has nothing of the kind.
        missing: why a record can't have it, whatever its utterances contribute; None where nothing speaks against it.
        empty: why it is missing where nothing contributes.
        compared: how two runs are compared by it, by default what its aggregate allows; or why they aren't.
        of_groups: whether what some utterances contribute makes the figure of these, so that groups have a gap.
        said_by: a metric whose comparison tells the same: where that has a figure this one isn't compared.
        slack: the room that a proposed limit leaves above what was measured, a ratio; None to propose none.
        fault: what is wrong in an utterance, where the worst are shown by more than their contribution.
        raw: whether it is the raw texts that it tells apart, and not their words.
        column: heading of a column in the scorecard's tables; "" for none beside those of the task.
        version: of its definition. Values of different versions are never compared: runs are scored again first.
    """

    name: str
    title: str
    unit: Unit
    better: Literal["lower", "higher"]
    doc: str
    aggregate: Aggregate
    contribution: Callable[[Utterance], Contribution] | None = None
    cluster: Cluster | None = None
    stratum: Callable[[Utterance], str] | None = None
    order: Callable[[Utterance], float | None] | None = None
    timed: Literal["calls", "loading"] | None = None
    volatile: bool = False
    tasks: frozenset[str] = frozenset()
    elsewhere: Mapping[str, Missing] = field(default_factory=dict)
    missing: Callable[[Run], Missing | None] = _nothing
    empty: Callable[[Run], Missing] | str = ""
    compared: How | NotCompared | None = None
    of_groups: bool = True
    said_by: str = ""
    slack: float | None = None
    fault: Callable[[Utterance], Fault | None] | None = None
    raw: bool = False
    column: str = ""
    version: int = 1

    @property
    def bound(self) -> Literal["max", "min"]:
        """Which side a limit is on."""
        return "max" if self.better == "lower" else "min"

    @property
    def has_interval(self) -> bool:
        """Whether it is a value over many utterances, with an interval by which a limit can be judged."""
        return self.aggregate.has_interval

    @property
    def run_spread(self) -> float | None:
        """By how much of it a run may be worse than another of the same thing, a ratio.

        None for what is no time, and for shares and error rates, whose evidence is how many there are.
        """
        return None if self.timed is None or self.unit == "%" else TIME_SPREAD

    def worst_of(self, value: float) -> float:
        """The worst figure of a run whose true one is `value`."""
        room = abs(value) * (self.run_spread or 0.0)
        if self.better == "lower":
            return value + room
        return value / (1 + (self.run_spread or 0.0)) if value > 0 else value - room

    @property
    def width(self) -> int:
        """How many numbers an item of a contribution has that is a list; 0 where contributions are no lists."""
        return int(getattr(self.aggregate, "width", 0))

    @property
    def varies(self) -> bool:
        """Whether two runs of the same answers may differ in it."""
        return self.volatile or self.timed is not None

    @property
    def comparison(self) -> How | NotCompared:
        """How two runs of the same data are compared by it."""
        if self.compared is not None:
            return self.compared
        match self.aggregate:
            case Ratio() | Share():
                return "pairs"
            case Mean():
                return "means"
            case Quantile(q=q) if self.timed and q == 0.5:
                return "times"
            case Quantile(has_interval=True) | PooledQuantile() | NormalizedCrossEntropy():
                return "intervals"
            case Single(spread=spread) if spread is not None:
                return "once"
            case _:
                return NotCompared("it has no interval, and no test")

    def why_elsewhere(self, task: str) -> Missing | None:
        """Why a record of `task` can't have it; None where it can."""
        if not self.tasks:
            return self.elsewhere.get(task)
        if task in self.tasks:
            return None
        # A limit on it, which a data set of several tasks may have, asks nothing of the others.
        return self.elsewhere.get(task) or Missing(f"{task} has no {self.title}", possible=False)

    def why_empty(self, run: Run) -> Missing:
        """Why it is missing where nothing contributes."""
        if callable(self.empty):
            return self.empty(run)
        return Missing(self.empty or f"{self.name} was not measured")

    def noise(self, noisy: str | None, noisy_loading: str | None) -> str | None:
        """Why a value isn't reliable, in a run whose calls or loading were noisy for these reasons.

        None where nothing speaks against it, and for what is no time.
        """
        if self.timed is None:
            return None
        return (noisy_loading if self.timed == "loading" else None) or noisy

    def titled(self, by: str = "") -> str:
        """Its title, or that of its gap between groups by an attribute."""
        return f"{self.title} gap by {by}" if by else self.title

    def shown(self, value: float | None, by: str = "") -> str:
        """A value, or a gap between groups by an attribute."""
        return self.format_gap(value) if by and value is not None else self.format(value)

    def format_gap(self, difference: float) -> str:
        """The size of a difference between two values; of two percentages it is in points."""
        return f"{abs(100 * difference):.3g} points" if self.unit == "%" else self.format(abs(difference))

    @property
    def notation(self) -> tuple[str, int, int]:
        """How `format` writes a value: suffix, least decimals, significant digits."""
        return _NOTATION[self.unit]

    def beside(self, value: float | None, bound: float | None, by: str = "") -> tuple[str, str]:
        """A value and its bound, or a gap and its: with more digits where they would look alike and aren't."""
        for more in range(_MOST_DIGITS if value is not None and bound is not None and not by else 0):
            told = self.format(value, more), self.format(bound, more)
            if told[0] != told[1] or value == bound:
                return told
        return self.shown(value, by), self.shown(bound, by)

    def format(self, value: float | None, more: int = 0) -> str:
        """`value` for a person: "3.2 %", "0.12", "8.3 x", "1.24 s", "349 MB".

        None, and a value that is not a finite number, is "not available": a missing figure must never look
        like a zero. Nor does rounding turn a small figure into 0, or nearly all into 100 %: "<0.00001". `more` is a
        number of digits beyond those of the unit.
        """
        if value is None or not math.isfinite(value):
            return "not available"
        suffix, least, significant = _NOTATION[self.unit]
        shown = 100 * value if self.unit == "%" else value
        nearest = 100.0 if self.unit == "%" and shown > 50 else 0.0
        gap = shown - nearest
        if gap == 0:
            return f"{shown:.{least + more}f}{suffix}"
        if abs(gap) < _SMALLEST:
            return f"{'<' if gap > 0 else '>'}{nearest + math.copysign(_SMALLEST, gap):.5f}{suffix}"
        decimals = max(least, significant - 1 - math.floor(math.log10(abs(gap))))
        return f"{shown:.{decimals + more}f}{suffix}"


def in_sentence(title: str) -> str:
    """A title within a sentence: `peak memory`, but `WER`."""
    head, _, _ = title.partition(" ")
    return title[0].lower() + title[1:] if head[1:].islower() else title
