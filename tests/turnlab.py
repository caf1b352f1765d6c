"""Sentences of noise with pauses, cuts of them, and a catalog whose detectors are fakes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import soundfile
from fakelab import FakeCatalog
from numpy.typing import NDArray

RATE = 16_000
SPOKEN_S = (1.2, 0.4, 1.0)
"""Sound, pause, sound."""
TEXT = "one two three four five"
Catalog = TypeVar("Catalog", bound=FakeCatalog)


def sentence(seed: int = 0, parts: Sequence[float] = SPOKEN_S, room: float = 0.0005) -> NDArray[np.float32]:
    """Noise as loud as speech, and as quiet as a room, by turns."""
    random = np.random.default_rng(seed)
    sign = random.choice((-1.0, 1.0), size=round(sum(parts) * RATE))
    signal = room * random.standard_normal(len(sign))
    place = 0
    for i, seconds in enumerate(parts):
        size = round(seconds * RATE)
        if i % 2 == 0:
            signal[place : place + size] = 0.2 * sign[place : place + size]
        place += size
    return signal.astype(np.float32)


def source(
    folder: Path, count: int = 12, id: str = "talk", lengths: Sequence[Sequence[float]] = (SPOKEN_S,), **more: Any
) -> list[dict[str, Any]]:
    """Recordings of sentences in `folder`, with their manifest; its rows. Their parts go round."""
    rows = []
    for i in range(count):
        soundfile.write(folder / f"{id}-{i}.wav", sentence(i, lengths[i % len(lengths)]), RATE, subtype="PCM_16")
        row = {"audio_filepath": f"{id}-{i}.wav", "text": TEXT, "id": f"s{i}", "speaker": f"anna {i % 3}", **more}
        rows.append(row)
    (folder / f"{id}.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    return rows


def cuts(lab: Catalog, count: int = 12, **given: Any) -> Catalog:
    """A source of sentences, and a data set of their cuts."""
    source(lab.catalog / "datasets", count)
    whole = {"schema": "modellab.dataset/1", "tasks": ["asr"], "tiers": [], "language": "en", "manifest": "talk.jsonl"}
    lab.spec("datasets/talk.yaml", {**whole, "id": "talk"})
    own = {"schema": "modellab.dataset/1", "id": "cuts", "tasks": ["turn"], "tiers": ["smoke"]}
    lab.spec("datasets/cuts.yaml", {**own, "cuts": {"from": ["talk"], **given}})
    lab.spec("devices.yaml", {"schema": "modellab.devices/1", "devices": [{"id": "cpu", "kind": "cpu"}]})
    return lab


def detector(lab: FakeCatalog, id: str = "detector", **options: Any) -> None:
    spec = {"schema": "modellab.model/1", "id": id, "engine": "modellab_fake_turn:FakeDetector", "tasks": ["turn"]}
    lab.spec(f"models/{id}.yaml", {**spec, "tiers": ["smoke"], "options": options, "devices": {"cpu": {}}})
