"""Requests of speech recognition in batches: different clips share a call of the decoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..groups import Group, GroupAnswer
from ..requests import Answer, Answers, Given, Request
from .request import HANDLER, AsrRequests

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Dataset, Utterance


class AsrBatches(AsrRequests):
    """Clips sorted by length, the longest first, so many to a request: what is padded is little, and memory is highest
    in the first batch."""

    divisible = True

    def __init__(self, dataset: Dataset, rate: int, batch_size: int) -> None:
        super().__init__(dataset, rate)
        self._size = batch_size
        self._first: dict[str, str] = {}
        """Utterance -> the first one of its batch, by which that is known."""

    def groups(self, utterances: Group) -> Sequence[Group]:
        ordered = sorted(utterances, key=self.seconds, reverse=True)
        groups = [ordered[i : i + self._size] for i in range(0, len(ordered), self._size)]
        self._first |= {each.id: group[0].id for group in groups for each in group}
        return groups

    def request_together(self, utterances: Group, lines: Answers, *, timed: bool) -> Request:
        requests = [self.request(each, lines, timed=timed) for each in utterances]
        message = {
            "op": "transcribe_batch",
            "handler": HANDLER,
            "rate": self._rate,
            "languages": [each.message["language"] for each in requests],
            "samples": [len(each.payload) // 4 for each in requests],
            "first": self._named(utterances[0]),
        }
        return Request(
            message,
            b"".join(each.payload for each in requests),
            sum(each.audio_s for each in requests),
            given=tuple(Given(each.audio_s, each.findings) for each in requests),
        )

    def answers(self, request: Request, reply: Mapping[str, Any]) -> Sequence[GroupAnswer]:
        """Each with its share of the batch's time, by length, so that RTF is that of the whole."""
        lengths = [each.audio_s for each in request.given]
        batch = {"first": request.message["first"], "size": len(lengths), "longest_s": max(lengths)}
        served = [{"retries": each} for each in reply.get("retries_each", ())] or [{} for _ in lengths]
        each_s = [reply["seconds"] * audio_s / (sum(lengths) or 1.0) for audio_s in lengths]
        return [
            GroupAnswer(Answer(text, audio_s, language, batch=batch), seconds, served=told)
            for audio_s, text, language, seconds, told in zip(
                lengths, reply["texts"], reply["languages"], each_s, served, strict=True
            )
        ]

    def _named(self, utterance: Utterance) -> str:
        return self._first.get(utterance.id, utterance.id)
