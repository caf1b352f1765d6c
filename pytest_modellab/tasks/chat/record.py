"""The chat part of a record: of each turn, and of the run."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from pytest_modellab.core.identifiers import Sha256
from pytest_modellab.core.metrics.measured import HasParts
from pytest_modellab.core.schema_base import Edits, Share, Stored, volatile


class Reply(Stored):
    """The reply to one turn. The user's words are the utterance's reference; the model's own transcript of them is its
    hypothesis, null where it reports none."""

    text: str = Field(description="raw")
    dialogue: str
    context: bool = Field(default=False, description="only who remembers an earlier turn can answer")
    rules: dict[str, Any] = Field(default_factory=dict, description="by which it is judged; {} for none")
    rubric: str | None = Field(default=None, description="what the data set's grader was asked beside")
    graded: str | None = Field(default=None, description="what the grader said, raw; null where it wasn't asked")
    right: bool | None = Field(description="null where there is nothing to judge by")
    by: str = Field(default="", description="the rule that decided, and what it found")
    missed: bool = Field(description="neither text nor audio, though the turn had speech")
    words: int = Field(description="of the reply, after normalisation")
    audio: Sha256 | None = volatile(default=None, description="digest of its audio, as of a synthesized text")
    audible: bool = False
    sample_rate: int | None = None
    seconds: float = Field(default=0.0, description="of its sound")
    pieces: int = Field(default=0, description="of audio, in which it came")
    transcript: str | None = Field(default=None, description="of its audio, by the data set's judge")
    agreement: Edits | None = Field(default=None, description="words of the transcript, against the reply's text")
    first_token_s: float | None = volatile(default=None, description="until the first of its text was there")
    first_audio_s: float | None = volatile(default=None, description="until the first of its audio could be played")
    first_audible_s: float | None = volatile(default=None, description="until its first audible sample is heard")
    stalled_s: float | None = volatile(default=None, description="silence while it was played as it came")

    @property
    def onset_s(self) -> float | None:
        """Until the user had the first of the reply: its first audible sample, or its text where it has no audio."""
        return self.first_audible_s if self.audible else self.first_token_s


class ChatSummary(Stored):
    """Sums over the turns of all dialogues; one on which the model failed counts as wrong and as missed."""

    turns: int
    dialogues: int
    judged: Share = Field(description="right, of turns with anything to judge by")
    undecided: Share = Field(description="judgements of the grader that were neither yes nor no, of those asked for")


def reply_of(found: HasParts) -> Reply | None:
    """The reply to an utterance, if it is a turn of a dialogue."""
    part: Reply | None = found.parts.get("chat")
    return part


def dialogues_of(found: HasParts) -> ChatSummary | None:
    """Of a run of dialogues."""
    part: ChatSummary | None = found.parts.get("chat")
    return part
