"""Requests of streaming recognition: a clip in chunks in; partial results and a final text out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_modellab.core import audio
from pytest_modellab.engines.base import Clip
from pytest_modellab.tasks.fixed_clip import fixed_clip

from ..requests import Answer, Answers, Request

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Dataset, Utterance
    from pytest_modellab.catalog.specs import StreamSpec


HANDLER = f"{__package__}.handler"


class StreamingRequests:
    """One request per utterance, in chunks: at the data set's pace in the timing pass, else as fast as possible."""

    def __init__(self, stream: StreamSpec, rate: int) -> None:
        self._rate = rate
        self._spec = stream

    def seconds(self, utterance: Utterance) -> float:
        return utterance.seconds

    def request(self, utterance: Utterance, lines: Answers, *, timed: bool) -> Request:
        samples = utterance.samples(self._rate)
        findings = tuple(audio.check(samples, self._rate, utterance.text))
        clip = Clip(samples, self._rate, utterance.language)
        # Recognised as a whole once is enough: a timing pass comes after the answers.
        return self._stream(clip, self._spec.pace if timed else None, findings, offline=utterance.id not in lines)

    def answer(self, request: Request, reply: Mapping[str, Any]) -> Answer:
        always, timed = kept(reply, request.message["pace"])
        return Answer(reply["text"], len(request.payload) / 4 / self._rate, reply["language"], always, timed)

    def fixed(self, whole: Dataset) -> Request:
        return self._stream(fixed_clip(whole, self._rate), None, (), offline=False)

    def _stream(
        self, clip: Clip, pace: float | None, findings: tuple[audio.RecordingFinding, ...], *, offline: bool
    ) -> Request:
        message = {
            "op": "stream",
            "handler": HANDLER,
            "rate": clip.rate,
            "language": clip.language,
            "chunk_s": self._spec.chunk_s,
        }
        endpoint_s = None if pace is None else self._spec.endpoint_s
        message |= {"pace": pace, "offline": offline, "endpoint_s": endpoint_s}
        twice_s = 0.0 if endpoint_s is None else clip.seconds + endpoint_s
        # At a slow pace it takes as much longer.
        likely_s = (clip.seconds + twice_s) / min(1.0, pace or 1.0)
        return Request(message, clip.samples.astype("<f4").tobytes(), likely_s, findings)


def kept(reply: Mapping[str, Any], pace: float | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a journal keeps of a worker's reply: what always counts, and what only where the machine was held alone."""
    partials = [{"text": each["text"], "audio_s": each["audio_s"]} for each in reply["partials"]]
    always = {"partials": partials, "offline": reply["offline"]}
    always |= {"reconnects": reply["reconnects"], "waited_s": reply["waited_s"]}
    if pace is None:
        return always, {}
    shown = [{"text": each["text"], "at_s": each["at_s"]} for each in reply["partials"]]
    timed = {"shown": shown, "spoken_s": reply["audio_s"] / pace}
    timed |= {name: reply[name] for name in ("final_s", "late_s", "endpoint", "reconnects", "waited_s")}
    return always, timed
