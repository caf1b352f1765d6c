"""The shard of a data set that a record covers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from pytest_modellab.core.schema_base import Stored

from .shards import Shard, together

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Dataset


class ShardOf(Stored):
    """One of several parts of a data set's utterances."""

    index: int = Field(description="from 1")
    of: int
    places: tuple[int, ...] = Field(description="of its utterances in the data set, from 0")
    utterances: int = Field(description="of all shards")

    @property
    def cut(self) -> Shard:
        return Shard(self.index, self.of)


def cut(shard: Shard, whole: Dataset, seconds: Mapping[str, float]) -> ShardOf:
    """Which utterances of a data set the shard has; `seconds` are their lengths by id."""

    dialogues = {each.id: each.turn.dialogue for each in whole.utterances if each.turn is not None}
    assigned = together(seconds, dialogues, shard.of, whole.spec.id)
    places = tuple(i for i, utterance in enumerate(whole.utterances) if assigned[utterance.id] == shard.index)
    return ShardOf(index=shard.index, of=shard.of, places=places, utterances=len(whole.utterances))


def too_many(shard: ShardOf) -> str:
    """The message about a shard without utterances."""
    return f"shard {shard.cut} holds none of its {shard.utterances} utterances; more shards than these are of no use"
