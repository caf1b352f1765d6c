"""Graders of replies that rules can't judge: a language model, or a file with a person's verdicts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pytest_modellab.assets.store import cache_root
from pytest_modellab.catalog.datasets import Dataset, DatasetError, Utterance
from pytest_modellab.catalog.roles import GRADER
from pytest_modellab.tasks.chat.request import HANDLER
from pytest_modellab.tasks.requests import Request

from .auxiliary_models import AuxiliaryModel, Models, auxiliary_model
from .journal import Journal
from .machine import machine

QUESTION = """\
A user said: {said}
An assistant replied: {reply}

{rubric}

Answer with one word, yes or no."""


class Grader(Protocol):
    """A grader: it answers the rubric of a turn with yes or no."""

    @property
    def inputs(self) -> Mapping[str, Any]:
        """Everything that can change its verdicts."""
        ...

    def grade(self, replies: Mapping[str, tuple[Utterance, str]], say: Callable[[str], None]) -> dict[str, str]:
        """The verdicts on these replies, by utterance id; replies without a verdict are left out."""
        ...


def grader_of(dataset: Dataset, models: Models) -> Grader | None:
    """The grader that a data set names.

    Raises auxiliary_models.NoAuxiliaryModel, store.StoreError, or DatasetError for verdicts that can't be read.
    """
    by = dataset.spec.graded_by
    if by is None:
        return None
    if by.llm is not None:
        return ModelGrader(auxiliary_model(by.llm, GRADER, dataset.spec, models, asked_by=__name__), models)
    return Verdicts.read(models.catalog.folder / "datasets" / str(by.verdicts))


def graded(
    grader: Grader,
    dataset: Dataset,
    answers: Mapping[str, Mapping[str, Any]],
    journal: Journal,
    say: Callable[[str], None],
) -> dict[str, str]:
    """The grader's verdicts on all replies to turns with a rubric; verdicts in the journal are reused."""
    lines = {line["graded"]: line["said"] for line in journal.lines if "graded" in line}
    asked = {
        each.id: (each, answers[each.id]["part"]["text"])
        for each in dataset.utterances
        if each.turn is not None and each.turn.rubric is not None and answers[each.id]["part"] is not None
    }
    new = {id: one for id, one in asked.items() if id not in lines and one[1]}
    if new:
        for id, said in grader.grade(new, say).items():
            journal.append({"graded": id, "said": said})
            lines[id] = said
    return lines


@dataclass(frozen=True)
class ModelGrader:
    """A language model as grader, which is asked for yes or no."""

    auxiliary_model: AuxiliaryModel
    models: Models

    @property
    def inputs(self) -> Mapping[str, Any]:
        return {**self.auxiliary_model.inputs, "question": hashlib.sha256(QUESTION.encode()).hexdigest()}

    def grade(self, replies: Mapping[str, tuple[Utterance, str]], say: Callable[[str], None]) -> dict[str, str]:
        found = {}
        with (
            machine(cache_root(), alone=False, what=f"grading by {self.auxiliary_model.model}", waiting=say),
            self.auxiliary_model.serving(self.models) as model,
        ):
            for i, (id, (utterance, reply)) in enumerate(replies.items(), 1):
                say(f"{self.auxiliary_model.model} grades replies, {i} of {len(replies)}")
                assert utterance.turn is not None  # it has a rubric
                text = QUESTION.format(said=utterance.text, reply=reply, rubric=utterance.turn.rubric)
                found[id] = str(model.ask(_in_writing(text, utterance.language))["text"])
        return found


def _in_writing(text: str, language: str | None) -> Request:
    message = {
        "op": "respond",
        "handler": HANDLER,
        "text": text,
        "rate": 16_000,
        "language": language,
        "samples": None,
        "history": [],
    }
    return Request(message)


@dataclass(frozen=True)
class Verdicts:
    """A person's verdicts: JSONL with `utterance`, `reply` (the SHA-256 of the reply's text in UTF-8), `right`."""

    right: Mapping[tuple[str, str], bool]

    @classmethod
    def read(cls, path: Path) -> Verdicts:
        """Raises DatasetError with the line of what is wrong."""
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise DatasetError(f"{path}: verdicts can't be read: {error}") from error
        right: dict[tuple[str, str], bool] = {}
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                key, said = (row["utterance"], row["reply"]), row["right"]
            except (json.JSONDecodeError, KeyError, TypeError):
                row, said = None, None
            if not isinstance(said, bool) or not all(isinstance(each, str) for each in key):
                example = '{"utterance": "tea.1", "reply": "<sha256 of the reply>", "right": true}'
                raise DatasetError(f"{path}:{number}: no verdict; write a line such as {example}")
            if right.setdefault(key, said) != said:
                raise DatasetError(f"{path}:{number}: {key[0]} has two verdicts on the same reply; keep one")
        return cls(right)

    @property
    def inputs(self) -> Mapping[str, Any]:
        told = json.dumps(sorted([*key, value] for key, value in self.right.items()))
        return {"verdicts": hashlib.sha256(told.encode()).hexdigest()}

    def grade(self, replies: Mapping[str, tuple[Utterance, str]], say: Callable[[str], None]) -> dict[str, str]:
        found = {}
        for id, (_, reply) in replies.items():
            verdict = self.right.get((id, digest_of(reply)))
            if verdict is not None:
                found[id] = "yes" if verdict else "no"
        return found


def digest_of(reply: str) -> str:
    """The digest by which a verdict identifies a reply."""
    return hashlib.sha256(reply.encode()).hexdigest()
