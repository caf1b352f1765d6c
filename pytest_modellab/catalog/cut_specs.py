"""What a data set of cuts may say: recordings cut at pauses within sentences and at their ends."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from pytest_modellab.core.identifiers import Identifier

from .base import Number, Spec, Whole


class CutsSpec(Spec):
    """Recordings of other sets, each cut at a pause within its sentence and at its end, with silence behind.

    What is cut at a pause is unfinished. Its speaker pauses for one of `silences_s`, all of them alike often; behind an
    end there is silence for the longest.
    """

    sources: tuple[Identifier, ...] = Field(alias="from", min_length=1, description="data sets of this catalog")
    take: Whole | None = Field(
        default=None, ge=2, description="so many cuts, the same number from each source as far as there are as many"
    )
    silences_s: tuple[Number, ...] = Field(
        default=(0.2, 0.3, 0.4, 0.6, 0.8, 1.2, 1.6),
        min_length=1,
        description="seconds of silence after which a detector is asked",
    )
    gap_s: Number = Field(
        default=0.2,
        ge=0.05,
        le=2,
        description="length of the pauses that are cut at, at least; consonants make some of 0.1",
    )
    min_words: Whole = Field(default=4, ge=1, description="recordings with shorter references are left out")
    commas: bool = Field(
        default=False, description="also references with commas, whose pauses may lie between whole clauses"
    )
    alike: Literal["recording", "length"] = Field(
        default="recording",
        description="what an unfinished cut and the finished one beside it share: the recording, of which the finished"
        " one is longer; or the length of their speech, in two recordings of a source",
    )
    seed: Whole = Field(default=0, ge=0, description="of the pauses that are chosen, and of the silence's noise")

    @model_validator(mode="after")
    def _rising(self) -> CutsSpec:
        if len(set(self.sources)) < len(self.sources):
            raise ValueError("`from` names a data set twice")
        if any(not 0 < each <= 30 for each in self.silences_s):
            raise ValueError("`silences_s`: each is above 0 and at most 30")
        if list(self.silences_s) != sorted(set(self.silences_s)):
            raise ValueError("`silences_s` are not in rising order")
        return self
