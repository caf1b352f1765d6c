"""Requests to a model, and the answers to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Dataset, Utterance
    from pytest_modellab.core.audio import RecordingFinding


Answers: TypeAlias = Mapping[str, Mapping[str, Any]]
"""The journal's lines of the answers so far, by utterance id."""


@dataclass(frozen=True)
class Given:
    """One utterance of a request for several: seconds of its audio, and what is odd in its recording."""

    audio_s: float
    findings: tuple[RecordingFinding, ...] = ()


@dataclass(frozen=True)
class Request:
    """One request to a worker.

    Attributes:
        message: JSON; `op` names it in messages, `handler` is the module whose `answer(engine, message, payload)`
            turns it into a call of the engine, in the worker.
        payload: float32 samples, little-endian.
        audio_s: seconds of audio that the model is given, or is likely to make; time-outs rest on it.
        findings: what is odd in the recording.
        given: by utterance, in their order, what a request for several is made of; see groups.GroupRequests.
    """

    message: dict[str, Any]
    payload: bytes = b""
    audio_s: float = 0.0
    findings: tuple[RecordingFinding, ...] = ()
    given: tuple[Given, ...] = ()

    @property
    def parts(self) -> tuple[Given, ...]:
        """What it is made of, by utterance."""
        return self.given or (Given(self.audio_s, self.findings),)


@dataclass(frozen=True)
class Answer:
    """The stored part of a worker's reply.

    Attributes:
        text: raw; None where a judge has yet to transcribe what the model said.
        audio_s: seconds of audio by which the processing time is divided (RTF).
        language: the language that the model detected, if it reports one.
        part: the task's own part, as JSON.
        times: the values of that part that count only where the machine was held alone.
        batch: of an answer that was given together with others: `first`, `size`, `longest_s`, as a record has them.
    """

    text: str | None
    audio_s: float
    language: str | None = None
    part: dict[str, Any] | None = None
    times: dict[str, Any] | None = None
    batch: Mapping[str, Any] | None = None


class Requests(Protocol):
    """The requests of one task for one data set and one engine, and the answers taken from the replies.

    Each is for one utterance; a task that puts several into one request has groups.GroupRequests.
    """

    def seconds(self, utterance: Utterance) -> float:
        """Seconds of audio of an utterance, as far as is known ahead. Raises audio.AudioError."""
        ...

    def request(self, utterance: Utterance, answers: Answers, *, timed: bool) -> Request:
        """The request for one utterance; `timed` is whether its time will count. Raises audio.AudioError."""
        ...

    def answer(self, request: Request, reply: Mapping[str, Any]) -> Answer:
        """The stored part of a worker's reply. Raises OSError where its audio can't be stored."""
        ...

    def fixed(self, whole: Dataset) -> Request | None:
        """A request that is repeated: the variation of its time measures the noise of the machine.

        `whole` is the data set that all shards share. None for a task without.
        """
        ...
