"""The types of a data set's YAML file: the sources of recordings and references, and their derivation."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, TypeAdapter, field_validator, model_validator
from pydantic_core import PydanticCustomError

from pytest_modellab.core.identifiers import Identifier, Sha256
from pytest_modellab.core.language_tags import canonical_language
from pytest_modellab.core.text import DEFAULT, SCORERS, TextRules, unit_of
from pytest_modellab.engines.registry import PREDICTORS

from .base import (
    REPO,
    TASKS,
    DebianPackage,
    FileName,
    Language,
    NamedSpec,
    Number,
    Requirement,
    Spec,
    Task,
    Tier,
    Url,
    Whole,
    exactly_one,
)
from .corpus_specs import HubSpec, KaldiSpec, LhotseSpec, TableSpec
from .cut_specs import CutsSpec
from .dataset_forms import FORMS, misplaced, own_form
from .dialogue_specs import DialogueSpec, GradedBy
from .errors import suggest
from .scenario_specs import ScenarioSpec
from .stream_specs import LoadSpec, StreamSpec

Layout = Literal["asterisk-prompts", "librispeech", "common-voice", "fleurs", "amazon-queen"]


class ArchiveSpec(Spec):
    """An archive of recordings: a package, a file on the web or on this machine, or a folder."""

    wheel: Requirement | None = None
    sdist: Requirement | None = None
    deb: DebianPackage | None = Field(default=None, description="fetched by apt-get, never installed")
    url: Url | None = Field(default=None, description="a file on the web, pinned by `sha256` and `size`")
    repo: str | None = Field(default=None, pattern=REPO, description="a data set on the hub, with `file`")
    revision: str | None = Field(default=None, min_length=1, description="of the repo: a commit, or else a branch")
    file: FileName | None = Field(default=None, description="the archive inside the repo")
    folder: str | None = Field(default=None, description="relative to the YAML file")
    path: str | None = Field(default=None, description="an archive on this machine, relative to the YAML file")
    sha256: Sha256 | None = Field(default=None, description="of the archive itself")
    size: Whole | None = Field(default=None, ge=0, description="bytes; says ahead what a download costs")
    home: str = Field(default="", description="where it is published, for people")

    @model_validator(mode="after")
    def _one_form(self) -> ArchiveSpec:
        form = exactly_one(self, "wheel", "sdist", "deb", "url", "repo", "folder", "path")
        if (self.file is not None) != (form == "repo"):
            raise ValueError("`repo` and `file` go together: which file of the repository is it?")
        if self.revision is not None and form != "repo":
            raise ValueError("`revision` goes with `repo`")
        if (self.sha256 is None) != (self.size is None):
            raise ValueError("`sha256` and `size` go together")
        if form == "url" and self.sha256 is None:
            raise ValueError("`url` needs `sha256` and `size`: what an address holds may change")
        if form in {"folder", "path"} and self.sha256 is not None:
            raise ValueError(f"`sha256` goes with what is fetched, not with `{form}`")
        return self


class ClipSpec(NamedSpec):
    """One utterance out of an archive."""

    archive: str
    member: FileName
    sha256: Sha256
    text: str = Field(description="the reference, as published")
    speaker: str | None = None
    language: Language | None = None
    kind: str | None = Field(default=None, description="read, whispered, ...: a slice for each kind")
    licence: str = ""

    @model_validator(mode="after")
    def _has_words(self) -> ClipSpec:
        if not self.text.strip():
            raise ValueError("an empty reference can't be scored; remove the clip or give its words")
        return self


class RecipeSpec(Spec):
    """The reader of a published corpus, and its options."""

    layout: Layout
    split: Identifier = Field(default="test", description="of Common Voice and FLEURS: test, dev, ...")
    min_words: Whole = Field(default=1, ge=1, description="shorter references are left out")
    questions: bool = Field(default=False, description="only references that end in a question mark")
    per_speaker: Whole | None = Field(default=None, ge=1, description="at most so many utterances of each speaker")


class Degradation(Spec):
    """A degradation of clean recordings, applied in this order: speed, reverberation, noise, telephone."""

    speed: Number | None = Field(default=None, ge=0.5, le=2, description="factor of tempo and pitch")
    rt60_s: Number | None = Field(default=None, gt=0, le=5, description="reverberation time, seconds to -60 dB")
    noise: Literal["white", "pink", "babble"] | None = None
    snr_db: Number | None = Field(default=None, ge=-30, le=60, description="of the noise, decibels")
    telephone: bool = Field(default=False, description="300 to 3400 Hz, 8 kHz, mu-law")

    @model_validator(mode="after")
    def _something(self) -> Degradation:
        if (self.noise is None) != (self.snr_db is None):
            raise ValueError("`noise` and `snr_db` go together")
        if not self.telephone and self.speed is None and self.rt60_s is None and self.noise is None:
            raise ValueError("give at least one of `speed`, `rt60_s`, `noise` with `snr_db`, `telephone`")
        return self

    @property
    def label(self) -> str:
        """Its label in reports: `reverberation 0.6 s, babble 5 dB`."""
        parts = [
            f"speed {self.speed:g}" if self.speed is not None else "",
            f"reverberation {self.rt60_s:g} s" if self.rt60_s is not None else "",
            f"{self.noise} {self.snr_db:g} dB" if self.noise is not None else "",
            "telephone" if self.telephone else "",
        ]
        return ", ".join(filter(None, parts))


class Join(Spec):
    """Utterances concatenated to long recordings."""

    seconds: Number = Field(gt=0, description="a recording is closed when it is this long")
    pause_s: Number = Field(default=0.5, ge=0, le=10, description="silence between two utterances")


class DeriveSpec(Spec):
    """A data set derived from another one as it is read: degraded, joined, or a subset; nothing is stored."""

    source: Identifier = Field(alias="from")
    take: Whole | None = Field(default=None, ge=1, description="so many of its utterances, evenly spread")
    seed: Whole = Field(default=0, ge=0)
    noisy: tuple[Degradation, ...] | None = Field(default=None, min_length=1)
    join: Join | None = None
    texts_of: Identifier | None = Field(
        default=None, description="a data set whose texts are the references of utterances of the same id: translations"
    )

    @model_validator(mode="after")
    def _one_form(self) -> DeriveSpec:
        if self.noisy is not None or self.join is not None or self.texts_of is not None or self.take is None:
            exactly_one(self, "noisy", "join", "texts_of")
        labels = [each.label for each in self.noisy or ()]
        if twice := next((label for label in labels if labels.count(label) > 1), None):
            raise ValueError(f"`noisy` lists {twice} twice")
        return self

    @property
    def moves_time(self) -> bool:
        """Whether what is said isn't at the same seconds as in its source."""
        return self.join is not None or any(each.speed is not None for each in self.noisy or ())


