"""Models whose answers can change for reasons outside of the input key, such as those behind a server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from pytest_modellab.engines.registry import engine_class, outside

from .graders import Grader, ModelGrader
from .spoken import SpokenRecording

if TYPE_CHECKING:
    from pytest_modellab.catalog.cases import Case
    from pytest_modellab.catalog.catalog import Catalog
    from pytest_modellab.catalog.datasets import Dataset

    from .judges import Judges
    from .load_order import LoadOrder


class Judging(Protocol):
    """The models that judge a case."""

    catalog: Catalog

    def judges(self, case: Case) -> Judges | None: ...

    def grader(self, case: Case, dataset: Dataset) -> Grader | None: ...


def why_always(case: Case, dataset: Dataset, order: LoadOrder, models: Judging) -> str | None:
    """Why a case is measured in every session anew; None where equal inputs make equal answers.

    Raises as Runner.judges and Runner.grader do.
    """
    for model, engine in _taking_part(case, dataset, order, models):
        if outside(engine_class(engine)):
            name = engine.rpartition(":")[2]
            return f"{model}: something outside its process can change its answers, by its engine {name}"
    return None


def _taking_part(case: Case, dataset: Dataset, order: LoadOrder, models: Judging) -> Iterator[tuple[str, str]]:
    """Model and engine of all models that can change a record: the model, its parts, voice, judges, grader."""
    yield case.model.id, order.engine
    for role, part in order.parts.items():
        yield case.model.parts[role], part.engine
    voice = dataset.spec.voice
    if voice is not None and any(type(each.recording) is SpokenRecording for each in dataset.utterances):
        target = models.catalog.models[voice].engine_target
        assert target is not None  # the catalog was checked
        yield voice, target
    judges, grader = models.judges(case), models.grader(case, dataset)
    if judges is not None:
        yield judges.model, judges.order.engine
        yield from ((name, predictor.engine) for name, predictor in judges.predictors.items())
    if isinstance(grader, ModelGrader):
        yield grader.auxiliary_model.model, grader.auxiliary_model.order.engine
