"""Texts to be spoken."""

from __future__ import annotations

from ..specs import DatasetSpec, PromptSpec
from .utterance import Utterance


def from_prompts(spec: DatasetSpec, prompts: tuple[PromptSpec, ...]) -> tuple[Utterance, ...]:
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
