"""Requests of speech recognition: a clip in, a text out."""

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


class AsrRequests:
    """One request per utterance, with its whole recording."""

    def __init__(self, dataset: Dataset, rate: int) -> None:
        self._rate = rate

    def seconds(self, utterance: Utterance) -> float:
        return utterance.seconds

    def request(self, utterance: Utterance, lines: Answers, *, timed: bool) -> Request:
        samples = utterance.samples(self._rate)
        findings = tuple(audio.check(samples, self._rate, utterance.text))
        return transcription(Clip(samples, self._rate, utterance.language), findings)

    def answer(self, request: Request, reply: Mapping[str, Any]) -> Answer:
        return Answer(reply["text"], request.audio_s, reply["language"])

    def fixed(self, whole: Dataset) -> Request:
        return transcription(fixed_clip(whole, self._rate))


def transcription(clip: Clip, findings: tuple[audio.RecordingFinding, ...] = ()) -> Request:
    """The request for the text of one clip."""
    message = {"op": "transcribe", "handler": HANDLER, "rate": clip.rate, "language": clip.language}
    # The decoded length, not what a header or a manifest says: RTF rests on it.
    return Request(message, clip.samples.astype("<f4").tobytes(), clip.seconds, findings)
