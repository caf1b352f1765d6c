"""What a data set of dialogues may say: what the user says, turn by turn, and what a right reply is like."""

from __future__ import annotations

from pydantic import Field, model_validator

from pytest_modellab.core.identifiers import Identifier, Sha256
from pytest_modellab.core.language import primary_language
from pytest_modellab.core.metrics.language_id import KNOWN

from .base import FileName, Language, NamedSpec, Number, Spec, exactly_one


class TurnClip(Spec):
    """A recording of what is said, out of one of the data set's archives."""

    archive: str
    member: FileName
    sha256: Sha256


class TurnSpec(Spec):
    """What the user says, and the rules for the reply: all that are given must hold (see metrics.answers)."""

    say: str
    accept: tuple[str, ...] = Field(default=(), description="one of these is in the reply, as whole words")
    keywords: tuple[str, ...] = Field(default=(), description="all of these do")
    number: Number | None = Field(default=None, description="the answer, in digits or words")
    tolerance: Number = Field(default=0.0, ge=0, description="how far from `number` the reply may be")
    refuse: bool = Field(default=False, description="the reply must be a refusal, or own up that it can't know")
    reject: tuple[str, ...] = Field(default=(), description="none of these is in the reply")
    language: Language | None = Field(default=None, description="that the reply must be in")
    context: bool = Field(default=False, description="only who remembers an earlier turn can answer")
    rubric: str | None = Field(default=None, description="what a judge is asked, for `graded_by`")
    clip: TurnClip | None = Field(default=None, description="as it was recorded; else the data set's `voice` says it")

    @model_validator(mode="after")
    def _sound(self) -> TurnSpec:
        if not any(character.isalnum() for character in self.say):
            raise ValueError("`say` has no letter or digit: what does the user say?")
        for name in ("accept", "keywords", "reject"):
            for phrase in getattr(self, name):
                if not any(character.isalnum() for character in phrase):
                    raise ValueError(f"`{name}`: `{phrase}` has no letter or digit, so that no reply can have it")
        if self.tolerance and self.number is None:
            raise ValueError("`tolerance` goes with `number`")
        if self.refuse and (self.accept or self.keywords or self.number is not None):
            raise ValueError("`refuse` doesn't go with `accept`, `keywords` or `number`: is there an answer or not?")
        if self.language is not None and primary_language(self.language) not in KNOWN:
            raise ValueError(f"`language`: replies can be detected to be in {', '.join(sorted(KNOWN))}")
        if self.rubric is not None and not self.rubric.strip():
            raise ValueError("`rubric` is empty: what is the judge asked?")
        return self

    @property
    def judged(self) -> bool:
        """Whether there is anything by which the reply is right or wrong."""
        by_rule = self.accept or self.keywords or self.reject or self.refuse or self.number is not None
        return bool(by_rule or self.language is not None or self.rubric is not None)


class DialogueSpec(NamedSpec):
    """Turns that belong together: a reply may need what was said before."""

    turns: tuple[TurnSpec, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _context_is_earlier(self) -> DialogueSpec:
        if self.turns[0].context:
            raise ValueError("`context: true` on the first turn: nothing was said before it")
        return self


class GradedBy(Spec):
    """Who judges replies to turns with a `rubric`."""

    llm: Identifier | None = Field(default=None, description="a model of this catalog that answers in writing")
    verdicts: str | None = Field(default=None, description="a person's, as JSONL, relative to the YAML file")

    @model_validator(mode="after")
    def _one(self) -> GradedBy:
        exactly_one(self, "llm", "verdicts")
        return self
