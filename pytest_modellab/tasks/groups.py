"""Groups of utterances that go into one request: batches, levels of load."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, overload, runtime_checkable

from .requests import Answer, Answers, Request, Requests

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Dataset, Utterance

Group: TypeAlias = "Sequence[Utterance]"


@dataclass(frozen=True)
class GroupAnswer:
    """What a reply says of one utterance of its group.

    Attributes:
        answer: None where it failed; or of what failed the part that is known all the same, such as its times.
        seconds: its processing time; None where it failed, or has none of its own.
        error: `type`, `message` and `traceback` of what failed for this utterance alone.
        served: `retries` and `client_s` of an engine that goes to a server, where it tells them.
    """

    answer: Answer | None
    seconds: float | None = None
    error: Mapping[str, str] | None = None
    served: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class GroupRequests(Requests, Protocol):
    """Requests of a task that may put several utterances into one."""

    @property
    def divisible(self) -> bool:
        """Whether a group that fails as a whole may be asked for one by one: its answers mean the same."""
        ...

    def groups(self, utterances: Group) -> Sequence[Group]:
        """Which of them go into one request, in the order of answering; each of them is in exactly one group."""
        ...

    def request_together(self, utterances: Group, lines: Answers, *, timed: bool) -> Request:
        """The request for a group, or for what is left of it; `given` tells its utterances apart.

        Raises audio.AudioError.
        """
        ...

    def answers(self, request: Request, reply: Mapping[str, Any]) -> Sequence[GroupAnswer]:
        """The answers in the order of the group. Raises OSError where audio can't be stored."""
        ...


class _Singles(Sequence["Group"]):
    """Groups of one utterance each, made when they are asked for."""

    def __init__(self, utterances: Group) -> None:
        self._utterances = utterances

    def __len__(self) -> int:
        return len(self._utterances)

    @overload
    def __getitem__(self, place: int) -> Group: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Group]: ...
    def __getitem__(self, place: int | slice) -> Group | Sequence[Group]:
        return _Singles(self._utterances[place]) if isinstance(place, slice) else [self._utterances[place]]

    def __iter__(self) -> Iterator[Group]:
        return ([each] for each in self._utterances)


class Alone:
    """Requests of one utterance each, as groups."""

    divisible = True

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    def seconds(self, utterance: Utterance) -> float:
        return self._requests.seconds(utterance)

    def request(self, utterance: Utterance, answers: Answers, *, timed: bool) -> Request:
        return self._requests.request(utterance, answers, timed=timed)

    def answer(self, request: Request, reply: Mapping[str, Any]) -> Answer:
        return self._requests.answer(request, reply)

    def fixed(self, whole: Dataset) -> Request | None:
        return self._requests.fixed(whole)

    def groups(self, utterances: Group) -> Sequence[Group]:
        return _Singles(utterances)

    def request_together(self, utterances: Group, lines: Answers, *, timed: bool) -> Request:
        (utterance,) = utterances
        return self._requests.request(utterance, lines, timed=timed)

    def answers(self, request: Request, reply: Mapping[str, Any]) -> Sequence[GroupAnswer]:
        return [GroupAnswer(self._requests.answer(request, reply), reply["seconds"], served=served(reply))]


def grouped(requests: Requests) -> GroupRequests:
    """The requests themselves where they know groups; else with each utterance in a group of its own."""
    return requests if isinstance(requests, GroupRequests) else Alone(requests)


def served(reply: Mapping[str, Any]) -> dict[str, Any]:
    """What the client of a server tells of a call: how often it was repeated, and its own part of the time."""
    return {name: reply[name] for name in ("retries", "client_s") if name in reply}
