"""The models of a session, each with its grade in each task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from pytest_modellab.core.identifiers import Identifier
from pytest_modellab.results.verdicts import Status
from pytest_modellab.tasks.registry import place_of, task_named

from .candidate import Candidate, compared
from .contest import Contest
from .evidence import Estimate, amount, axes_of, estimates
from .part import RANKS, Rank, ReportModel

if TYPE_CHECKING:
    from .row import Row


class TaskGrade(ReportModel):
    """The grade of a model in one task, and its figures there over the data sets that its models share."""

    letter: Rank | None = Field(description="the worst of its data sets' grades; F where one failed; null without any")
    why: str = Field(default="", description="why there is no letter")
    provisional: bool = False
    estimates: tuple[Estimate, ...] = Field(default=(), description="of quality and of speed; empty without any")
    amount: str = Field(default="", description="of data that these are over, such as 1,142 words")
    datasets: tuple[Identifier, ...] = ()

    def __str__(self) -> str:
        if self.letter is None:
            return "n/a" if self.why == DOES_NOT else "-"
        return f"{self.letter}{' *' if self.provisional else ''}"


class ModelRow(ReportModel):
    """A model on one device, in every task that the session has."""

    model: Identifier
    device: Identifier
    title: str
    tasks: dict[Identifier, TaskGrade]


DOES_NOT = "the model does not do it"


def by_model(
    rows: Sequence[Row], tasks_of: Mapping[str, Sequence[str]], contest: Contest | None = None
) -> Iterator[ModelRow]:
    """A row for each model and device, in the order of `rows`. `tasks_of` tells what a model does, if it is known.

    `contest` has the records: with them a figure over several data sets has its interval.
    """
    tasks = sorted({row.case.task for row in rows}, key=place_of)
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.case.model, row.case.device), []).append(row)
    figures = {task: _figures(task, rows, contest or Contest()) for task in tasks}
    for (model, device), own in groups.items():
        known = tasks_of.get(model)
        grades: dict[str, TaskGrade] = {
            task: _grade([row for row in own if row.case.task == task], does=known is None or task in known).model_copy(
                update=figures[task].get((model, device), {})
            )
            for task in tasks
        }
        yield ModelRow(model=model, device=device, title=own[0].title, tasks=grades)


def _figures(task: str, rows: Sequence[Row], contest: Contest) -> dict[tuple[str, str], dict[str, Any]]:
    """For each model and device the fields of its figures in a task, over the data that all of these share."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        quality = task_named(task).quality_metric(row.error_metric)
        if row.case.task == task and row.measured and row.figures.get(quality) is not None:
            groups.setdefault((row.case.model, row.case.device), []).append(row)
    among = [Candidate(model, device, {task: own}) for (model, device), own in groups.items()]
    found = {}
    for each in among:
        shared = compared(each, among)
        found[each.model, each.device] = {
            "estimates": tuple(estimates(shared, axes_of(task), contest)),
            "amount": amount(shared, task),
            "datasets": tuple(dict.fromkeys(row.case.dataset for row in shared.rows[task])),
        }
    return found


def _grade(rows: Sequence[Row], *, does: bool) -> TaskGrade:
    if not rows:
        return TaskGrade(letter=None, why="none of its cases was selected" if does else DOES_NOT)
    graded = [row.grade for row in rows if row.grade is not None and row.grade.letter is not None]
    letters = [str(grade.letter) for grade in graded]
    # A case that could not even be measured, though all is here, is no better than one that failed its bands.
    letters += ["F" for row in rows if not row.measured and row.status is Status.FAIL]
    if not letters:
        why = next((row.grade.why for row in rows if row.grade is not None and row.grade.why), rows[0].reason)
        return TaskGrade(letter=None, why=why)
    worst = max(letters, key=RANKS.index)
    return TaskGrade(letter=worst, provisional=any(grade.provisional for grade in graded))
