"""Grading of a record: each criterion against its bands; the weakest decides."""

from __future__ import annotations

from pydantic import Field

from pytest_modellab.catalog.specs import LETTERS, Letter, TaskGrades
from pytest_modellab.core.console import counted
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.results.record import Record
from pytest_modellab.tasks.chat.record import dialogues_of

from .part import RANKS, RESEARCH, MetricName, Rank, ReportModel

NOISY = "timed on a noisy machine"


class Criterion(ReportModel):
    """One value and its letter; `bound` is the worst value that still earns this letter.

    `bands` are those of grades.yaml: the worst value of each letter.
    """

    metric: MetricName
    value: float
    letter: Rank
    bound: float | None
    bands: dict[str, float] = Field(default_factory=dict)


class Grade(ReportModel):
    """A letter and its criteria. `letter` is None where there is no grade; `why` is the reason.

    It is `research` where the values are above F and the model isn't for production; `why` says why it isn't.
    """

    letter: Rank | None
    weakest: MetricName | None = None
    criteria: tuple[Criterion, ...] = ()
    provisional: tuple[str, ...] = Field(default=(), description="why it may not last, each reason once")
    why: str = ""

    def __str__(self) -> str:
        return self.shown if self.letter in {None, RESEARCH} else self._marked(f"{self.letter} ({self.weakest})")

    @property
    def shown(self) -> str:
        """Without what decided."""
        return "-" if self.letter is None else self._marked(self.letter)

    def _marked(self, text: str) -> str:
        return f"{text} *" if self.provisional else text


def grade(record: Record, bands: TaskGrades | None, research: str | None = None) -> Grade:
    """Grade a record by its task's bands. A missing figure gives no grade: missing is never an A.

    What the data set can't have, or doesn't ask for, is no criterion. `research` is why the model isn't for production,
    None where it is: then no letter above F is earned, whatever the figures.
    """
    if bands is None:
        return Grade(letter=None, why=f"grades.yaml has no bands for {record.case.task}")
    if record.limited_to is not None:
        were = "was" if record.limited_to == 1 else "were"
        return Grade(letter=None, why=f"only {counted(record.limited_to, 'utterance')} {were} asked for")
    if record.wordless:
        return Grade(letter=None, why="no speech in this data set")
    dialogues = dialogues_of(record)
    if dialogues is not None and dialogues.judged.of == 0 and "answer_accuracy" in bands.criteria:
        return Grade(letter=None, why="no turn of this data set has an answer to be right by")
    criteria = []
    for named, steps in bands.criteria.items():
        # Where there are no words, characters are graded by the bands of words.
        metric = record.error_metric if named == "wer" else named
        if not record.applies(metric):
            continue
        value = record.value(metric)
        if value is None:
            return Grade(letter=None, why=f"{metric} is not available: {record.why_missing(metric)}")
        letter = _letter(metric, value, steps)
        bound = steps[letter] if letter else None
        allowed = {str(each): worst for each, worst in steps.items()}
        criteria.append(Criterion(metric=metric, value=value, letter=letter or "F", bound=bound, bands=allowed))
    weakest = max(criteria, key=lambda criterion: _rank(criterion.letter))
    count = record.reference_units
    unit = {"wer": "word", "macro_error": "unit"}.get(record.error_metric, "character")
    why = []
    if dialogues is not None and dialogues.judged.of < bands.provisional_below_turns:
        why.append(f"{counted(dialogues.judged.of, 'judged turn')}, fewer than {bands.provisional_below_turns}")
    if count < bands.provisional_below_words:
        why.append(f"{counted(count, f'reference {unit}')}, fewer than {bands.provisional_below_words}")
    if (few := len(record.utterances)) < bands.provisional_below_utterances:
        why.append(f"{counted(few, 'utterance')}, fewer than {bands.provisional_below_utterances}")
    if any(record.noise(metric) for metric in bands.criteria):
        why.append(NOISY)
    return Grade(
        letter=weakest.letter if research is None or weakest.letter == "F" else RESEARCH,
        why="" if research is None else research,
        weakest=weakest.metric,
        criteria=tuple(criteria),
        provisional=tuple(why),
    )


def _letter(metric: str, value: float, steps: dict[Letter, float]) -> Letter | None:
    lower = METRICS[metric].better == "lower"
    for letter in LETTERS:
        if value <= steps[letter] if lower else value >= steps[letter]:
            return letter
    return None


def _rank(letter: str) -> int:
    return RANKS.index(letter)
