"""Requests of diarization: a recording in, segments of speakers out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_modellab.core import audio
from pytest_modellab.engines.base import Clip
from pytest_modellab.tasks.fixed_clip import fixed_clip

from ..requests import Answer, Answers, Request

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Dataset, Utterance

HANDLER = f"{__package__}.handler"


class DiarizationRequests:
    """One request per recording, whole."""

    def __init__(self, rate: int) -> None:
        self._rate = rate

    def seconds(self, utterance: Utterance) -> float:
        return utterance.seconds

    def request(self, utterance: Utterance, lines: Answers, *, timed: bool) -> Request:
        samples = utterance.samples(self._rate)
        # The text holds times and labels: its length says nothing about the speed of speech.
        findings = tuple(audio.check(samples, self._rate, None if utterance.text else ""))
        return self._request(Clip(samples, self._rate, utterance.language), findings)

    def answer(self, request: Request, reply: Mapping[str, Any]) -> Answer:
        return Answer(reply["text"], request.audio_s, part={"words": reply["words"]})

    def fixed(self, whole: Dataset) -> Request:
        return self._request(fixed_clip(whole, self._rate))

    def _request(self, clip: Clip, findings: tuple[audio.RecordingFinding, ...] = ()) -> Request:
        message = {"op": "diarize", "handler": HANDLER, "rate": clip.rate, "language": clip.language}
        return Request(message, clip.samples.astype("<f4").tobytes(), clip.seconds, findings)
