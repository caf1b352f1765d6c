"""Requests of recognition with word times: a clip in; a text and its words out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..asr.request import AsrRequests
from ..requests import Answer, Answers, Request

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Dataset, Utterance


HANDLER = f"{__package__}.handler"
_FIELDS = ("text", "start_s", "end_s", "probability")


class WordRequests(AsrRequests):
    """One request per utterance, with its whole recording."""

    def request(self, utterance: Utterance, lines: Answers, *, timed: bool) -> Request:
        return _with_words(super().request(utterance, lines, timed=timed))

    def answer(self, request: Request, reply: Mapping[str, Any]) -> Answer:
        words = [dict(zip(_FIELDS, word, strict=True)) for word in reply["words"]]
        return replace(super().answer(request, reply), part={"words": words})

    def fixed(self, whole: Dataset) -> Request:
        return _with_words(super().fixed(whole))


def _with_words(request: Request) -> Request:
    return replace(request, message={**request.message, "op": "transcribe_words", "handler": HANDLER})
