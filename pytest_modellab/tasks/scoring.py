"""How a task's answers become parts of a record: raw ones first, then everything that is a function of raw texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from pydantic import BaseModel

    from pytest_modellab.catalog.datasets import Utterance
    from pytest_modellab.catalog.specs import DatasetSpec
    from pytest_modellab.core.metrics.measured import Row
    from pytest_modellab.core.text import Normalizer

    from .asr.text_analysis import Terms
    from .tts.record import Judge


@dataclass(frozen=True)
class JudgedSpeech:
    """What judges made of what models said aloud.

    Attributes:
        judge: the recogniser, and how well it transcribes people.
        texts: its transcript, by utterance id.
        quality: the scores of predictors, by utterance id and predictor.
        missing: why a predictor gave no score, by its name.
    """

    judge: Judge
    texts: Mapping[str, str]
    quality: Mapping[str, Mapping[str, float]]
    missing: Mapping[str, str]


@dataclass(frozen=True)
class Judged:
    """What other models and people made of the answers of a run.

    Attributes:
        speech: what judges made of speech; None where nobody had to listen.
        graded: the grader's words on a reply, by utterance id.
    """

    speech: JudgedSpeech | None = None
    graded: Mapping[str, str] = field(default_factory=dict)


class Scoring:
    """How one task is scored. As it stands it is that of a task without a part, whose answers are texts or JSON.

    A task's module of `Task.scoring` has an instance of a subclass, `SCORING`.

    Attributes:
        utterance_type: the type of its part of an utterance; None for JSON as it is.
        run_type: the type of its part of a run; None for JSON as it is.
    """

    utterance_type: ClassVar[type[BaseModel] | None] = None
    run_type: ClassVar[type[BaseModel] | None] = None

    def hypothesis(self, utterance: Utterance, answer: Mapping[str, Any], judged: Judged) -> str | None:
        """The text that an utterance is scored by, raw; None where there is none."""
        text: str | None = answer["text"]
        return text

    def part(
        self, utterance: Utterance, answer: Mapping[str, Any], times: Mapping[str, Any], judged: Judged
    ) -> object | None:
        """The task's part of an utterance, not yet scored; None where it has none.

        `answer` is the journal's line, with what the task kept under `part`; `times` is of that what counts only where
        the machine was held alone, {} where it wasn't.
        """
        return {**answer["part"], **times} if answer["part"] is not None else None

    def known(self, dataset: DatasetSpec, judged: Judged) -> dict[str, Any]:
        """What is known of the parts of a run beside its answers, by task."""
        return {}

    def untimed(self, parts: dict[str, Any]) -> dict[str, Any]:
        """The parts of an utterance without the times that mean nothing where a run gives no speed."""
        return parts

    def score(self, rows: Sequence[Row], normalize: Normalizer) -> list[dict[str, Any]]:
        """The parts of each row, by task, with all that is a function of raw texts."""
        return [dict(row.parts) for row in rows]

    def summarize(
        self, rows: Sequence[Row], before: Mapping[str, Any], normalize: Normalizer, terms: Terms
    ) -> dict[str, Any]:
        """The parts of a run, by task, whose `rows` are scored.

        `before` holds what of them was known without the answers; `terms` are what the data set's spec lists.
        """
        return dict(before)


SCORING = Scoring()
