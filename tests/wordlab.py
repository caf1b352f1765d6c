"""A scratch catalog whose model tells word times, and translates: both fakes."""

from __future__ import annotations

from typing import Any, TypeVar

import yaml
from fakelab import FIRST_LENGTH, STEP, FakeCatalog

Catalog = TypeVar("Catalog", bound=FakeCatalog)
ENGINE = "modellab_fake_words:FakeWords"
TEXTS = ("one fine day", "two fine days", "three fine days")
PAUSE_S = 0.5


def as_task(lab: FakeCatalog, name: str, task: str, **changes: Any) -> None:
    """Have the file of a model or data set name another task."""
    path = lab.catalog / name
    spec = yaml.safe_load(path.read_text(encoding="utf-8"))
    lab.spec(name, {**spec, "tasks": [task], **changes})


def words(lab: Catalog, id: str = "fake", **options: Any) -> Catalog:
    """A model, and each clip joined with the one before it."""
    lab.dataset()
    pairs = {0: (0, 1, 2)}
    lengths = [FIRST_LENGTH + STEP * i for i in range(len(TEXTS))]
    pause = round(PAUSE_S * 16_000)
    answers = {
        str(sum(lengths[i] for i in own) + pause * (len(own) - 1)): " ".join(TEXTS[i] for i in own)
        for own in pairs.values()
    }
    lab.model(id, engine=ENGINE, **{"answers": answers, **options})
    as_task(lab, f"models/{id}.yaml", "words")
    lab.spec(
        "datasets/timed.yaml",
        {
            "schema": "modellab.dataset/1",
            "id": "timed",
            "tasks": ["words"],
            "tiers": ["smoke", "real_e2e"],
            "language": "en",
            "derive": {"from": "clips", "join": {"seconds": 60, "pause_s": PAUSE_S}},
        },
    )
    lab.limits({"metric": "word_boundary_median_s", "max": 0.1})
    return lab


def translations(lab: Catalog, **options: Any) -> Catalog:
    """A model, and clips with the texts of another set as their references."""
    lab.dataset()
    lab.dataset("english")
    lab.model(engine=ENGINE, **options)
    as_task(lab, "models/fake.yaml", "translate")
    as_task(lab, "datasets/clips.yaml", "asr", language="es")
    lab.spec(
        "datasets/translated.yaml",
        {
            "schema": "modellab.dataset/1",
            "id": "translated",
            "tasks": ["translate"],
            "tiers": ["smoke", "real_e2e"],
            "language": "es",
            "target": "en",
            "derive": {"from": "clips", "texts_of": "english"},
        },
    )
    lab.limits({"metric": "chrf", "min": 50})
    return lab