Sound = Literal["silence", "white", "pink", "hum", "music"]


class MadeSpec(NamedSpec):
    """A synthetic clip without speech; its reference is empty."""

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


class PromptSpec(NamedSpec):
    """A text to be spoken."""

    text: str = Field(description="as it is given to the model; may be empty")
    heard: str | None = Field(
        default=None, description="what a listener should write down, where that isn't the text; empty for nothing"
    )
    language: Language | None = None
    kind: str | None = Field(default=None, description="plain, numbers, names, ...: a slice for each kind")

    @property
    def reference(self) -> str:
        return self.text if self.heard is None else self.heard


def _known_predictor(name: str) -> str:
    if name not in PREDICTORS:
        expected = ", ".join(map(repr, sorted(PREDICTORS)))
        raise PydanticCustomError("literal_error", "Input should be {expected}", {"expected": expected})
    return name


class JudgeSpec(Spec):
    """The judge of synthesized speech, and the predictors."""

    asr: Identifier = Field(description="the model of this catalog that transcribes the speech, on the CPU")
    readings: Identifier | None = Field(
        default=None, description="a data set of people's readings, on which the judge's own error rate is measured"
    )
    quality: tuple[Annotated[str, AfterValidator(_known_predictor)], ...] = Field(
        default=(), description="what predicts, or measures, what listeners would say of it"
    )


