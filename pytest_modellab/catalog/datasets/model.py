"""A prepared data set, and the fingerprint of everything that can change a score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_modellab.core.json_digest import json_digest
from pytest_modellab.core.text import TextRules, Unit

from .spool import chosen
from .utterance import Utterance

if TYPE_CHECKING:
    from ..specs import DatasetSpec


@dataclass(frozen=True)
class Dataset:
    """A prepared data set: all files are local and verified."""

    spec: DatasetSpec
    utterances: Sequence[Utterance]
    left_out: Mapping[str, str] = field(default_factory=dict)
    """The utterances that it goes on without, by id, and what is wrong with their recordings."""
    notes: tuple[str, ...] = ()
    """What a person should look at."""

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over everything that can change a score: ids, texts, speakers, languages, audio bytes."""
        return json_digest(
            [
                *(u.id, u.text, u.speaker, u.language),
                *(u.recording.identity if u.recording else ("prompt", u.spoken_text)),
                # Of a set without times the fingerprint is that of before there were any.
                *([["words", *map(astuple, u.spans)]] if u.spans else []),
            ]
            for u in self.utterances
        )

    @property
    def rules(self) -> TextRules:
        """How its texts are scored."""
        return self.spec.rules

    @cached_property
    def units(self) -> frozenset[Unit]:
        """What errors are counted in, over all its languages."""
        return frozenset(self.rules.of(utterance.language).unit for utterance in self.utterances)

    def only(self, places: Sequence[int]) -> Dataset:
        """The utterances at these places."""
        return replace(self, utterances=chosen(self.utterances, places))

    def first(self, count: int | None) -> Dataset:
        return self if count is None else replace(self, utterances=self.utterances[:count])
