"""Scoring: raw answers become the task parts of a record. The base class stores a task's data unchanged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

if TYPE_CHECKING:
    from pydantic import BaseModel

    from pytest_modellab.catalog.datasets import Utterance
    from pytest_modellab.catalog.specs import DatasetSpec
    from pytest_modellab.core.metrics.measured import Row
    from pytest_modellab.core.text import TextRules

    from .asr.text_analysis import Terms
    from .tts.record import Judge

Parts: TypeAlias = dict[str, Any]
"""What only some tasks have of an utterance or of a run, by task."""


@dataclass(frozen=True)
class JudgedSpeech:
    """The results of the judges of speech, by utterance id.

    Attributes:
        judge: who transcribed it.
        texts: transcripts.
        quality: scores by predictor.
        missing: why a predictor gave none, by its name.
    """

    judge: Judge
    texts: Mapping[str, str]
    quality: Mapping[str, Mapping[str, float]]
    missing: Mapping[str, str]


@dataclass(frozen=True)
class SpeechEnds:
    """Where speech ends in recordings, by a voice activity detector.

    Attributes:
        seconds: of audio, by utterance id; none for a recording in which no speech was found.
        detector: its name and version; None where it wasn't asked.
        missing: why it gave none, though asked for.
    """

    seconds: Mapping[str, float] = field(default_factory=dict)
    detector: str | None = None
    missing: str | None = None


@dataclass(frozen=True)
class Judged:
    """The results of auxiliary models about the answers.

    Attributes:
        speech: results of the judges of speech; None without judges.
        graded: the grader's verdicts on replies, by utterance id.
        speech_ends: where the recordings' speech ends.
    """

    speech: JudgedSpeech | None = None
    graded: Mapping[str, str] = field(default_factory=dict)
    speech_ends: SpeechEnds = field(default_factory=SpeechEnds)


class Scoring:
    """The scoring of one task.

    Attributes:
        utterance_part, run_part: the types of the task's own part of an utterance and of a run; None for JSON.
        counts_terms: whether the terms and names of a data set are looked for in its transcripts.
        by_row: whether `score` makes the parts of a row of that row alone.
    """

    utterance_part: ClassVar[type[BaseModel] | None] = None
    run_part: ClassVar[type[BaseModel] | None] = None
    counts_terms: ClassVar[bool] = True
    by_row: ClassVar[bool] = False

    def __init__(self, task: str) -> None:
        self.task = task

    def raw(
        self, utterance: Utterance, line: Mapping[str, Any], times: Mapping[str, Any], judged: Judged
    ) -> tuple[str | None, Parts]:
        """The raw text of an answer, and its parts before they are scored.

        `line` is the journal's of the utterance, `times` what of its part counts only where it was timed.
        """
        part = line["part"]
        return line["text"], {} if part is None else {self.task: {**part, **times}}

    def renewed(self, row: Row, utterance: Utterance) -> Parts | None:
        """The parts of a row with what the data set tells of its utterance now, to be scored again.

        None where the record lacks what that takes, so that the utterance has to be answered again.
        """
        return dict(row.parts)

    def rescorable(self, parts: Parts) -> bool:
        """Whether a run with these parts can be scored again by changed code or data; texts always can."""
        return True

    def merged(self, parts: Sequence[Parts]) -> Parts:
        """What the shards of a run know of its parts beside their answers; `summarize` makes the rest."""
        return {name: part for each in reversed(parts) for name, part in each.items()}

    def known(self, dataset: DatasetSpec, judged: Judged) -> Parts:
        """The values of a run's parts that are known without its answers."""
        return {}

    def untimed(self, parts: Parts) -> Parts:
        """The parts of an utterance without the times that mean nothing where a run gives no speed."""
        return parts

    def errors(self, row: Row, hypothesis: str | None, rules: TextRules) -> tuple[float, float]:
        """Errors of a raw text as the answer to an utterance, and the units of its reference, words or characters.

        Of a task whose errors are times, seconds. Baselines are compared by it. Without an answer all units are wrong.
        """
        from pytest_modellab.core.metrics import asr

        found = asr.score(row.reference, hypothesis, rules.of(row.language)).words
        return found.errors, found.reference

    def score(self, rows: Sequence[Row], rules: TextRules) -> list[Parts]:
        """The parts of each row, out of raw texts and of the parts that it has."""
        return [dict(row.parts) for row in rows]

    def summarize(self, rows: Sequence[Row], before: Mapping[str, Any], rules: TextRules, terms: Terms) -> Parts:
        """The parts of a run whose `rows` are scored.

        `before` holds what of them was known without the answers; `terms` are what the data set's spec lists.
        """
        return dict(before)