def _words(terms: tuple[str, ...]) -> tuple[str, ...]:
    for i, term in enumerate(terms):
        if not any(character.isalnum() for character in term):
            raise ValueError(f"`{term}` has no letter or digit")
        if term in terms[:i]:
            raise ValueError(f"`{term}` stands twice")
    return terms


Terms = Annotated[tuple[str, ...], AfterValidator(_words)]


class DatasetSpec(NamedSpec):
    """Recordings with their references, in one form: a manifest, a folder, clips, a recipe, ...

    For speech synthesis the references are the input texts; a set without recordings has `prompts`.
    """

    schema_: Literal["modellab.dataset/1"] = Field(alias="schema")
    title: str = ""
    tasks: tuple[Task, ...] = Field(min_length=1)
    tiers: tuple[Tier, ...] = Field(description="smoke is in smoke_all, too; [] keeps it in the catalog without tests")
    language: Language | None = Field(default=None, description="of utterances that don't state their own")
    speaker: str | None = Field(default=None, description="of all utterances of a recipe without speakers")
    kind: str | None = Field(default=None, description="of all utterances of a recipe: read, prompt, ...")
    target: Language | None = Field(
        default=None,
        description="with the task translate: the language of the references; `language` is that of the speech",
    )
    licence: str = ""
    normalizer: str | None = Field(default=None, description="name of the scorer (default: modellab)")
    substitutions: dict[str, str] = Field(
        default_factory=dict, description="phrases that count as others, in references and answers alike"
    )
    equivalents: tuple[tuple[str, ...], ...] = Field(default=(), description="groups of phrases that count as the same")
    manifest: str | None = Field(default=None, description="JSONL as NeMo writes it, relative to the YAML file")
    folder: str | None = Field(default=None, description="audio files, each with a .txt of the same name")
    audio_root: str | None = Field(
        default=None,
        description="folder of all its files; relative to the YAML file, by default the manifest's",
    )
    channel: Whole | None = Field(
        default=None, ge=0, description="the channel of its files, from 0 on; by default the mean of all"
    )
    ctm: str | None = Field(default=None, description="a CTM file with the times of the words, by utterance id")
    on_error: Literal["refuse", "leave-out"] = Field(
        default="refuse", description="a broken or missing recording refuses the set, or is left out and named"
    )
    archives: dict[Identifier, ArchiveSpec] = Field(default_factory=dict)
    clips: tuple[ClipSpec, ...] | None = Field(default=None, min_length=1)
    recipe: RecipeSpec | None = None
    derive: DeriveSpec | None = None
    cuts: CutsSpec | None = Field(default=None, description="for the task turn")
    made: tuple[MadeSpec, ...] | None = Field(default=None, min_length=1, description="clips without speech")
    prompts: tuple[PromptSpec, ...] | None = Field(default=None, min_length=1, description="texts to be spoken")
    dialogues: tuple[DialogueSpec, ...] | None = Field(default=None, min_length=1, description="for the task chat")
    scenarios: tuple[ScenarioSpec, ...] | None = Field(default=None, min_length=1, description="for the task barge_in")
    table: TableSpec | None = None
    kaldi: KaldiSpec | None = None
    lhotse: LhotseSpec | None = None
    hub: HubSpec | None = None
    form: dict[Identifier, dict[str, Any]] | None = Field(
        default=None, min_length=1, max_length=1, description="a form of another package, with its options"
    )
    voice: Identifier | None = Field(default=None, description="the model that speaks what the dialogues have as text")
    graded_by: GradedBy | None = Field(default=None, description="who judges turns with a `rubric`")
    judge: JudgeSpec | None = Field(default=None, description="of what is spoken, by a model for tts or chat")
    stream: StreamSpec | None = Field(default=None, description="how it is handed over, with the task streaming")
    load: LoadSpec | None = Field(default=None, description="how many calls at once, with the task load")
    glossary: Terms = Field(default=(), description="words or phrases that must not be missed")
    names: Terms = Field(default=(), description="proper names that are spoken")

    @property
    def streaming(self) -> StreamSpec:
        """The settings of streaming, with defaults."""
        return self.stream or StreamSpec()

    @property
    def sources(self) -> tuple[str, ...]:
        """The data sets that it is made of."""
        if self.derive is not None:
            return (self.derive.source, *([] if self.derive.texts_of is None else [self.derive.texts_of]))
        if self.cuts is not None:
            return self.cuts.sources
        events = (event.source for scenario in self.scenarios or () for event in scenario.events)
        return tuple(dict.fromkeys(each for each in events if each is not None))

    @classmethod
    def _own_forms(cls) -> list[str]:
        return [name for name in cls.model_fields if own_form(name)]

    def _filled(self) -> list[str]:
        """The keys that are neither missing nor empty; a channel may be 0."""
        return [name for name in type(self).model_fields if getattr(self, name) or getattr(self, name) == 0]

    @property
    def form_name(self) -> str:
        """The name of its form."""
        if self.form is not None:
            return next(iter(self.form))
        return next(name for name in self._own_forms() if getattr(self, name) is not None)

    @property
    def given(self) -> Any:
        """What the file says of it, as its form takes it."""
        if self.form is None:
            return getattr(self, self.form_name)
        [(name, options)] = self.form.items()
        return TypeAdapter(FORMS[name].Options).validate_python(options)

    @property
    def spoken(self) -> bool:
        """Whether somebody speaks in it."""
        if self.form is not None:
            return FORMS[self.form_name].speech
        # Asked while tests are collected, where the modules that read data are not to be imported.
        return self.made is None and (self.prompts is None or any(prompt.reference.strip() for prompt in self.prompts))

    @model_validator(mode="after")
    def _one_form(self) -> DatasetSpec:
        exactly_one(self, *self._own_forms(), "form")
        if self.form_name not in FORMS or (self.form is not None and own_form(self.form_name)):
            return self  # told with its line, and what may have been meant
        if wrong := misplaced(self.form_name, self._filled()):
            raise ValueError(wrong)
        if self.judge is None and (unjudged := [task for task in self.tasks if TASKS[task].needs_judge]):
            raise ValueError(f"`tasks: [{', '.join(unjudged)}]` needs a `judge`, such as {{asr: faster-whisper-base}}")
        if self.stream is not None and "streaming" not in self.tasks:
            raise ValueError("`stream` goes with the task streaming")
        if (self.load is None) == ("load" in self.tasks):
            raise ValueError("`load` and the task load go together")
        if self.load is not None and len(self.tasks) > 1:
            raise ValueError("a data set of the task load has no other task: its levels are cases of their own")
        if (self.target is None) == ("translate" in self.tasks):
            raise ValueError("`target`, the language of the references, and the task translate go together")
        if self.derive is not None and "diarize" in self.tasks and self.derive.moves_time:
            raise ValueError("`join` and `speed` would shift the segments that the task diarize is held against")
        if self.target is not None and len(self.tasks) > 1:
            raise ValueError("a data set of the task translate has no other task: its references are translations")
        if self.form is None:
            FORMS[self.form_name].check(self, self.given)
        return self

    @property
    def rules(self) -> TextRules:
        """How its texts are scored."""
        same = [(phrase, group[0]) for group in self.equivalents for phrase in group[1:]]
        return TextRules(self.normalizer or DEFAULT, (*self.substitutions.items(), *same))

    @field_validator("normalizer")
    @classmethod
    def _known_scorer(cls, name: str | None) -> str | None:
        if name is not None and name not in SCORERS:
            raise ValueError(f"no scorer `{name}`; {suggest(name, SCORERS)}")
        if name is not None:
            TextRules(name)
        return name

    @field_validator("equivalents")
    @classmethod
    def _groups(cls, groups: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        if alone := [group for group in groups if len(group) < 2]:
            raise ValueError(f"a group has two phrases or more, not {list(alone[0])}")
        return groups

    @model_validator(mode="after")
    def _fitting_normalizer(self) -> DatasetSpec:
        words = self.normalizer in {"whisper-english", "whisper-basic", "none"}
        if words and unit_of(canonical_language(self.language)) == "characters":
            raise ValueError(
                f"`normalizer: {self.normalizer}` takes words apart at spaces, and {self.language} is written without:"
                " leave `normalizer` out"
            )
        return self
