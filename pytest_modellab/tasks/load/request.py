"""Requests of a level of load: all its clips at once; for a single one, that clip alone."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_modellab.core import audio
from pytest_modellab.engines.base import Clip

from ..groups import GroupAnswer
from ..requests import Answer, Answers, Given, Request
from .steady import steady

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Dataset, Utterance
    from pytest_modellab.catalog.specs import LoadSpec

HANDLER = f"{__package__}.handler"
TIME_OUT = "AnswerTimeout"
"""What an engine raises where a server says nothing for too long."""


class LoadRequests:
    """One request for all utterances, in an order of the level's seed."""

    divisible = False

    def __init__(self, load: LoadSpec, rate: int) -> None:
        self._load = load
        self._rate = rate

    def seconds(self, utterance: Utterance) -> float:
        return utterance.seconds

    def request(self, utterance: Utterance, answers: Answers, *, timed: bool) -> Request:
        """A single clip: the first call, before there is any load."""
        alone = self.request_together([utterance], answers, timed=timed)
        return replace(alone, message={**alone.message, "concurrency": 1, "streams": None, "arrivals": None})

    def answer(self, request: Request, reply: Mapping[str, Any]) -> Answer:
        (call,) = reply["calls"]
        return Answer(call["text"], request.audio_s, call["language"])

    def fixed(self, whole: Dataset) -> None:
        """Nothing is repeated: under load calls vary with what is beside them."""

    def groups(self, utterances: Sequence[Utterance]) -> Sequence[Sequence[Utterance]]:
        shuffled = list(utterances)
        random.Random(self._load.seed).shuffle(shuffled)
        return [shuffled]

    def request_together(self, utterances: Sequence[Utterance], lines: Answers, *, timed: bool) -> Request:
        clips = [self._clip(each) for each in utterances]
        load = self._load
        message: dict[str, Any] = {
            "op": "load_level",
            "handler": HANDLER,
            "rate": self._rate,
            "clips": [{"samples": len(clip.samples), "language": clip.language} for clip in clips],
            "concurrency": next(iter(load.concurrency), None),
            "streams": next(iter(load.streams), None),
            "chunk_s": load.chunk_s,
            "arrivals": None,
        }
        if load.rate:
            message["arrivals"] = {"rate_per_s": load.rate[0], "kind": load.arrivals, "seed": load.seed}
        given = tuple(
            Given(clip.seconds, tuple(audio.check(clip.samples, clip.rate, each.text)))
            for clip, each in zip(clips, utterances, strict=True)
        )
        payload = b"".join(clip.samples.astype("<f4").tobytes() for clip in clips)
        return Request(message, payload, sum(each.audio_s for each in given), given=given)

    def answers(self, request: Request, reply: Mapping[str, Any]) -> Sequence[GroupAnswer]:
        calls = reply["calls"]
        times = [(each["start_s"], each["end_s"]) for each in calls]
        ok = [each["error"] is None for each in calls]
        at_once = request.message["concurrency"] or request.message["streams"]
        found = steady(times, ok, self._load.warmup_s, at_once)
        answers = []
        for number, (call, given) in enumerate(zip(calls, request.given, strict=True)):
            part = _part(call, number in found.latencies, found.gaps.get(number), found.blocks.get(number))
            part["server_rss"] = reply.get("server_rss_bytes")
            answers.append(self._answer(call, given, part))
        return answers

    def _answer(self, call: Mapping[str, Any], given: Given, part: dict[str, Any]) -> GroupAnswer:
        answer = Answer(call["text"], given.audio_s, call["language"], part, {})
        error = None if call["error"] is None else {**call["error"], "traceback": ""}
        served = {} if call["client_s"] is None else {"client_s": call["client_s"]}
        return GroupAnswer(answer, None if error else call["end_s"] - call["start_s"], error, served)

    def _clip(self, utterance: Utterance) -> Clip:
        return Clip(utterance.samples(self._rate), self._rate, utterance.language)


def _part(call: Mapping[str, Any], counts: bool, gap_s: float | None, block: int | None) -> dict[str, Any]:
    times = {name: call[name] for name in ("due_s", "start_s", "end_s", "late_s")}
    timed_out = call["error"] is not None and call["error"]["type"] == TIME_OUT
    return {**times, "steady": counts, "gap_s": gap_s, "block": block, "timed_out": timed_out}
