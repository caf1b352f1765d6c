"""Sharding: splits a data set so that several machines can share it; `merge` joins the records."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Shard:
    """One of several parts of the utterances of every data set, counted from 1."""

    index: int
    of: int

    def __str__(self) -> str:
        return f"{self.index}/{self.of}"

    @classmethod
    def parse(cls, text: str) -> Shard:
        """`3/8`. Raises ValueError."""
        found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
        shard = cls(*map(int, found.groups())) if found else None
        if shard is None or not 1 <= shard.index <= shard.of:
            raise ValueError(f"a part such as 3/8, from 1/8 to 8/8, is needed, not {text!r}")
        return shard


def together(seconds: Mapping[str, float], dialogues: Mapping[str, str], of: int, dataset: str = "") -> dict[str, int]:
    """The same where turns of one dialogue (`dialogues` by utterance id) need each other, and so stay together."""
    sums: dict[str, float] = {}
    for id, length in seconds.items():
        sums[dialogues.get(id, id)] = sums.get(dialogues.get(id, id), 0.0) + length
    found = assign(sums, of, dataset)
    return {id: found[dialogues.get(id, id)] for id in seconds}


def assign(seconds: Mapping[str, float], of: int, dataset: str = "") -> dict[str, int]:
    """The shard of each utterance by its id, the same wherever it is worked out; `seconds` are their lengths.

    The longest first, each to the shard that has least so far. So no two shards differ by more than the longest
    utterance. Where they are equally full, the first is another for each data set: else what is left over of many
    small ones would all be the first machine's.
    """
    first = int.from_bytes(hashlib.sha256(dataset.encode()).digest()[:4], "big") % of
    loads = [0.0] * of
    assigned = {}
    for id in sorted(seconds, key=lambda id: (-seconds[id], id)):
        lightest = min(range(of), key=lambda i: (loads[i], i))
        loads[lightest] += seconds[id]
        assigned[id] = (first + lightest) % of + 1
    return assigned
