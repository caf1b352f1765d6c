"""The types of the catalog: what each YAML file may say. All frozen, unknown keys forbidden."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from ..metrics.definitions import METRICS, WITH_INTERVAL, Metric

Task = Literal["asr", "tts", "chat", "streaming"]
Tier = Literal["smoke", "real_e2e"]
DeviceKind = Literal["cpu", "cuda", "mps"]

TASKS: tuple[Task, ...] = ("asr", "tts", "chat", "streaming")

# No `:` (it joins the parts of a case id), `@` (it breaks `-k` and xdist's grouping), `/`, brackets or spaces.
_IDENTIFIER = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
_SHA256 = r"^[0-9a-f]{64}$"
_COMMIT = r"^[0-9a-f]{40}$"
_REPO = r"^\w[\w.-]*/\w[\w.-]*$"
_REQUIREMENT = r"^[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.!+_-]+$"

# BCP 47 as far as it goes here: `english` would choose another normalizer than `en`, unnoticed.
LANGUAGE_TAG = r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$"

IN_WORDS = {
    _IDENTIFIER: "letters, digits, `.`, `_` and `-`, beginning with a letter or digit",
    _SHA256: "64 hexadecimal digits in lower case",
    _COMMIT: "a commit (40 hexadecimal digits in lower case)",
    _REPO: "owner/name",
    LANGUAGE_TAG: "a language tag such as en or en-US",
    _REQUIREMENT: "a pinned package, name==version",
}
"""What each pattern asks for, for messages."""

Language = Annotated[str, StringConstraints(pattern=LANGUAGE_TAG)]
Identifier = Annotated[str, StringConstraints(pattern=_IDENTIFIER, max_length=80)]
Sha256 = Annotated[str, StringConstraints(pattern=_SHA256)]
Requirement = Annotated[str, StringConstraints(pattern=_REQUIREMENT)]


def _no_bool(value: object) -> object:
    # YAML 1.1 reads `yes` and `on` as true, which would count as 1.
    if isinstance(value, bool):
        raise PydanticCustomError("not_a_number", "expected a number")
    return value


Number = Annotated[float, BeforeValidator(_no_bool)]
Whole = Annotated[int, BeforeValidator(_no_bool)]


def _relative(name: str) -> str:
    # Names come from YAML and end in paths. `\` and `:` lead elsewhere on Windows.
    steps = name.split("/")
    if not name.isprintable() or set(name) & set("\\:") or any(step in {"", ".", ".."} for step in steps):
        raise ValueError(f"`{name}` is not a relative path of plain names joined by `/`")
    return name


FileName = Annotated[str, AfterValidator(_relative)]


class Spec(BaseModel):
    """Base of everything read from YAML."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, protected_namespaces=(), defer_build=True
    )

    # `file:line` it was read from, for messages; set by the loader.
    _origin: str = PrivateAttr(default="")

    @property
    def origin(self) -> str:
        return self._origin


class NamedSpec(Spec):
    """A spec that others refer to by its id."""

    id: Identifier


def exactly_one(spec: BaseModel, *names: str) -> str:
    """The one of `names` that is set; ValueError where it is none or several."""
    given = [name for name in names if getattr(spec, name) is not None]
    if len(given) != 1:
        raise ValueError(f"give exactly one of {_listed(names)}; found {_listed(given) or 'none'}")
    return given[0]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


class PinnedFile(Spec):
    """One file of a model, by content."""

    sha256: Sha256
    size: Whole = Field(ge=0, description="bytes; says ahead what a download costs")


class Weights(Spec):
    """Either files pinned by digest, with the hub repository that publishes them, or a local folder."""

    repo: str | None = Field(default=None, pattern=_REPO)
    revision: str | None = Field(default=None, pattern=_COMMIT, description="a commit, not a branch")
    files: dict[FileName, PinnedFile] | None = None
    path: str | None = Field(default=None, description="a folder, relative to the YAML file")

    @model_validator(mode="after")
    def _one_form(self) -> Weights:
        form = exactly_one(self, "files", "path")
        if form == "path" and (self.repo or self.revision):
            raise ValueError("`repo` and `revision` go with `files`, not with `path`")
        if self.files is not None and not self.files:
            raise ValueError("`files` is empty: name at least one file with its sha256")
        if bool(self.repo) != bool(self.revision):
            raise ValueError("`repo` and `revision` go together: a pin without a revision moves")
        return self


class Timeouts(Spec):
    """Seconds after which a worker is killed."""

    load_s: Number = Field(default=600.0, gt=0)
    utterance_s: Number = Field(default=60.0, gt=0, description="for each utterance, plus ...")
    per_audio_second: Number = Field(default=20.0, ge=0, description="... this many seconds per second of audio")


