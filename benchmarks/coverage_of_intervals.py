"""Coverage of the interval of every kind of figure, and errors of limits on it.

    python benchmarks/coverage_of_intervals.py [RUNS]

The kinds are those of the installed metrics; one without a simulation is an error. Each cell has the share of 95 %
intervals that hold the true value, and how often a limit at the true value, the hardest case, is failed and passed,
one-sided at 5 %. In brackets the share of runs in which there is an interval, where it isn't all. The aim: 93 % or
more, or none. The true value is that of speakers in general; of the speakers of the set, where an interval says that it
is conditional on them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Literal

import numpy as np
from corpora import MANY, SPEAKERS, Speakers, difficulty
from numpy.typing import NDArray

from pytest_modellab.core.metrics.aggregate import Aggregate, Column, Mean, Quantile, Ratio, Share
from pytest_modellab.core.metrics.metric import Metric
from pytest_modellab.core.metrics.pooled import NormalizedCrossEntropy, PooledQuantile
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.stats.evidence import ALPHA, weigh, weigh_quantile
from pytest_modellab.tasks.translate.corpus_scores import CorpusScore

CLIPS = (5, 20, 100)
LANGUAGES = ((0.05, (3, 25)), (0.12, (3, 25)), (0.08, (5, 60)))
"""Error rate and units of an utterance: two languages of words, one of characters."""
SPREAD = 0.5
"""Standard deviation of the log of times, of which quantiles are taken."""

Draw = Callable[[np.random.Generator, int], "Drawn | None"]


@dataclass(frozen=True)
class Drawn:
    """A drawn column, the true value, and that of the speakers of the set."""

    column: Column
    true: float
    of_these: float


@dataclass(frozen=True)
class Case:
    """What is drawn for one row of the table, by the number of clips."""

    data: str
    aggregate: Aggregate
    draw: Draw


def column(values: NDArray[np.float64], of: NDArray[np.float64] | None = None, names: object = None) -> Column:
    n = len(values)
    clusters = [None] * n if names is None else [str(name) for name in np.asarray(names)]
    return Column(np.arange(n), values, np.ones(n) if of is None else of, clusters)


def lognormal(random: np.random.Generator, spread: float, n: int) -> NDArray[np.float64]:
    """Of mean 1."""
    return random.lognormal(-(spread**2) / 2, spread, n)


def error_rates() -> Iterator[Case]:
    for rate in (0.10, 0.30):
        for speakers in SPEAKERS:

            def draw(
                random: np.random.Generator, n: int, rate: float = rate, speakers: Speakers = speakers
            ) -> Drawn | None:
                names = speakers.of(n)
                if names is None:
                    return None
                by_speaker, own = difficulty(random, names)
                words = random.integers(3, 25, n).astype(np.float64)
                errors = random.poisson(rate * words * by_speaker * own).astype(np.float64)
                these = rate * float((words * by_speaker).sum() / words.sum())
                return Drawn(column(errors, words, names), rate, these)

            yield Case(f"{rate:.0%}, {speakers}", Ratio(), draw)


def macro_averages() -> Iterator[Case]:
    for others, of_others in ((None, "as many clips of each"), (100, "100 clips of the other two")):
        for speakers in SPEAKERS:

            def draw(
                random: np.random.Generator, n: int, others: int | None = others, speakers: Speakers = speakers
            ) -> Drawn | None:
                return _languages(random, (others or n, others or n, n), speakers)

            yield Case(f"3 languages, {of_others}, {speakers} of each", Ratio(), draw)


def _languages(random: np.random.Generator, clips: tuple[int, ...], speakers: Speakers) -> Drawn | None:
    parts, names, strata, these = [], [], [], []
    for language, ((rate, units), n) in enumerate(zip(LANGUAGES, clips, strict=True)):
        own_names = speakers.of(n)
        if own_names is None:
            return None
        by_speaker, own = difficulty(random, own_names)
        of = random.integers(*units, size=n).astype(np.float64)
        errors = random.poisson(rate * of * by_speaker * own)
        parts.append(np.stack([errors, of]) / of.sum())
        names += [f"{language} {name}" for name in own_names]
        strata += [str(language)] * n
        these.append(rate * float((of * by_speaker).sum() / of.sum()))
    values, of = np.concatenate(parts, axis=1)
    found = Column(np.arange(len(values)), values, of, names, strata=strata)
    return Drawn(found, float(np.mean([rate for rate, _ in LANGUAGES])), float(np.mean(these)))


def times() -> Iterator[Case]:
    for spread in (0.1, 0.3, 0.6, 1.0):

        def draw(random: np.random.Generator, n: int, spread: float = spread) -> Drawn:
            seconds = random.uniform(1, 15, n)
            return Drawn(column(0.3 * seconds * lognormal(random, spread, n), seconds), 0.3, 0.3)

        yield Case(f"sd of the log {spread}", Ratio(method="time"), draw)


def shares() -> Iterator[Case]:
    for share in (0.02, 0.10, 0.50, 0.90, 0.98):

        def draw(random: np.random.Generator, n: int, share: float = share) -> Drawn:
            return Drawn(column((random.random(n) < share).astype(np.float64)), share, share)

        yield Case(f"{share:.0%}", Share(), draw)


def shares_of_places() -> Iterator[Case]:
    for share in (0.05, 0.50, 0.90):
        for speakers in SPEAKERS:

            def draw(
                random: np.random.Generator, n: int, share: float = share, speakers: Speakers = speakers
            ) -> Drawn | None:
                names = speakers.of(n)
                if names is None:
                    return None
                # Beta distributions whose parameters add up to 10: of speakers, and of their utterances.
                of_speaker = random.beta(10 * share, 10 * (1 - share), speakers.count).clip(1e-6, 1 - 1e-6)
                places = 1 + random.poisson(1, n)
                found = random.binomial(places, random.beta(10 * of_speaker[names], 10 * (1 - of_speaker[names])))
                these = float((places * of_speaker[names]).sum() / places.sum())
                return Drawn(column(found.astype(np.float64), places.astype(np.float64), names), share, these)

            yield Case(f"{share:.0%}, {speakers}", Share(clustered=True), draw)


def means() -> Iterator[Case]:
    def scores(random: np.random.Generator, n: int) -> Drawn:
        return Drawn(column(random.normal(4, 0.4, n)), 4.0, 4.0)

    def crowded(random: np.random.Generator, n: int) -> Drawn:
        return Drawn(column(5 - 0.5 * lognormal(random, 0.5, n)), 4.5, 4.5)

    yield Case("scores, sd 0.4", Mean(), scores)
    yield Case("scores 0.5 below the top, sd of the log 0.5", Mean(), crowded)
    for share in (0.05, 0.2, 0.5, 1.0):

        def waits(random: np.random.Generator, n: int, share: float = share) -> Drawn:
            return Drawn(column((random.random(n) < share) * lognormal(random, 1.0, n)), share, share)

        yield Case(f"waits in {share:.0%}, sd of the log 1", Mean(), waits)
    for speakers in SPEAKERS:

        def of_speakers(random: np.random.Generator, n: int, speakers: Speakers = speakers) -> Drawn | None:
            names = speakers.of(n)
            if names is None:
                return None
            # Two fifths of the variance are the speakers'.
            own = random.normal(0.6, 0.2, speakers.count)
            return Drawn(column(random.normal(own[names], 0.25), names=names), 0.6, float(own[names].mean()))

        yield Case(f"scores, {speakers}", Mean(), of_speakers)
    for speakers in MANY:

        def waits_of_speakers(random: np.random.Generator, n: int, speakers: Speakers = speakers) -> Drawn | None:
            names = speakers.of(n)
            if names is None:
                return None
            values = lognormal(random, 0.5, speakers.count or n)[names] * lognormal(random, 0.6, n)
            return Drawn(column(values, names=names), 1.0, 1.0)

        yield Case(f"waits, sd of the log 0.5 of speakers, 0.6 of clips, {speakers}", Mean(), waits_of_speakers)


def quantiles(q: float) -> Iterator[Case]:
    true = float(np.exp(SPREAD * NormalDist().inv_cdf(q)))

    def draw(random: np.random.Generator, n: int) -> Drawn:
        return Drawn(column(random.lognormal(0, SPREAD, n)), true, true)

    yield Case(f"sd of the log {SPREAD}", Quantile(q), draw)


def medians_of_several() -> Iterator[Case]:
    """Log-normal values, several to a clip, half of whose variance is of the clip and of its speaker."""
    for speakers in SPEAKERS:

        def draw(random: np.random.Generator, n: int, speakers: Speakers = speakers) -> Drawn | None:
            names = speakers.of(n)
            if names is None:
                return None
            of_speaker, of_clip = random.normal(0, 0.25, speakers.count), random.normal(0, 0.25, n)
            lists = [
                np.exp(of_speaker[name] + own + random.normal(0, 0.35, 2 + random.poisson(6))).tolist()
                for name, own in zip(names, of_clip, strict=True)
            ]
            these = np.exp(of_speaker[random.choice(names, 4000)] + random.normal(0, np.hypot(0.25, 0.35), 4000))
            return Drawn(listed(lists, names), 1.0, float(np.median(these)))

        yield Case(f"several to a clip, {speakers}", PooledQuantile(0.5), draw)


def cross_entropies() -> Iterator[Case]:
    """Words with probabilities that hold, or are too sure, of clips and speakers that are easy or hard as a whole."""
    for sure in (1.0, 2.0):
        true = _cross_entropy(np.random.default_rng(0), np.arange(20_000), sure)[1]
        for speakers in MANY:

            def draw(
                random: np.random.Generator,
                n: int,
                sure: float = sure,
                true: float = true,
                speakers: Speakers = speakers,
            ) -> Drawn | None:
                names = speakers.of(n)
                return (
                    None if names is None else Drawn(listed(_cross_entropy(random, names, sure)[0], names), true, true)
                )

            data = "probabilities that hold" if sure == 1 else "too sure"
            yield Case(f"{data}, {speakers}", NormalizedCrossEntropy(), draw)


def _cross_entropy(
    random: np.random.Generator, names: NDArray[np.intp], sure: float
) -> tuple[list[list[float]], float]:
    lists = []
    of_speaker = random.normal(2, 0.5, int(names.max()) + 1)
    for name in names:
        logit = of_speaker[name] + random.normal(0, 0.5) + random.normal(0, 1.5, 2 + random.poisson(10))
        right = random.random(len(logit)) < 1 / (1 + np.exp(-logit))
        told = 1 / (1 + np.exp(-sure * logit))
        lists.append(np.stack([told, right], axis=1).reshape(-1).tolist())
    value = NormalizedCrossEntropy().value(listed(lists))
    assert value is not None or len(names) < 1000
    return lists, value or 0.0


def translations() -> Iterator[Case]:
    """Counts of n-grams of sentences that are well or badly translated as a whole, of some speakers more than of
    others.
    """
    for score in ("bleu", "chrf"):
        true = CorpusScore(score).value(listed(_counted(np.random.default_rng(0), np.arange(20_000), score)))
        assert true is not None
        for speakers in MANY:

            def draw(
                random: np.random.Generator,
                n: int,
                score: Literal["bleu", "chrf"] = score,
                true: float = true,
                speakers: Speakers = speakers,
            ) -> Drawn | None:
                names = speakers.of(n)
                return None if names is None else Drawn(listed(_counted(random, names, score), names), true, true)

            yield Case(f"{'BLEU' if score == 'bleu' else 'chrF'}, {speakers}", CorpusScore(score), draw)


def _counted(random: np.random.Generator, names: NDArray[np.intp], score: str) -> list[list[float]]:
    lists = []
    of_speaker = random.normal(0.3, 0.4, int(names.max()) + 1)
    for name in names:
        quality, reference = 1 / (1 + np.exp(-random.normal(of_speaker[name], 0.7))), 4 + random.poisson(8)
        length = max(4, int(reference + random.integers(-2, 3)))
        if score == "bleu":
            ngrams = [length - k for k in range(4)]
            matches = [random.binomial(count, quality ** (1 + 0.6 * k)) for k, count in enumerate(ngrams)]
            lists.append([float(each) for each in (length, reference, *matches, *ngrams)])
            continue
        pairs = [(5 * length - k, 5 * reference - k) for k in range(6)]
        found = [
            (ours, theirs, random.binomial(min(ours, theirs), quality ** (0.4 + 0.3 * k)))
            for k, (ours, theirs) in enumerate(pairs)
        ]
        lists.append([float(number) for each in found for number in each])
    return lists


def listed(lists: list[list[float]], names: object = None) -> Column:
    """The column of utterances that contribute lists."""
    sums = np.array([sum(each) for each in lists])
    return replace(column(sums, np.array([float(len(each)) for each in lists]), names), lists=lists)


SERIES = "quantile of a series"
"""Simulated by load_intervals.py, whose table stands in docs/load.md."""
KINDS: dict[str, Callable[[], Iterator[Case]]] = {
    "error rate": error_rates,
    "macro average": macro_averages,
    "ratio of times or lengths": times,
    "share of utterances": shares,
    "share of places": shares_of_places,
    "mean": means,
    "median": lambda: quantiles(0.5),
    "95th percentile": lambda: quantiles(0.95),
    "median of several to an utterance": medians_of_several,
    "normalized cross entropy": cross_entropies,
    "corpus score": translations,
}


def kind_of(metric: Metric) -> str | None:
    """The kind of a metric's interval; None for none. Raises ValueError for one that has no simulation."""
    if metric.order is not None:
        return SERIES
    match metric.aggregate:
        case Ratio(method="rate"):
            return "error rate" if metric.stratum is None else "macro average"
        case Ratio(method="time"):
            return "ratio of times or lengths"
        case Share(clustered=clustered):
            return "share of places" if clustered else "share of utterances"
        case Mean():
            return "mean"
        case Quantile(q=0.5, has_interval=True):
            return "median"
        case Quantile(q=0.95, has_interval=True):
            return "95th percentile"
        case PooledQuantile(q=0.5):
            return "median of several to an utterance"
        case NormalizedCrossEntropy():
            return "normalized cross entropy"
        case CorpusScore():
            return "corpus score"
    if metric.has_interval:
        raise ValueError(f"{metric.name}: no simulation of {metric.aggregate}")
    return None


