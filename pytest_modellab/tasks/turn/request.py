"""Requests of end-of-turn detection: a cut in; the probability that the speaker has finished, at each moment, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_modellab.catalog.datasets.cuts import FINISHED, UNFINISHED, Asked, asked
from pytest_modellab.catalog.datasets.utterance import DatasetError
from pytest_modellab.core import audio
from pytest_modellab.engines.base import Clip
from pytest_modellab.tasks.fixed_clip import fixed_clip

from ..requests import Answer, Answers, Request
from .truth import wrong

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Dataset, Utterance


HANDLER = f"{__package__}.handler"


class TurnRequests:
    """One request per cut, about all moments at which it is asked for."""

    def __init__(self, dataset: Dataset, rate: int) -> None:
        """Raises DatasetError for references that don't say whether the speaker has finished."""
        if problem := wrong((each.id, each.text) for each in dataset.utterances):
            raise DatasetError(f"data set {dataset.spec.id}: {problem}")
        self._rate = rate

    def seconds(self, utterance: Utterance) -> float:
        return utterance.seconds

    def request(self, utterance: Utterance, lines: Answers, *, timed: bool) -> Request:
        samples = utterance.samples(self._rate)
        findings = tuple(audio.check(samples, self._rate))
        return self._request(Clip(samples, self._rate, utterance.language), asked(utterance.sound), findings)

    def answer(self, request: Request, reply: Mapping[str, Any]) -> Answer:
        fired = any(each >= reply["threshold"] for each in reply["probabilities"])
        part = {name: reply[name] for name in ("probabilities", "threshold")}
        part["silences_s"] = request.message["silences_s"]
        # The time that counts is that of the first call.
        heard_s = request.message["heard"][0] / self._rate
        times = {"calls_s": reply["calls_s"]}
        return Answer(FINISHED if fired else UNFINISHED, heard_s, part=part, times=times)

    def fixed(self, whole: Dataset) -> Request:
        clip = fixed_clip(whole, self._rate)
        return self._request(clip, Asked(clip.seconds, (0.0,)))

    def _request(self, clip: Clip, about: Asked, findings: Sequence[audio.RecordingFinding] = ()) -> Request:
        heard = [max(1, min(len(clip.samples), round(each * clip.rate))) for each in about.moments_s]
        message = {
            "op": "end-of-turn",
            "handler": HANDLER,
            "rate": clip.rate,
            "language": clip.language,
            "heard": heard,
            "silences_s": list(about.silences_s),
        }
        # As much sound as is given in all calls together, by which the time-out is measured.
        given_s = sum(heard) / clip.rate
        return Request(message, clip.samples.astype("<f4").tobytes(), given_s, tuple(findings))
