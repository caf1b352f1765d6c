"""A scratch repository with conversations of noise, and diarizers that answer as they are told."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import soundfile
from fakelab import FakeCatalog
from modellab_fake_diarizer import RATE

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog.datasets import Dataset, prepare
from pytest_modellab.catalog.load import load
from pytest_modellab.tasks.diarize.segments import Segment, read

SPEAKERS = ("ann", "bob", "cid", "dot")
CLIPS = 4
"""Of each speaker."""
Catalog = TypeVar("Catalog", bound=FakeCatalog)
Change = Callable[[Sequence[Segment], int], Sequence[Segment]]
"""What a diarizer makes of the truth; the number of the conversation beside it."""


def clip(seconds: float, seed: int, silent_s: tuple[float, float] = (0.0, 0.0)) -> Any:
    """Noise, with silence before and behind it."""
    noise = np.random.default_rng(seed).uniform(-0.3, 0.3, round(seconds * RATE))
    edges = [np.zeros(round(each * RATE)) for each in silent_s]
    return np.concatenate([edges[0], noise, edges[1]]).astype(np.float32)


def source(lab: FakeCatalog) -> None:
    """The set `voices`: four clips of each speaker, each with words of its own, some with silence at their ends."""
    folder, rows = lab.catalog / "datasets", []
    for s, speaker in enumerate(SPEAKERS):
        for i in range(CLIPS):
            seed = 10 * s + i
            name = f"{speaker}-{i}"
            sound = clip(1.0 + 0.13 * i + 0.07 * s, seed, (0.05 * i, 0.03 * s))
            # A WAV of floats would have the time of writing in it.
            soundfile.write(folder / f"{name}.wav", sound, RATE, subtype="PCM_16")
            words = f"{speaker} says the {['first', 'second', 'third', 'fourth'][i]} thing"
            rows.append(json.dumps({"audio_filepath": f"{name}.wav", "text": words, "id": name, "speaker": speaker}))
    (folder / "voices.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    dataset = {"schema": "modellab.dataset/1", "id": "voices", "tasks": ["asr"], "tiers": [], "language": "en"}
    lab.spec("datasets/voices.yaml", {**dataset, "manifest": "voices.jsonl"})


def conversations(lab: Catalog, id: str = "talks", **given: Any) -> Catalog:
    """The set `talks` of conversations out of `voices`."""
    source(lab)
    told = {"from": "voices", "count": 6, "speakers": [2, 4], "turns": 8, "seed": 3, "room_dbfs": None, **given}
    head = {"schema": "modellab.dataset/1", "id": id, "tasks": ["diarize"], "tiers": ["smoke"], "language": "en"}
    lab.spec(f"datasets/{id}.yaml", {**head, "form": {"conversations": told}})
    lab.spec("devices.yaml", {"schema": "modellab.devices/1", "devices": [{"id": "cpu", "kind": "cpu"}]})
    return lab


def prepared(lab: FakeCatalog, id: str = "talks") -> Dataset:
    """The set as it is read."""
    catalog = load(lab.catalog, lab.path)
    return prepare(catalog.datasets[id], catalog, Store(lab.path / "cache", progress=False))


def diarizer(lab: FakeCatalog, id: str, change: Change, *, words: bool = False, dataset: str = "talks") -> None:
    """A model whose answers are what `change` makes of the references."""
    answers = {}
    for number, utterance in enumerate(prepared(lab, dataset).utterances):
        segments = change(read(utterance.text), number)
        answers[str(len(utterance.samples(RATE)))] = [
            [each.start / 1000, each.end / 1000, each.speaker, *([each.words or ""] if words else [])]
            for each in segments
        ]
    model(lab, id, answers=answers)


def model(lab: FakeCatalog, id: str, tiers: tuple[str, ...] = ("smoke",), **options: Any) -> None:
    spec = {"schema": "modellab.model/1", "id": id, "engine": "modellab_fake_diarizer:FakeDiarizer"}
    more = {"tasks": ["diarize"], "tiers": list(tiers), "options": options, "devices": {"cpu": {}}}
    lab.spec(f"models/{id}.yaml", {**spec, **more})


def right(segments: Sequence[Segment], number: int) -> Sequence[Segment]:
    """The truth by other labels."""
    return [Segment(each.start, each.end, f"speaker_{each.speaker}", each.words) for each in segments]


def swapped(segments: Sequence[Segment], number: int) -> Sequence[Segment]:
    """The first two speakers are taken for each other in the second half."""
    first, second = sorted({each.speaker for each in segments})[:2]
    other = {first: second, second: first}
    half = len(segments) // 2
    return [
        Segment(each.start, each.end, other.get(each.speaker, each.speaker) if i >= half else each.speaker, each.words)
        for i, each in enumerate(segments)
    ]


def one_speaker(segments: Sequence[Segment], number: int) -> Sequence[Segment]:
    """All that is said is said by one."""
    return [Segment(each.start, each.end, "speaker") for each in segments]


def at_random(segments: Sequence[Segment], number: int) -> Sequence[Segment]:
    """Four speakers who take turns by a coin, every half second, from beginning to end."""
    draw, end = random.Random(number), max(each.end for each in segments)
    return [Segment(at, at + 500, f"speaker_{draw.randrange(4)}") for at in range(0, end, 500)]


def ready(lab: Catalog) -> Catalog:
    """One model that is right, one data set, one limit."""
    conversations(lab, count=3)
    diarizer(lab, "right", right)
    lab.limits({"metric": "der", "max": 0.1})
    return lab
