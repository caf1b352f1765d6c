"""Requests of translation: a clip in; a text in the data set's target language out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..asr.request import AsrRequests
from ..requests import Answer, Answers, Request

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Dataset, Utterance


HANDLER = f"{__package__}.handler"


class TranslationRequests(AsrRequests):
    """One request per utterance, with its whole recording."""

    def __init__(self, dataset: Dataset, rate: int) -> None:
        super().__init__(dataset, rate)
        self._target = dataset.spec.target

    def request(self, utterance: Utterance, lines: Answers, *, timed: bool) -> Request:
        return self._translation(super().request(utterance, lines, timed=timed))

    def answer(self, request: Request, reply: Mapping[str, Any]) -> Answer:
        return replace(super().answer(request, reply), part={"target": request.message["target"]})

    def fixed(self, whole: Dataset) -> Request:
        return self._translation(super().fixed(whole))

    def _translation(self, request: Request) -> Request:
        told = {"op": "translate", "handler": HANDLER, "target": self._target}
        return replace(request, message={**request.message, **told})
