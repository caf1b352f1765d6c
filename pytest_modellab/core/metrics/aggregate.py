"""Aggregation of per-utterance contributions into a value with its interval. numpy is imported when first needed.

A column holds the contributions of the utterances to which a metric applies. All arithmetic over utterances is done
here, so that a value, its slices, the value of merged shards and the recount of a record agree.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from pytest_modellab.core.stats.student_t import CONFIDENCE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pytest_modellab.core.stats.intervals import Interval

    from .measured import Run

    Numbers: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Column:
    """The contributions of `n` utterances to one metric.

    Attributes:
        rows: the place of each utterance in its record, shape (n,).
        values: values, or numerators, shape (n,).
        of: denominators, shape (n,); all 1 where values stand alone.
        clusters: the cluster of each (speaker, dialogue); None where observations are independent.
        nouns: what a cluster and an observation are called.
        strata: the stratum of each, where strata were sampled apart (languages); empty where there are none.
        order: the time of each, where values hang on those before (waits in a queue); empty where they don't. None
            where they do for an unknown time, so that nothing can be said of their interval.
        lists: what each utterance contributes, where that is a list: its numbers one after the other. `values` has the
            sum of each, `of` its length.
    """

    rows: NDArray[np.intp]
    values: Numbers
    of: Numbers
    clusters: Sequence[str | None]
    nouns: tuple[str, str] = ("speaker", "utterance")
    strata: Sequence[str | None] = ()
    order: Sequence[float | None] = ()
    lists: Sequence[Sequence[float]] = ()

    def __len__(self) -> int:
        return len(self.values)

    def at(self, places: NDArray[Any]) -> Column:
        """The part at `places` of the column: numbers, or a mask of shape (n,)."""
        import numpy as np

        from pytest_modellab.core.stats.labels import Labels

        found = np.arange(len(self))[places]
        clusters = Labels.of(self.clusters).at(found)
        strata = Labels.of(self.strata).at(found) if len(self.strata) else ()
        order = [self.order[i] for i in found] if self.order else ()
        lists = [self.lists[i] for i in found] if self.lists else ()
        rows, values, of = self.rows[found], self.values[found], self.of[found]
        return replace(
            self, rows=rows, values=values, of=of, clusters=clusters, strata=strata, order=order, lists=lists
        )

    def several(self, width: int) -> list[Numbers]:
        """What each utterance contributes, in items of `width` numbers: shape (items,) for 1, else (items, width)."""
        import numpy as np

        shape = (-1,) if width == 1 else (-1, width)
        return [np.asarray(each, dtype=np.float64).reshape(shape) for each in self.lists]

    def summed(self) -> tuple[Numbers, Numbers]:
        """Values and denominators by cluster, each of shape (clusters,), however few there are."""
        import numpy as np

        from pytest_modellab.core.stats.labels import Labels

        labels = Labels.of(self.clusters)
        if not any(labels.known):
            return self.values, self.of
        places, _ = labels.numbered()
        values, of = np.bincount(places, self.values), np.bincount(places, self.of)
        return values.astype(np.float64), of.astype(np.float64)

    def named(self, interval: Interval | None) -> Interval | None:
        """An interval that calls clusters and observations by their own nouns."""
        if interval is None or self.nouns == ("speaker", "utterance"):
            return interval
        cluster, observation = self.nouns
        told = interval.conditional.replace("speaker", cluster).replace("utterance", observation)
        return replace(interval, conditional=told)


def _total(values: Numbers) -> float:
    """The sum, rounded once."""
    return math.fsum(values.tolist())


class Aggregate(Protocol):
    """The aggregation of a column into a value."""

    @property
    def has_interval(self) -> bool:
        """Whether a value of enough utterances has a 95 % interval."""
        ...

    def value(self, column: Column) -> float | None:
        """The value; None where nothing contributes."""
        ...

    def interval(self, column: Column, confidence: float = CONFIDENCE) -> Interval | None:
        """Its interval, of 95 %; None where there is too little to estimate from, or where it has none."""
        ...


@dataclass(frozen=True)
class Ratio:
    """Sum of numerators over sum of denominators, such as word errors over reference words; may exceed 1.

    Attributes:
        method: of the interval: "rate" for counts of errors that cluster, "time" for times or lengths of utterances or
            clusters, which are independent; None for no interval.
        steps: the smallest steps of the denominator that make one, in which paired tests count (60,000 ms a minute).
        then: applied to the ratio.
    """

    method: Literal["rate", "time"] | None = "rate"
    steps: int = 1
    then: Callable[[float], float] | None = None

    @property
    def has_interval(self) -> bool:
        return self.method is not None

    def value(self, column: Column) -> float | None:
        total = _total(column.of)
        if total <= 0:
            return None
        ratio = _total(column.values) / total
        return ratio if self.then is None else self.then(ratio)

    def interval(self, column: Column, confidence: float = CONFIDENCE) -> Interval | None:
        from pytest_modellab.core.stats.intervals import error_rate_interval, time_ratio_interval

        if self.method == "rate" and len(column.strata):
            from pytest_modellab.core.stats.strata import stratified_rate_interval

            return column.named(
                stratified_rate_interval(column.values, column.of, column.clusters, column.strata, confidence)
            )
        if self.method == "rate":
            return column.named(error_rate_interval(column.values, column.of, column.clusters, confidence))
        if self.method is None:
            return None
        values, of = column.summed()
        return time_ratio_interval(values, of, confidence)


@dataclass(frozen=True)
class Share:
    """A proportion (k of n), between 0 and 1.

    Attributes:
        clustered: whether the interval allows for several places in an utterance, and for clusters; else it is
            exact, of independent utterances.
    """

    clustered: bool = False
    has_interval: Literal[True] = True

    def value(self, column: Column) -> float | None:
        total = _total(column.of)
        return _total(column.values) / total if total else None

    def interval(self, column: Column, confidence: float = CONFIDENCE) -> Interval | None:
        from pytest_modellab.core.stats.intervals import proportion_interval, share_interval
        from pytest_modellab.core.stats.labels import Labels

        if self.clustered and (bool((column.of != 1).any()) or any(Labels.of(column.clusters).known)):
            return column.named(share_interval(column.values, column.of, column.clusters, confidence))
        return proportion_interval(_total(column.values), round(_total(column.of)), confidence)


@dataclass(frozen=True)
class Mean:
    """Mean of a score of each utterance; none where one that should have a score is NaN: it may be the worst.

    Attributes:
        scale: the least and the greatest score; None for no such. No interval is shown beyond.
    """

    scale: tuple[float | None, float | None] = (None, None)
    has_interval: Literal[True] = True

    def value(self, column: Column) -> float | None:
        mean = _total(column.values) / len(column) if len(column) else math.nan
        return None if math.isnan(mean) else mean

    def interval(self, column: Column, confidence: float = CONFIDENCE) -> Interval | None:
        from pytest_modellab.core.stats.intervals import clustered_mean_interval

        if self.value(column) is None:
            return None
        found = clustered_mean_interval(column.values, column.clusters, confidence)
        return None if found is None else column.named(found.within(*self.scale))


@dataclass(frozen=True)
class Quantile:
    """The `q` quantile by linear interpolation between order statistics, as `speed.quantile` defines it."""

    q: float
    has_interval: bool = True

    def value(self, column: Column) -> float | None:
        if not len(column):
            return None
        import numpy as np

        ordered = np.sort(column.values)
        place = (len(ordered) - 1) * self.q
        low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
        return float(low + (place - math.floor(place)) * (high - low))

    def interval(self, column: Column, confidence: float = CONFIDENCE) -> Interval | None:
        from pytest_modellab.core.stats.intervals import quantile_interval

        if not self.has_interval:
            return None
        if column.order:
            if None in column.order:
                return None
            import numpy as np

            from pytest_modellab.core.stats.serial import serial_quantile_interval

            return serial_quantile_interval(
                column.values[np.argsort(np.array(column.order, dtype=np.float64))], self.q, confidence
            )
        return quantile_interval(column.values, self.q, confidence)


@dataclass(frozen=True)
class Total:
    """The sum over all utterances; without an interval."""

    has_interval: Literal[False] = False

    def value(self, column: Column) -> float | None:
        return _total(column.values) if len(column) else None

    def interval(self, column: Column, confidence: float = CONFIDENCE) -> None:
        return None


@dataclass(frozen=True)
class Maximum:
    """The highest value of any utterance; without an interval."""

    has_interval: Literal[False] = False

    def value(self, column: Column) -> float | None:
        return float(column.values.max()) if len(column) else None

    def interval(self, column: Column, confidence: float = CONFIDENCE) -> None:
        return None


@dataclass(frozen=True)
class Single:
    """Measured once in a run; no utterance contributes.

    Attributes:
        read: the value in a record; None where it has none.
        spread: relative difference between repeated runs, a ratio; None where runs can't be compared by it.
    """

    read: Callable[[Run], float | None]
    spread: float | None = None
    has_interval: Literal[False] = False

    def value(self, column: Column) -> None:
        return None

    def interval(self, column: Column, confidence: float = CONFIDENCE) -> None:
        return None
