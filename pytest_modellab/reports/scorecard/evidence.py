"""Evidence for a recommendation: the figures of the recommended model, and how the others differ from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pydantic import Field

from pytest_modellab.catalog.profile_spec import ProfileSpec
from pytest_modellab.core.identifiers import Identifier
from pytest_modellab.core.metrics.aggregate import Single
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.stats.evidence import IntervalLike
from pytest_modellab.tasks.registry import task_named

from .candidate import Candidate, ascending, is_rate, metric_of, split, worst_counts
from .contest import Contest, joined_columns
from .enough import counted, data_amounts
from .part import MetricName, ReportModel


class Estimate(ReportModel):
    """A figure of the recommended model, over all data that it was compared on."""

    metric: MetricName
    title: str
    value: float
    low: float | None = Field(default=None, description="of its 95 % interval; null where it has none")
    high: float | None = None


class Difference(ReportModel):
    """How a model differs from the recommended one by one metric, on the data that both were measured on."""

    metric: MetricName
    better: int = Field(ge=-1, le=1, description="1: told apart as better, -1: as worse, 0: not told apart")
    gap: float | None = Field(default=None, description="by how much it is worse; null where they were not compared")
    low: float | None = Field(default=None, description="of the 95 % interval of the gap; null where it has none")
    high: float | None = None


class Other(ReportModel):
    """A model that qualifies, too, and isn't recommended."""

    model: Identifier
    device: Identifier
    tie: bool = Field(description="whether no preference tells it apart from the recommended one")
    differences: tuple[Difference, ...]


class Evidence(ReportModel):
    """What a recommendation rests on."""

    amount: str = Field(description="of data, such as 1,142 words")
    estimates: tuple[Estimate, ...] = Field(description="by the first preference, by quality and by speed")
    others: tuple[Other, ...] = ()


def weighed(
    best: Candidate, ties: Sequence[Candidate], near: Sequence[Candidate], profile: ProfileSpec, contest: Contest
) -> Evidence:
    """The evidence for `best` among those that are `near`, of which `ties` are not told apart from it."""
    axes = _axes(best, profile)
    return Evidence(
        amount=amount(best, split(axes[0])[0]),
        estimates=tuple(estimates(best, axes, contest)),
        others=tuple(
            Other(
                model=each.model,
                device=each.device,
                tie=any(each is tie for tie in ties),
                differences=tuple(_difference(each, best, named, contest) for named in axes),
            )
            for each in near
            if (each.model, each.device) != (best.model, best.device)
        ),
    )


def axes_of(task: str) -> list[str]:
    """The metric that counts in a task, and that of its speed, as `task.metric`."""
    return [f"{task}.{task_named(task).quality_metric('wer')}", f"{task}.{task_named(task).speed}"]


def _axes(best: Candidate, profile: ProfileSpec) -> list[str]:
    """The first preference of a profile, the metric that counts in its task, and that of its speed."""
    first = next((each for each in profile.prefer if best.value(each) is not None), profile.prefer[0])
    return list(dict.fromkeys([first, *axes_of(split(first)[0])]))


def estimates(best: Candidate, axes: Sequence[str], contest: Contest) -> Iterator[Estimate]:
    """The figures of a candidate over all its data sets, each a `task.metric`; those that it has not are left out."""
    for named in axes:
        value = best.value(named)
        if value is None:
            continue
        interval = _interval(best, named, contest)
        low, high = (None, None) if interval is None else (interval.low, interval.high)
        name = metric_of(best.rows[split(named)[0]][0], split(named)[1])
        yield Estimate(metric=name, title=best.title(named), value=value, low=low, high=high)


def _interval(best: Candidate, named: str, contest: Contest) -> IntervalLike | None:
    """The interval of a figure: that of its data set; of the worst one; or of several together, each a stratum."""
    task, metric = split(named)
    rows = best.rows[task]
    names = {metric_of(row, metric) for row in rows}
    if len(rows) == 1 or worst_counts(METRICS[metric]):
        worst = max(rows, key=lambda row: ascending(metric, row.figures[metric_of(row, metric)] or 0.0))
        return worst.intervals.get(metric_of(worst, metric))
    tables = [table for row in rows if (table := contest.table(row)) is not None]
    if len(names) > 1 or len(tables) < len(rows):
        return None
    pooled = METRICS[names.pop()]
    if isinstance(pooled.aggregate, Single) or not pooled.has_interval:
        return None
    columns = [table.column(pooled) for table in tables]
    strata = [f"{place} {stratum}" for place, each in enumerate(columns) for stratum in each.strata or [""] * len(each)]
    return pooled.aggregate.interval(replace(joined_columns(columns), strata=strata))


def _difference(other: Candidate, best: Candidate, named: str, contest: Contest) -> Difference:
    told = contest.compare(other, best, named)
    name = metric_of(best.rows[split(named)[0]][0], split(named)[1])
    return Difference(metric=name, better=told.better, gap=told.gap, low=told.low, high=told.high)


def amount(candidate: Candidate, task: str) -> str:
    """On how much it was measured: words or characters where an error rate counts, else turns or utterances."""
    rows = candidate.rows[task]
    have, noun = data_amounts(rows)
    if noun in {"word", "character"} and not is_rate(task_named(task).quality_metric("wer")):
        have, noun = sum(row.utterances for row in rows), "utterance"
    return counted(have, noun)
