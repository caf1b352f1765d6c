"""What a record holds of dialogues: of each turn, and of all."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from pytest_modellab.core.identifiers import Sha256
from pytest_modellab.core.schema_base import Edits, Range, Share, Stored, volatile

NOT_TIMED = "no reply was timed with the machine held alone"


class Reply(Stored):
    """How a model answered one turn. What the user said is the utterance's reference, what the model took it to be its
    hypothesis, null where it doesn't tell."""

    text: str = Field(description="raw")
    dialogue: str
    context: bool = Field(default=False, description="only who remembers an earlier turn can answer")
    rules: dict[str, Any] = Field(default_factory=dict, description="by which it is judged; {} for none")
    rubric: str | None = Field(default=None, description="what the data set's grader was asked beside")
    graded: str | None = Field(default=None, description="what the grader said, raw; null where it wasn't asked")
    right: bool | None = Field(description="null where there is nothing to judge by")
    by: str = Field(default="", description="the rule that decided, and what it found")
    missed: bool = Field(description="no word, and nothing to be heard, though something was said")
    words: int = Field(description="of the reply, after normalisation")
    audio: Sha256 | None = volatile(default=None, description="digest of its sound, as of a text that was spoken")
    audible: bool = False
    sample_rate: int | None = None
    seconds: float = Field(default=0.0, description="of its sound")
    pieces: int = Field(default=0, description="of sound, in which it came")
    transcript: str | None = Field(default=None, description="of its sound, by the data set's judge")
    agreement: Edits | None = Field(default=None, description="words of the transcript, against the reply's text")
    first_token_s: float | None = volatile(default=None, description="until the first of its text was there")
    first_audio_s: float | None = volatile(default=None, description="until the first of its sound could be played")
    stalled_s: float | None = volatile(default=None, description="silence while it was played as it came")

    @property
    def onset_s(self) -> float | None:
        """Until the user had the first of the reply: its sound, or its text where it has no sound."""
        return self.first_audio_s if self.audible else self.first_token_s


class ChatSummary(Stored):
    """Figures of all turns of a record; a turn on which the model failed counts as wrong and as missed."""

    turns: int
    dialogues: int
    judged: Share = Field(description="right, of turns with anything to judge by")
    answer_accuracy: float | None
    answer_accuracy_interval: Range | None = None
    context_kept: float | None
    context_kept_interval: Range | None = None
    missed_replies: float | None
    missed_replies_interval: Range | None = None
    replies_to_noise: float | None
    replies_to_noise_interval: Range | None = None
    reply_words: float | None = Field(description="median")
    agreement_wer: float | None
    agreement_wer_interval: Range | None = None
    undecided: Share = Field(description="judgements of the grader that were neither yes nor no, of those asked for")
    first_token_p50_s: float | None = volatile()
    first_token_p95_s: float | None = volatile()
    first_audio_p50_s: float | None = volatile()
    first_audio_p95_s: float | None = volatile()
    onset_p50_s: float | None = volatile()
    onset_p95_s: float | None = volatile()
    first_token_p50_s_interval: Range | None = volatile(default=None)
    first_token_p95_s_interval: Range | None = volatile(default=None)
    first_audio_p50_s_interval: Range | None = volatile(default=None)
    first_audio_p95_s_interval: Range | None = volatile(default=None)
    onset_p50_s_interval: Range | None = volatile(default=None)
    onset_p95_s_interval: Range | None = volatile(default=None)
    missing: dict[str, str] = Field(default_factory=dict, description="metric -> why it is null")
