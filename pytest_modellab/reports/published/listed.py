"""A list of published models: filtered by rules, sorted, and linked to local models and their figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from pytest_modellab.catalog.published.spec import Figure, PublishedModel, Rule, Source
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.tasks.registry import place_of

from .measured import Measured

ERRORS, SPEED = "wer", "rtfx"
"""The published metrics that have columns and plots of their own."""


@dataclass(frozen=True)
class Listed:
    """One published model, with what there is of it here."""

    model: PublishedModel
    local: tuple[str, ...] = ()
    measured: tuple[Measured, ...] = ()


@dataclass(frozen=True)
class ModelList:
    """The models that are shown."""

    entries: tuple[Listed, ...]
    common_data: str = ""
    """The data that the most models have a published error rate on: those figures can be compared."""
    unknown: tuple[str, ...] = ()
    """Models that are left out because something that a rule asks for was not looked up."""
    notes: tuple[str, ...] = ()
    """What stands below a list besides."""

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """All that was opened for these models, each once."""
        found: dict[str, Source] = {}
        for entry in self.entries:
            named = (*entry.model.sources, *(figure.source for figure in entry.model.figures))
            for source in named:
                found.setdefault(source.url, source)
        return tuple(found.values())

    def numbers(self, model: PublishedModel) -> list[int]:
        """The places of a model's sources among all, from 1."""
        places = {source.url: i for i, source in enumerate(self.sources, start=1)}
        named = (*model.sources, *(figure.source for figure in model.figures))
        return sorted({places[source.url] for source in named})

    def comparable(self, model: PublishedModel, metric: str) -> Figure | None:
        """The published figure on the common data."""
        return next((f for f in model.figures if f.metric == metric and f.data == self.common_data), None)

    def others(self, model: PublishedModel) -> list[Figure]:
        """The published figures that stand in no column of their own."""
        shown = [self.comparable(model, ERRORS), self.comparable(model, SPEED)]
        return [figure for figure in model.figures if figure not in shown]


def common_data(models: Sequence[PublishedModel]) -> str:
    """The data of the most published error rates."""
    counts = Counter(figure.data for model in models for figure in model.figures if figure.metric == ERRORS)
    return counts.most_common(1)[0][0] if counts else ""


def listed(
    models: Sequence[PublishedModel],
    rules: Sequence[Rule],
    *,
    links: Mapping[str, tuple[str, ...]],
    measured: Mapping[str, tuple[Measured, ...]],
    sort: str = "",
    backlog: bool = False,
    notes: Sequence[str] = (),
) -> ModelList:
    """The models that meet all rules, sorted by a key of SORTS, else by task, error rate and size.

    With `backlog` those that no engine loads yet, or that no local model is.
    """
    verdicts = {model.id: [rule.met_by(model) for rule in rules] for model in models}
    kept = [model for model in models if all(verdicts[model.id])]
    unknown = [id for id, found in verdicts.items() if None in found and False not in found]
    if backlog:
        kept = [model for model in kept if model.engine is None or model.id not in links]
    made = ModelList((), common_data(models), tuple(unknown), tuple(notes))
    key = SORTS[sort](made) if sort else _default(made)
    entries = tuple(
        Listed(model, links.get(model.id, ()), measured.get(model.id, ())) for model in sorted(kept, key=key)
    )
    return replace(made, entries=entries)


Key = Callable[[PublishedModel], tuple[object, ...]]


def _known(value: float | None, sign: float = 1.0) -> tuple[bool, float]:
    """What isn't known comes last."""
    return value is None, 0.0 if value is None else sign * value


def _figure(made: ModelList, metric: str) -> Key:
    sign = -1.0 if METRICS[metric].better == "higher" else 1.0

    def key(model: PublishedModel) -> tuple[object, ...]:
        found = made.comparable(model, metric)
        return (*_known(None if found is None else found.value, sign), model.id)

    return key


def _default(made: ModelList) -> Key:
    by_errors = _figure(made, ERRORS)

    def key(model: PublishedModel) -> tuple[object, ...]:
        place = min((place_of(task) for task in model.all_tasks), default=0)
        missing, value, _ = by_errors(model)
        return place, missing, value, *_known(model.parameters), model.id

    return key


SORTS: Mapping[str, Callable[[ModelList], Key]] = {
    "id": lambda made: lambda model: (model.id,),
    "parameters": lambda made: lambda model: (*_known(model.parameters), model.id),
    "size": lambda made: lambda model: (*_known(model.download_bytes), model.id),
    "languages": lambda made: lambda model: (*_known(model.spoken, -1.0), model.id),
    ERRORS: lambda made: _figure(made, ERRORS),
    SPEED: lambda made: _figure(made, SPEED),
}
"""Key -> how a list is sorted by it, the best or smallest first."""
