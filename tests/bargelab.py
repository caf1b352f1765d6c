"""Scenarios of sounds, and a catalog whose models are fakes that hear while they speak."""

from __future__ import annotations

from typing import Any, TypeVar

from fakelab import FakeCatalog
from turnlab import source

Catalog = TypeVar("Catalog", bound=FakeCatalog)
OPENING = {"at": 0.5, "from": "talk", "utterance": "s0"}
SHORT = {"from": "talk", "utterance": "s1", "part_s": [0.0, 0.2]}
EVENTS: dict[str, dict[str, Any]] = {
    "stop": {"is": "interruption", "after": 1.0, "from": "talk", "utterance": "s1", "says": "hello my dear old friend"},
    "again": {"is": "interruption", "after": 2.0, "from": "talk", "utterance": "s2", "says": "hello my dear"},
    "mhm": {"is": "backchannel", "after": 1.0, **SHORT},
    "rain": {"is": "noise", "after": 1.0, "noise": "pink", "seconds": 1.0, "dbfs": -50},
    "door": {"is": "stranger", "after": 1.0, "from": "talk", "utterance": "s3", "gain_db": -30},
}


def scenarios(lab: Catalog, *names: str, **more: Any) -> Catalog:
    """A source of sounds, and a data set of scenarios with these events behind an opening."""
    source(lab.catalog / "datasets", 4)
    whole = {"schema": "modellab.dataset/1", "tasks": ["asr"], "tiers": [], "language": "en", "manifest": "talk.jsonl"}
    lab.spec("datasets/talk.yaml", {**whole, "id": "talk"})
    own = {"schema": "modellab.dataset/1", "id": "talks", "tasks": ["barge_in"], "tiers": ["smoke"], "language": "en"}
    given = [{"id": name, "events": [OPENING, EVENTS[name]], **more} for name in names or EVENTS]
    lab.spec("datasets/talks.yaml", {**own, "scenarios": given})
    lab.spec("devices.yaml", {"schema": "modellab.devices/1", "devices": [{"id": "cpu", "kind": "cpu"}]})
    return lab


def talker(lab: FakeCatalog, id: str = "talker", **options: Any) -> None:
    spec = {"schema": "modellab.model/1", "id": id, "engine": "modellab_fake_duplex:FakeDuplex", "tasks": ["barge_in"]}
    lab.spec(f"models/{id}.yaml", {**spec, "tiers": ["smoke"], "options": options, "devices": {"cpu": {}}})
