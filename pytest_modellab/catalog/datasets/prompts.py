"""The form `prompts`: texts for speech synthesis."""

from __future__ import annotations

from collections.abc import Sequence

from ..base import TASKS
from ..specs import DatasetSpec, PromptSpec
from .access import DatasetAccess
from .form import DatasetForm
from .utterance import Utterance


def from_prompts(spec: DatasetSpec, prompts: tuple[PromptSpec, ...]) -> Sequence[Utterance]:
    return tuple(
        Utterance(
            id=prompt.id,
            text=prompt.reference,
            recording=None,
            language=prompt.language or spec.language,
            kind=prompt.kind,
            prompt=prompt.text,
        )
        for prompt in prompts
    )


class _Prompts(DatasetForm[tuple[PromptSpec, ...]]):
    item = "prompt"

    def check(self, spec: DatasetSpec, given: tuple[PromptSpec, ...]) -> None:
        if deaf := [task for task in spec.tasks if TASKS[task].given_audio]:
            raise ValueError(f"`prompts` are texts for speech synthesis, without audio for {', '.join(deaf)}")

    def read(self, spec: DatasetSpec, given: tuple[PromptSpec, ...], access: DatasetAccess) -> Sequence[Utterance]:
        return from_prompts(spec, given)

    def summary(self, given: tuple[PromptSpec, ...]) -> str:
        return f"{len(given)} prompts"


FORM = _Prompts()