def cell(case: Case, n: int, runs: int) -> str:
    """Covered; failed, passed at the limit; and how often there is an interval."""
    random = np.random.default_rng([n, *case.data.encode()])
    told = covered = failed = passed = 0
    for _ in range(runs):
        drawn = case.draw(random, n)
        if drawn is None:
            return "-"
        interval, value = case.aggregate.interval(drawn.column), case.aggregate.value(drawn.column)
        if interval is None or value is None:
            continue
        true = drawn.of_these if interval.conditional else drawn.true
        told += 1
        covered += interval.low <= true <= interval.high
        if isinstance(case.aggregate, Quantile):
            evidence = weigh_quantile(drawn.column.values.tolist(), case.aggregate.q, true)
        else:
            evidence = weigh(value, interval, true)
        failed += evidence.above <= ALPHA
        passed += evidence.below <= ALPHA
    if not told:
        return "none"
    shares = [100 * count / told for count in (covered, failed, passed)]
    some = "" if told == runs else f" [{100 * told / runs:.0f}]"
    return "{:.1f}; {:.1f}, {:.1f}".format(*shares) + some


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    kinds = {metric.name: kind_of(metric) for metric in METRICS.values()}
    for kind in KINDS:
        print(f"{kind}: {', '.join(name for name, found in kinds.items() if found == kind)}")
    print(f"no interval: {', '.join(name for name, found in kinds.items() if found is None)}")
    print(f"\n| figure | data | {' | '.join(f'{n} clips' for n in CLIPS)} |\n|---|---|{'---|' * len(CLIPS)}")
    for kind, cases in KINDS.items():
        for case in cases():
            cells = " | ".join(cell(case, n, runs) for n in CLIPS)
            print(f"| {kind} | {case.data} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
