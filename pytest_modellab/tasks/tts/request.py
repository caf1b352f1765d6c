"""Requests of synthesis: a text in, speech out, which is stored for judges and listeners."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_modellab.core.audio_artifacts import AudioArtifacts  # its code comes between a sound and its judges
from pytest_modellab.core.metrics import speech

from ..requests import Answer, Answers, Request

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pytest_modellab.catalog.datasets import Dataset, Utterance

HANDLER = f"{__package__}.handler"


CHARACTERS_PER_S = 14.0
"""English is read at some 14 to 15 characters a second; only time-outs rest on it."""


class TtsRequests:
    """One request per utterance, with its text."""

    def __init__(self, dataset: Dataset, artifacts: AudioArtifacts) -> None:
        self._artifacts = artifacts

    def seconds(self, utterance: Utterance) -> float:
        return likely_s(utterance.spoken_text)

    def request(self, utterance: Utterance, lines: Answers, *, timed: bool) -> Request:
        return synthesis(utterance.spoken_text, utterance.language)

    def answer(self, request: Request, reply: Mapping[str, Any]) -> Answer:
        samples, rate = spoken(reply)
        analysis = speech.analyse_speech(samples, rate, request.message["text"])
        part = {
            "sample_rate": rate,
            "pieces": reply["pieces"],
            "audio": None if rate is None else self._artifacts.keep(samples, rate),
            **vars(analysis),
        }
        return Answer(None, analysis.seconds, part=part, times={name: reply[name] for name in TIMES})

    def fixed(self, whole: Dataset) -> Request:
        longest = max(whole.utterances, key=lambda each: len(each.spoken_text))
        return synthesis(longest.spoken_text[:80] or "One, two, three.", longest.language)


TIMES = ("first_audio_s", "first_audible_s", "stalled_s")
"""Of a reply: what counts only where it was timed."""


def spoken(reply: Mapping[str, Any]) -> tuple[NDArray[np.float32], int | None]:
    """The samples of a reply, and their rate in Hz; none of None where the model said nothing."""
    import numpy as np

    return np.frombuffer(reply.get("payload", b""), dtype="<f4"), reply["rate"]


def synthesis(text: str, language: str | None) -> Request:
    """The request to speak a text."""
    return Request({"op": "synthesize", "handler": HANDLER, "text": text, "language": language}, audio_s=likely_s(text))


def likely_s(text: str) -> float:
    """How long a text takes to speak, seconds; at least one."""
    return max(1.0, len(text) / CHARACTERS_PER_S)
