"""A prepared data set, and the fingerprint of everything that can change a score."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_modellab.core.text import divided_by_spaces, for_language

from .utterance import Utterance

if TYPE_CHECKING:
    from ..specs import DatasetSpec


@dataclass(frozen=True)
class Dataset:
    """A prepared data set: all files are local and verified."""

    spec: DatasetSpec
    utterances: tuple[Utterance, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    """The utterances that it goes on without, by id, and what is wrong with their recordings."""
    notes: tuple[str, ...] = ()
    """What a person should look at."""

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over everything that can change a score: ids, texts, speakers, languages, audio bytes."""
        rows = [
            [u.id, u.text, u.speaker, u.language, *(u.recording.identity if u.recording else ("prompt", u.spoken_text))]
            for u in self.utterances
        ]
        return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()

    @property
    def normalizer(self) -> str:
        """Name of the text normalizer: the spec's, or by language; also where only the utterances tell that."""
        language = self.spec.language
        if language is None and not any(divided_by_spaces(utterance.language) for utterance in self.utterances):
            language = self.utterances[0].language
        return self.spec.normalizer or for_language(language)

    def only(self, places: Sequence[int]) -> Dataset:
        """The utterances at these places, under the normalizer of all."""
        spec = self.spec.model_copy(update={"normalizer": self.normalizer})
        return replace(self, spec=spec, utterances=tuple(self.utterances[place] for place in places))

    def first(self, count: int | None) -> Dataset:
        return self if count is None else replace(self, utterances=self.utterances[:count])
