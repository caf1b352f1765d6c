"""The types of a file of published models. A value that nobody looked up is absent, never guessed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from pytest_modellab.core.identifiers import Identifier
from pytest_modellab.core.metrics.metric import Unit
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.engines.registry import available

from ..base import REPO, TASKS, Language, NamedSpec, Number, Spec, Task, Url, Whole
from ..specs import DeviceKind, out_of_scale

_FORMULA = ("=", "+", "-", "@")


def _line(text: str) -> str:
    if "|" in text or not text.isprintable():
        raise ValueError(f"{text!r}: one line of text without `|`, which divides the parts of a CSV's cell")
    if text != text.strip() or text.startswith(_FORMULA):
        raise ValueError(f"{text!r} begins or ends with a space, or begins as a spreadsheet's formula does")
    return text


def _known_engine(name: str) -> str:
    if name not in available():
        raise PydanticCustomError(
            "literal_error", "{expected}", {"expected": ", ".join(map(repr, sorted(available())))}
        )
    return name


def _no_task_here(name: str) -> str:
    if name in TASKS:
        raise ValueError(f"`{name}` is a task here: put it in `tasks`")
    return name


Line = Annotated[str, AfterValidator(_line)]
Engine = Annotated[str, AfterValidator(_known_engine)]
OtherTask = Annotated[Identifier, AfterValidator(_no_task_here)]
Repo = Annotated[str, Field(pattern=REPO)]


class Source(Spec):
    """A page or file that was opened for what is said of a model."""

    title: Line = Field(min_length=1)
    url: Url
    opened: date
    dated: date | None = Field(default=None, description="of the copy that was opened, where it says so")


class Figure(Spec):
    """A published figure, with what it was measured on and who says so."""

    metric: Identifier = Field(description="one that is known here, or any other with its `unit`")
    value: Number
    unit: Unit | None = Field(default=None, description="of a metric that isn't known here")
    data: Line = Field(min_length=1, description="data set or leaderboard; figures are comparable where it is the same")
    source: Source

    @model_validator(mode="after")
    def _in_a_unit(self) -> Figure:
        known = METRICS.get(self.metric)
        if (known is None) == (self.unit is None):
            raise ValueError(
                f"`{self.metric}` is no metric here: give its `unit`"
                if known is None
                else f"the unit of `{self.metric}` is known: leave `unit` out"
            )
        if known is not None and (wrong := out_of_scale(known, self.value)):
            raise ValueError(wrong)
        return self

    @property
    def shown(self) -> str:
        """The value for a person, as this project's own figures are written."""
        if (known := METRICS.get(self.metric)) is not None:
            return known.format(self.value)
        return f"{100 * self.value:.3g} %" if self.unit == "%" else f"{self.value:.4g} {self.unit}"

    @property
    def title(self) -> str:
        known = METRICS.get(self.metric)
        return self.metric.upper() if known is None else known.title