class ModelSpec(NamedSpec):
    """One model: an engine, its weights, its options, and the devices it runs on."""

    schema_: Literal["modellab.model/1"] = Field(alias="schema")
    title: str = ""
    engine: str
    tasks: tuple[Task, ...] = Field(min_length=1)
    tiers: tuple[Tier, ...] = Field(description="[] keeps it in the catalog without tests")
    languages: tuple[Language, ...] = Field(default=(), description="[] for any")
    licence: str = ""
    weights: Weights | None = None
    options: dict[str, Any] = Field(default_factory=dict, description="the engine's own options")
    devices: dict[Identifier, dict[str, Any]] = Field(
        min_length=1, description="device id -> options that differ on it ({} for none)"
    )
    timeouts: Timeouts = Timeouts()

    def options_on(self, device: str) -> dict[str, Any]:
        return {**self.options, **self.devices[device]}

    def speaks(self, language: str | None) -> bool:
        """Whether the model takes `language` (a tag such as `en` or `en-US`; None: not stated)."""
        if not self.languages or language is None:
            return True
        tag = _tag(language)
        return not {tag, tag.partition("-")[0]}.isdisjoint(map(_tag, self.languages))


def _tag(language: str) -> str:
    return language.replace("_", "-").lower()


class DeviceSpec(NamedSpec):
    """One device as cases name it."""

    kind: DeviceKind
    index: Whole = Field(default=0, ge=0, description="which CUDA device")


class DevicesFile(Spec):
    schema_: Literal["modellab.devices/1"] = Field(alias="schema")
    devices: tuple[DeviceSpec, ...] = Field(min_length=1)


class ArchiveSpec(Spec):
    """Where clips lie together: a package of the index, or a local folder."""

    wheel: Requirement | None = None
    sdist: Requirement | None = None
    folder: str | None = Field(default=None, description="relative to the YAML file")

    @model_validator(mode="after")
    def _one_form(self) -> ArchiveSpec:
        exactly_one(self, "wheel", "sdist", "folder")
        return self


class ClipSpec(NamedSpec):
    """One utterance out of an archive."""

    archive: str
    member: FileName
    sha256: Sha256
    text: str = Field(description="the reference, as published")
    speaker: str | None = None
    language: Language | None = None
    kind: str | None = Field(default=None, description="read, whispered, ...: figures by kind")
    licence: str = ""

    @model_validator(mode="after")
    def _has_words(self) -> ClipSpec:
        if not self.text.strip():
            raise ValueError("an empty reference can't be scored; remove the clip or give its words")
        return self


Sound = Literal["silence", "white", "pink", "hum", "music"]


class MadeSpec(NamedSpec):
    """A clip in which nobody speaks, made on the fly; its reference is empty."""

    sound: Sound
    seconds: Number = Field(ge=0.1, le=3600)
    dbfs: Number | None = Field(
        default=None, ge=-90, le=0, description="RMS level against a constant full-scale signal; none for silence"
    )
    seed: Whole = Field(default=0, ge=0, le=2**32 - 1)

    @model_validator(mode="after")
    def _has_level(self) -> MadeSpec:
        if self.sound == "silence" and self.dbfs is not None:
            raise ValueError("silence has no level: leave `dbfs` out")
        if self.sound != "silence" and self.dbfs is None:
            raise ValueError(f"`{self.sound}` needs a level, such as `dbfs: -30`")
        return self


def _words(terms: tuple[str, ...]) -> tuple[str, ...]:
    for i, term in enumerate(terms):
        if not any(character.isalnum() for character in term):
            raise ValueError(f"`{term}` holds no letter or digit")
        if term in terms[:i]:
            raise ValueError(f"`{term}` stands twice")
    return terms


Terms = Annotated[tuple[str, ...], AfterValidator(_words)]


class DatasetSpec(NamedSpec):
    """Recordings with their references: a manifest, a folder, clips out of archives, or clips without speech."""

    schema_: Literal["modellab.dataset/1"] = Field(alias="schema")
    title: str = ""
    tasks: tuple[Task, ...] = Field(min_length=1)
    tiers: tuple[Tier, ...] = Field(description="[] keeps it in the catalog without tests")
    language: Language | None = Field(default=None, description="of utterances that don't state their own")
    licence: str = ""
    normalizer: Literal["whisper-english", "whisper-basic", "none"] | None = Field(
        default=None, description="by language unless given"
    )
    manifest: str | None = Field(default=None, description="JSONL as NeMo writes it, relative to the YAML file")
    folder: str | None = Field(default=None, description="audio files, each with a .txt of the same name")
    archives: dict[Identifier, ArchiveSpec] = Field(default_factory=dict)
    clips: tuple[ClipSpec, ...] | None = Field(default=None, min_length=1)
    made: tuple[MadeSpec, ...] | None = Field(default=None, min_length=1, description="clips without speech")
    glossary: Terms = Field(default=(), description="words or phrases that must not be missed")
    names: Terms = Field(default=(), description="proper names that are spoken")

    @model_validator(mode="after")
    def _one_form(self) -> DatasetSpec:
        form = exactly_one(self, "manifest", "folder", "clips", "made")
        if self.archives and form != "clips":
            raise ValueError(f"`archives` go with `clips`, not with `{form}`")
        if form == "made" and (self.glossary or self.names):
            raise ValueError("`glossary` and `names` go with speech, not with `made`")
        return self

    @property
    def spoken(self) -> bool:
        """Whether somebody speaks in it."""
        return self.made is None


