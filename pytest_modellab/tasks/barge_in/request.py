"""Requests of interruptions: the sounds of a scenario and when they begin in; when the model spoke out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_modellab.catalog.datasets.scenarios import ScenarioRecording
from pytest_modellab.core import audio
from pytest_modellab.core.audio import AudioError

from ..requests import Answer, Answers, Request

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Dataset, Utterance


HANDLER = f"{__package__}.handler"


class BargeInRequests:
    """One request per scenario."""

    def __init__(self, rate: int) -> None:
        self._rate = rate

    def seconds(self, utterance: Utterance) -> float:
        return utterance.seconds

    def request(self, utterance: Utterance, lines: Answers, *, timed: bool) -> Request:
        recording = utterance.sound
        if not isinstance(recording, ScenarioRecording):
            raise AudioError(f"utterance {utterance.id}: no scenario, but a recording; `scenarios` make them")
        sounds = [event.samples(self._rate) for event in recording.events]
        events = [
            {"samples": len(sound), "at_s": event.at_s, "after_s": event.after_s}
            for sound, event in zip(sounds, recording.events, strict=True)
        ]
        message = {
            "op": "barge-in",
            "handler": HANDLER,
            "rate": self._rate,
            "language": utterance.language,
            "events": events,
            "settle_s": recording.settle_s,
            "longest_s": recording.longest_s,
            "within_s": recording.within_s,
            "kind": recording.kind,
            "seed": recording.seed,
        }
        whole = np.concatenate(sounds)
        findings = tuple(audio.check(whole, self._rate))
        return Request(message, whole.astype("<f4").tobytes(), recording.longest_s, findings)

    def answer(self, request: Request, reply: Mapping[str, Any]) -> Answer:
        message, began_s = request.message, reply["began"][-1]
        part = {
            "kind": message["kind"],
            "began_s": began_s,
            "lasts_s": message["events"][-1]["samples"] / self._rate,
            "within_s": message["within_s"],
            "turns": max(len(message["events"]) - 1, reply["heard_before"]),
            "listened_s": reply["listened"],
            "frame_s": reply["frame"],
            **{name: reply[name] for name in ("speech", "heard")},
        }
        times = {name: reply[name] for name in ("lags_s", "slowest_s")}
        return Answer(" ".join(reply["heard"][part["turns"] :]), reply["listened"], part=part, times=times)

    def fixed(self, whole: Dataset) -> None:
        """None: a scenario takes too long to be played over and over."""
