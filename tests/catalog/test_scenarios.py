"""Scenarios: what is heard when, out of other data sets or as noise; the same samples every time."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from bargelab import EVENTS, OPENING, scenarios, talker
from fakeruns import FakeRuns

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog import CatalogError, load
from pytest_modellab.catalog.datasets import Dataset, prepare
from pytest_modellab.catalog.datasets.scenarios import ScenarioRecording
from pytest_modellab.core.audio import AudioError

RATE = 16_000


def prepared(runs: FakeRuns, *names: str, **more: Any) -> Dataset:
    catalog = load(scenarios(runs, *names, **more).catalog, runs.path)
    return prepare(catalog.datasets["talks"], catalog, Store(runs.path / "cache", progress=False))


class TestRecordings:
    def test_what_is_heard_and_when(self, runs: FakeRuns) -> None:
        found = {each.id: each for each in prepared(runs).utterances}
        assert {id: (each.kind, each.text) for id, each in found.items()} == {
            "stop": ("interruption", "hello my dear old friend"),
            "again": ("interruption", "hello my dear"),
            "mhm": ("backchannel", "one two three four five"),
            "rain": ("noise", ""),
            "door": ("stranger", "one two three four five"),
        }
        recording = found["mhm"].sound
        assert isinstance(recording, ScenarioRecording)
        opening, hum = recording.events
        assert (opening.at_s, opening.after_s, hum.at_s, hum.after_s) == (0.5, None, None, 1.0)
        assert len(hum.samples(RATE)) == 0.2 * RATE
        assert recording.seconds == pytest.approx(opening.seconds + 0.2)
        assert len(recording.samples(RATE)) == len(opening.samples(RATE)) + 0.2 * RATE

    def test_a_stranger_is_quieter(self, runs: FakeRuns) -> None:
        recording = prepared(runs, "door").utterances[0].sound
        assert isinstance(recording, ScenarioRecording)
        near, far = (np.abs(each.samples(RATE)).max() for each in recording.events)
        assert 20 * np.log10(far / near) == pytest.approx(-30, abs=0.5)

    def test_the_fingerprint_rests_on_sounds_and_times(self, runs: FakeRuns) -> None:
        first = prepared(runs, "stop")
        assert first.fingerprint == prepared(runs, "stop").fingerprint
        assert first.fingerprint != prepared(runs, "stop", within_s=2).fingerprint
        assert json.loads(json.dumps(first.utterances[0].sound.identity))[:3] == ["scenario", 1, "interruption"]

    def test_a_part_beyond_the_end(self, runs: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(EVENTS, "late", {**EVENTS["mhm"], "part_s": [90, 91]})
        with pytest.raises(AudioError, match=r"nothing is left of it between \(90"):
            prepared(runs, "late").utterances[0].samples(RATE)


class TestCatalog:
    def told(self, runs: FakeRuns, *events: dict[str, Any]) -> str:
        scenarios(runs)
        own = {"schema": "modellab.dataset/1", "id": "talks", "tasks": ["barge_in"], "tiers": [], "language": "en"}
        runs.spec("datasets/talks.yaml", {**own, "scenarios": [{"id": "one", "events": list(events)}]})
        with pytest.raises(CatalogError) as caught:
            load(runs.catalog, runs.path)
        return str(caught.value)

    @pytest.mark.parametrize(
        ("events", "told"),
        [
            ((OPENING,), "`events` are two or more"),
            ((OPENING, OPENING), "the last event `is` an interruption, backchannel, noise or stranger"),
            (({**EVENTS["stop"]}, EVENTS["stop"]), "the first event begins `at` a time"),
            ((OPENING, {**EVENTS["stop"], "at": 3}), "give exactly one of `at`, `after`"),
            ((OPENING, {**EVENTS["rain"], "from": "talk"}), "give exactly one of `source`, `noise`"),
            ((OPENING, {**EVENTS["rain"], "seconds": None}), "`noise` needs `seconds` and `dbfs`"),
            ((OPENING, {**EVENTS["mhm"], "part_s": [2, 1]}), "`part_s` goes from an earlier second to a later one"),
            ((OPENING, {**EVENTS["stop"], "from": "tolk"}), "unknown data set `tolk`"),
        ],
    )
    def test_what_is_wrong_in_the_form(self, runs: FakeRuns, events: Any, told: str) -> None:
        assert told in self.told(runs, *events)

    def test_an_utterance_that_is_not_there(self, runs: FakeRuns) -> None:
        talker(scenarios(runs, "stop"))
        own = {
            "schema": "modellab.dataset/1",
            "id": "talks",
            "tasks": ["barge_in"],
            "tiers": ["smoke"],
            "language": "en",
        }
        events = [OPENING, {**EVENTS["stop"], "utterance": "s99"}]
        runs.spec("datasets/talks.yaml", {**own, "scenarios": [{"id": "one", "events": events}]})
        outcome = runs.outcome()
        assert outcome.broken is not None
        assert "talk has no utterance `s99`" in outcome.broken