class MirrorPart(Spec):
    """A member of a package in the index, or a file in a local folder."""

    wheel: Requirement | None = None
    sdist: Requirement | None = None
    folder: str | None = Field(default=None, description="relative to mirrors.yaml")
    member: FileName

    @model_validator(mode="after")
    def _one_form(self) -> MirrorPart:
        exactly_one(self, "wheel", "sdist", "folder")
        return self


class MirrorSpec(Spec):
    """Bytes that also lie elsewhere: one member, or several joined in order."""

    parts: tuple[MirrorPart, ...] = Field(min_length=1)


class MirrorsFile(Spec):
    schema_: Literal["modellab.mirrors/1"] = Field(alias="schema")
    mirrors: dict[Sha256, tuple[MirrorSpec, ...]]


def out_of_scale(metric: Metric, value: float) -> str:
    """What is wrong with a bound on a ratio that was written as a percentage; "" for nothing.

    A limit of 15 for the WER would allow 1500 %, and never fail.
    """
    if metric.unit != "%" or value <= 1:
        return ""
    return f"{metric.name} is a ratio: {value / 100:g} is {value:g} %, found {value:g}"


class LimitSpec(Spec):
    """A bound on one metric, for the cases its globs match. Of several, the last one counts."""

    metric: str
    max: Number | None = None
    min: Number | None = None
    model: str = "*"
    device: str = "*"
    dataset: str = "*"
    warn: Number | None = Field(default=None, description="a stricter value beyond which a pass is a warning")
    judge: Literal["point", "bound"] = Field(default="point", description="by the figure, or by its 95 % interval")
    margin: Number = Field(default=0.0, ge=0, description="what it may be beyond the limit, with `judge: bound`")
    reason: str = ""

    @model_validator(mode="after")
    def _right_side(self) -> LimitSpec:
        side = exactly_one(self, "max", "min")
        metric = METRICS.get(self.metric)
        if metric is not None and side != metric.bound:
            raise ValueError(f"a {metric.better} {metric.name} is better: bound it with `{metric.bound}`")
        if metric is not None and (wrong := out_of_scale(metric, self.value)):
            raise ValueError(wrong)
        return self

    @model_validator(mode="after")
    def _right_judge(self) -> LimitSpec:
        if self.judge == "bound" and self.metric in METRICS and self.metric not in WITH_INTERVAL:
            raise ValueError(f"{self.metric} is measured once and has no interval: use `judge: point`")
        if self.margin and self.judge == "point":
            raise ValueError("`margin` goes with `judge: bound`")
        if self.warn is not None and (self.warn >= self.value if self.max is not None else self.warn <= self.value):
            raise ValueError("`warn` must be stricter than the limit")
        return self

    @property
    def value(self) -> float:
        value = self.max if self.max is not None else self.min
        assert value is not None  # the validator saw to it
        return value


class LimitsFile(Spec):
    schema_: Literal["modellab.limits/1"] = Field(alias="schema")
    limits: tuple[LimitSpec, ...]


Letter = Literal["A+", "A", "B", "C"]
LETTERS: tuple[Letter, ...] = ("A+", "A", "B", "C")


def _complete(bands: dict[Letter, float]) -> dict[Letter, float]:
    missing = [letter for letter in LETTERS if letter not in bands]
    if missing:
        raise ValueError(f"lacks a band for {', '.join(missing)}")
    return bands


Bands = Annotated[dict[Letter, Number], AfterValidator(_complete)]


class TaskGrades(Spec):
    """How one task is graded: for each criterion the worst value that still earns a letter; beyond C is F."""

    criteria: dict[str, Bands] = Field(min_length=1)
    provisional_below_words: Whole = Field(
        default=0, ge=0, description="grades on fewer reference words are marked provisional"
    )


class GradesFile(Spec):
    schema_: Literal["modellab.grades/1"] = Field(alias="schema")
    tasks: dict[Task, TaskGrades]
