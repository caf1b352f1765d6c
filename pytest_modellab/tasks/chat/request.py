"""Requests of dialogues: a turn, in speech or text, with all earlier turns; a reply out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_modellab.core import audio
from pytest_modellab.core.audio_artifacts import AudioArtifacts  # its code comes between a sound and its judges
from pytest_modellab.core.metrics import speech
from pytest_modellab.engines.base import Clip

from ..requests import Answer, Answers, Request
from ..tts.request import spoken

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Dataset, Utterance


HANDLER = f"{__package__}.handler"


class ChatRequests:
    """One request per turn. Its history holds the model's own replies, from the journal, so that a killed session can
    be resumed and workers keep no state."""

    def __init__(self, dataset: Dataset, artifacts: AudioArtifacts, rate: int, *, hears: bool) -> None:
        self._artifacts = artifacts
        self._rate = rate
        self._hears = hears
        self._by_id = {utterance.id: utterance for utterance in dataset.utterances}

    def seconds(self, utterance: Utterance) -> float:
        return utterance.seconds if self._hears else 0.0

    def request(self, utterance: Utterance, lines: Answers, *, timed: bool) -> Request:
        earlier = utterance.turn.earlier if utterance.turn else ()
        history, clips = [], []
        for id in earlier:
            part = lines.get(id, {}).get("part") or {"text": "", "heard": None}
            past = self._by_id[id]
            # A model that reported its transcript gets it as history; any other gets the audio again.
            clip = self._clip(past) if self._hears and part["heard"] is None else None
            clips += [clip] if clip else []
            history.append(
                {
                    "text": None if self._hears else past.text,
                    "heard": part["heard"],
                    "reply": part["text"],
                    "samples": None if clip is None else len(clip.samples),
                }
            )
        now = self._clip(utterance) if self._hears else None
        message = {
            "op": "respond",
            "handler": HANDLER,
            "text": None if self._hears else utterance.text,
            "rate": self._rate,
            "language": utterance.language,
            "samples": None if now is None else len(now.samples),
            "history": history,
        }
        payload = b"".join(clip.samples.astype("<f4").tobytes() for clip in [now, *clips] if clip is not None)
        findings = () if now is None else tuple(audio.check(now.samples, self._rate, utterance.text))
        return Request(message, payload, 0.0 if now is None else now.seconds, findings)

    def _clip(self, utterance: Utterance) -> Clip:
        return utterance.clip(self._rate)

    def answer(self, request: Request, reply: Mapping[str, Any]) -> Answer:
        samples, rate = spoken(reply)
        analysis = speech.analyse_speech(samples, rate, reply["text"])
        part = {
            "text": reply["text"],
            "heard": reply["heard"],
            "audio": None if rate is None else self._artifacts.keep(samples, rate),
            "audible": analysis.audible,
            "sample_rate": rate,
            "seconds": analysis.seconds,
            "pieces": reply["pieces"],
        }
        times = {name: reply[name] for name in ("first_token_s", "first_audio_s", "first_audible_s", "stalled_s")}
        return Answer(None, request.audio_s, part=part, times=times)

    def fixed(self, whole: Dataset) -> Request:
        # A first turn: a later one would need replies.
        return self.request(whole.utterances[0], {}, timed=True)
