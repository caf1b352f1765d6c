"""Requests for groups of utterances, and what their replies come to in the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_modellab.core.schema_base import Failure, FallbackDevice, Finding
from pytest_modellab.tasks.groups import served

from .bounds import bounded, bounded_answer

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Utterance
    from pytest_modellab.engines.base import Fact
    from pytest_modellab.tasks.groups import Group
    from pytest_modellab.tasks.requests import Given, Request

    from .answered import Answered
    from .job import Job


class Replies:
    """The replies of one pass over the utterances of a case."""

    def __init__(self, job: Job, answered: Answered, *, timed: bool) -> None:
        """`timed` is whether the times of the answers count."""
        self._job = job
        self._answered = answered
        self._timed = timed
        self._findings: dict[str, Sequence[Finding]] = {}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is known of the data set before the run, and what was found while requests were made, in its order."""
        utterances = self._job.dataset.utterances if self._findings else ()
        found = [each for u in utterances for each in self._findings.get(u.id, ())]
        return (*self._job.findings, *found)

    def note_known(self, group: Group) -> None:
        """Note what the requests of those of a group tell that a session before this one had answered."""
        for utterance in group:
            if utterance.id in self._answered.lines:
                request = self._job.requests.request(utterance, self._answered.lines, timed=self._timed)
                self._note_given(utterance, *request.parts)

    def request(self, group: Group) -> Request:
        """The request for a group. Raises audio.AudioError."""
        request = self.made(group)
        self.note_made(group, request)
        return request

    def made(self, group: Group) -> Request:
        """The same, of which nothing is noted yet; may be called from several threads."""
        return self._job.requests.request_together(group, self._answered.lines, timed=self._timed)

    def note_made(self, group: Group, request: Request) -> None:
        """Note what a request tells of its utterances."""
        for utterance, given in zip(group, request.parts, strict=True):
            self._note_given(utterance, given)

    def keep(self, group: Group, request: Request, reply: Mapping[str, Any]) -> None:
        """Journal what a reply says of each utterance. A group that failed as a whole may be asked one by one."""
        if "error" in reply:
            if len(group) == 1 or not self._job.requests.divisible:
                self.fail(group, raised(reply["error"]), served(reply))
            return
        several = len(group) > 1
        bound, cut = (dict(reply), 0) if several else bounded(dict(reply))
        for utterance, each in zip(group, self._job.requests.answers(request, bound), strict=True):
            if each.error is not None or each.answer is None:
                known = None if each.answer is None else each.answer.part
                self._answered.fail(utterance, raised(each.error or {}), each.served, part=known)
                continue
            answer, cut = bounded_answer(each.answer) if several else (each.answer, cut)
            self._answered.note(utterance, answer, each.seconds, cut=cut, served=each.served)

    def fail(self, group: Group, why: Failure, told: Mapping[str, Any] | None = None) -> None:
        """Journal that there is no answer; `told` as `served` has it."""
        for utterance in group:
            self._answered.fail(utterance, why, told)

    def _note_given(self, utterance: Utterance, given: Given) -> None:
        self._answered.given(utterance, given.audio_s)
        self._findings.pop(utterance.id, None)
        if given.findings:
            self._findings[utterance.id] = [
                Finding(utterance=utterance.id, kind=each.kind, message=each.message) for each in given.findings
            ]


def raised(error: Mapping[str, str]) -> Failure:
    """What an engine raised, or what failed for one utterance of a group."""
    message = f"{error.get('type', 'Error')}: {error.get('message', 'no answer')}"
    return Failure(kind="exception", message=message, detail=error.get("traceback", ""))


def moved(asked: Mapping[str, Any], told: Mapping[str, Fact]) -> FallbackDevice | None:
    """Where an engine says that it is on another kind of device than it was told to load on."""
    device = told.get("device")
    if device is None or str(device).partition(":")[0] == asked["kind"]:
        return None
    return FallbackDevice(device=str(device), why="so the engine says")


def no_speed_of(job: Job, taken_over: int, deaths: int, fallback_device: FallbackDevice | None) -> str | None:
    """Why a run has no speed; None where nothing speaks against timing it."""
    if fallback_device is not None:
        return f"asked for {job.case.device.id}, {fallback_device}: its times are not {job.case.device.id}'s"
    if taken_over:
        utterances = "1 utterance" if taken_over == 1 else f"{taken_over} utterances"
        return f"resumed: {utterances} answered in a session that was killed"
    if deaths:
        return f"the worker died {'once' if deaths == 1 else f'{deaths} times'}"
    return None