class PublishedModel(NamedSpec):
    """An open model, as far as it was looked up."""

    title: Line = Field(min_length=1)
    repo: Repo | None = Field(default=None, description="on the Hugging Face hub")
    also: tuple[Repo, ...] = Field(default=(), description="repositories of the same weights in other formats")
    tasks: tuple[Task, ...] = ()
    other_tasks: tuple[OtherTask, ...] = Field(default=(), description="what it does that is no task here")
    parameters: Whole | None = Field(default=None, gt=0)
    download_bytes: Whole | None = Field(default=None, gt=0)
    licence: Line = Field(default="", description="of the weights; an SPDX id where there is one")
    commercial: bool | None = Field(default=None, description="whether the licence allows commercial use")
    languages: tuple[Language, ...] = ()
    language_count: Whole | None = Field(default=None, gt=0, description="where they are counted, but not named")
    devices: tuple[DeviceKind, ...] = Field(default=(), description="what its source names")
    streaming: bool | None = Field(
        default=None, description="answers to audio, or speech for text, that is still coming"
    )
    engine: Engine | None = Field(default=None, description="what loads it here; none yet where this is absent")
    note: Line = ""
    sources: tuple[Source, ...] = Field(min_length=1, description="what was opened for all of this")
    figures: tuple[Figure, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> PublishedModel:
        if not self.tasks and not self.other_tasks:
            raise ValueError("names neither `tasks` nor `other_tasks`")
        if self.languages and self.language_count is not None:
            raise ValueError("`language_count` is for languages that aren't named: leave it out beside `languages`")
        return self

    @property
    def all_tasks(self) -> tuple[str, ...]:
        return (*self.tasks, *self.other_tasks)

    @property
    def spoken(self) -> int | None:
        """How many languages it knows; None where that was not looked up."""
        return len(self.languages) or self.language_count

    def values(self, metric: str) -> list[float]:
        return [figure.value for figure in self.figures if figure.metric == metric]


class Rule(Spec):
    """Conditions on a model. What isn't known of a model is neither met nor failed."""

    task: Identifier | None = None
    language: Language | None = None
    max_parameters: Whole | None = Field(default=None, gt=0)
    max_download_bytes: Whole | None = Field(default=None, gt=0)
    min_languages: Whole | None = Field(default=None, gt=0)
    commercial: bool | None = None
    streaming: bool | None = None
    at_least: dict[Identifier, Number] = Field(default_factory=dict, description="metric -> the least published value")
    at_most: dict[Identifier, Number] = Field(default_factory=dict, description="metric -> the greatest")

    def met_by(self, model: PublishedModel) -> bool | None:
        """Whether a model meets all conditions; None where that isn't known of it."""
        found = [*self._checks(model)]
        return False if False in found else None if None in found else True

    def _checks(self, model: PublishedModel) -> Iterator[bool | None]:
        if self.task is not None:
            yield self.task in model.all_tasks
        if self.language is not None:
            yield self._speaks(model)
        yield from (_within(known, most) for known, most in self._sizes(model))
        if self.min_languages is not None:
            yield None if model.spoken is None else model.spoken >= self.min_languages
        for wanted, known in ((self.commercial, model.commercial), (self.streaming, model.streaming)):
            if wanted is not None:
                yield None if known is None else known is wanted
        for metric, bound in self.at_least.items():
            values = model.values(metric)
            yield max(values) >= bound if values else None
        for metric, bound in self.at_most.items():
            values = model.values(metric)
            yield min(values) <= bound if values else None

    def _sizes(self, model: PublishedModel) -> Iterator[tuple[int | None, int]]:
        if self.max_parameters is not None:
            yield model.parameters, self.max_parameters
        if self.max_download_bytes is not None:
            yield model.download_bytes, self.max_download_bytes

    def _speaks(self, model: PublishedModel) -> bool | None:
        wanted = (self.language or "").partition("-")[0]
        return any(each.partition("-")[0] == wanted for each in model.languages) if model.languages else None


def _within(known: int | None, most: int) -> bool | None:
    return None if known is None else known <= most


class Use(Spec):
    """A use, and the rule by which models are on its shortlist."""

    title: str = Field(min_length=1)
    why: str = Field(min_length=1)
    rule: Rule


class PublishedFile(Spec):
    """A file of published models. `sources` and `language_lists` hold what several models name by a YAML anchor."""

    schema_: Literal["modellab.published/1"] = Field(alias="schema")
    uses: dict[Identifier, Use] = Field(default_factory=dict)
    sources: dict[Identifier, Source] = Field(default_factory=dict)
    language_lists: dict[Identifier, tuple[Language, ...]] = Field(default_factory=dict)
    models: tuple[PublishedModel, ...]

    @model_validator(mode="after")
    def _ids_once(self) -> PublishedFile:
        ids = [model.id for model in self.models]
        twice = sorted({id for id in ids if ids.count(id) > 1})
        if twice:
            raise ValueError(f"duplicate ids: {', '.join(twice)}; ids are unique")
        return self
