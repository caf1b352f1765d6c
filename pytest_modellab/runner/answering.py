"""The accuracy pass of a case: every utterance that has no answer yet is requested, group by group."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_modellab.core.schema_base import Failure, FallbackDevice, Finding
from pytest_modellab.results.facts import Memory, RunFacts
from pytest_modellab.tasks.groups import served

from .bounds import bounded, bounded_answer
from .calls import CLIP_CALLS, spread_over
from .deaths import died, given_up, not_tried
from .executor import WorkerDied
from .interrupts import finishing
from .pool import MAX_DEATHS, Loaded

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Utterance
    from pytest_modellab.engines.base import Fact
    from pytest_modellab.results.conditions import Conditions
    from pytest_modellab.tasks.groups import Group
    from pytest_modellab.tasks.requests import Given, Request

    from .answered import Answered
    from .calls import Calls
    from .job import Job
    from .progress import Progress


class Answering:
    """One pass over the utterances of a case."""

    def __init__(
        self,
        job: Job,
        calls: Calls,
        answered: Answered,
        progress: Progress,
        conditions: Conditions,
        *,
        alone: bool,
        stopping: Callable[[], bool],
    ) -> None:
        """`alone` is whether the machine is held alone; `stopping` as CaseRun has it."""
        self._job = job
        self._calls = calls
        self._answered = answered
        self._progress = progress
        self._conditions = conditions
        self._alone = alone
        self._stopping = stopping
        self._loaded: Loaded | None = None
        self._deaths: list[WorkerDied] = []
        self._explained = 0
        """Of these, of groups in which one utterance was found to be the reason."""
        self._suspected = False
        self._load_s: float | None = None
        self._first_call_s: float | None = None
        self._told: dict[str, Fact] = {}
        self._memory = Memory()
        self._findings: dict[str, Sequence[Finding]] = {}
        self._interrupted = False

    def run(self) -> RunFacts:
        """Request all answers that are missing. Raises KeyboardInterrupt where the session is to stop."""
        groups = self._job.requests.groups(self._job.dataset.utterances)
        # A run that is resumed gets no speed, and a timing pass of its own follows where others work beside this one.
        clip_calls = 0 if self._answered.taken_over or not self._alone else CLIP_CALLS
        calls = spread_over(clip_calls, len(groups))
        for i, group in enumerate(groups):
            for utterance in group:
                if utterance.id in self._answered.lines:
                    request = self._job.requests.request(utterance, self._answered.lines, timed=self._alone)
                    self._note_given(utterance, *request.parts)
            last = i == len(groups) - 1
            self._answer_missing(group, calls[i] + (calls[-1] if last else 0))
        return self._facts()

    def _facts(self) -> RunFacts:
        deaths = len(self._deaths)
        if self._given_up:
            failure: Failure | None = given_up(self._deaths)
        else:
            failure = self._loaded.failure if self._loaded else None
        fallback_device = self._job.fallback_device or _moved(self._job.order.device, self._told)
        utterances = self._job.dataset.utterances if self._findings else ()
        found = [each for u in utterances for each in self._findings.get(u.id, ())]
        return RunFacts(
            load_s=self._load_s,
            first_call_s=self._first_call_s,
            no_speed=self._no_speed(deaths, fallback_device),
            failure=failure,
            memory=self._memory,
            resumed=self._answered.taken_over,
            restarts=deaths,
            conditions=self._conditions,
            findings=(*self._job.findings, *found),
            loaded=self._told,
            fallback_device=fallback_device,
        )

    def _answer_missing(self, group: Group, clip_calls: int = 0) -> None:
        """Answer what is missing of a group; the fixed clip is timed `clip_calls` times after it."""
        missing = self._answered.missing(group)
        if not missing:
            return
        request = self._requested(missing)
        if self._stopping():
            raise KeyboardInterrupt
        if self._loaded is None and not self._given_up:
            self._load()
            if len(left := self._answered.missing(missing)) < len(missing):
                self._answered.advance()
                self._answer_missing(left, clip_calls)
                return
        if self._loaded is None:
            self._fail(missing, not_tried(self._deaths))
        elif self._loaded.failure is not None:
            self._fail(missing, self._loaded.failure)
        else:
            self._answer(self._loaded, missing, request, clip_calls)
        self._answered.advance()

    def _requested(self, group: Group) -> Request:
        request = self._job.requests.request_together(group, self._answered.lines, timed=self._alone)
        for utterance, given in zip(group, request.parts, strict=True):
            self._note_given(utterance, given)
        return request

    def _note_given(self, utterance: Utterance, given: Given) -> None:
        self._answered.given(utterance, given.audio_s)
        self._findings.pop(utterance.id, None)
        if given.findings:
            self._findings[utterance.id] = [
                Finding(utterance=utterance.id, kind=each.kind, message=each.message) for each in given.findings
            ]

    def _load(self) -> None:
        """Load the model. A first call that its worker dies of is the answer to the utterance it was made with."""
        loaded = self._calls.load(self._answered.lines, alone=self._alone, warm_up=not self._deaths)
        if self._load_s is None:  # the first load that counts, and what was beside it
            self._conditions.loading = loaded.use
        self._load_s = self._load_s or loaded.load_s
        self._first_call_s = self._first_call_s or loaded.first_call_s
        self._memory, self._told = loaded.memory, loaded.facts or self._told
        self._loaded = loaded
        if loaded.first_death is not None:
            self._deaths.append(loaded.first_death)
            loaded.first_death = None
            for first in self._answered.missing(self._job.dataset.utterances[:1]):  # once is enough
                self._fail([first], died(self._deaths[-1]))

    @property
    def _given_up(self) -> bool:
        return len(self._deaths) - self._explained >= MAX_DEATHS

    def _answer(self, loaded: Loaded, group: Group, request: Request, clip_calls: int) -> None:
        """Have a group answered; one that fails as a whole is answered one by one, so that what fails costs itself."""
        try:
            with finishing(lambda: self._interrupt(len(group))):
                self._ask(loaded, group, request)
            if not self._interrupted and not self._deaths and not self._answered.missing(group):
                self._calls.time_fixed_clip(loaded, clip_calls)
        except WorkerDied as death:
            self._died(death, group)
        if self._interrupted:
            raise KeyboardInterrupt
        for utterance in self._answered.missing(group):
            self._answer_missing([utterance])
        if len(group) > 1:
            self._suspected = False

    def _died(self, death: WorkerDied, group: Group) -> None:
        self._deaths.append(death)
        self._calls.drop()
        self._loaded = None
        missing = self._answered.missing(group)
        if len(group) > 1 and self._job.requests.divisible:
            self._suspected = bool(missing)
        elif missing:
            self._explained += self._suspected
            self._suspected = False
            self._fail(missing, died(death))

    def _ask(self, loaded: Loaded, group: Group, request: Request) -> None:
        reply = self._calls.ask(loaded, request)
        if "error" in reply:
            if len(group) == 1 or not self._job.requests.divisible:
                self._fail(group, _raised(reply["error"]), served(reply))
            return
        several = len(group) > 1
        reply, cut = (reply, 0) if several else bounded(reply)
        for utterance, each in zip(group, self._job.requests.answers(request, reply), strict=True):
            if each.error is not None or each.answer is None:
                known = None if each.answer is None else each.answer.part
                self._answered.fail(utterance, _raised(each.error or {}), each.served, part=known)
                continue
            answer, cut = bounded_answer(each.answer) if several else (each.answer, cut)
            self._answered.note(utterance, answer, each.seconds, cut=cut, served=each.served)

    def _fail(self, group: Group, why: Failure, served: Mapping[str, Any] | None = None) -> None:
        for utterance in group:
            self._answered.fail(utterance, why, served)

    def _interrupt(self, utterances: int) -> None:
        """Ctrl-C: what is being answered is worth keeping."""
        self._interrupted = True
        named = "this utterance" if utterances == 1 else f"these {utterances} utterances"
        self._progress.say(self._job.case, f"interrupted: finishing {named}; Ctrl-C again leaves at once")

    def _no_speed(self, deaths: int, fallback_device: FallbackDevice | None) -> str | None:
        asked, taken_over = self._job.case.device.id, self._answered.taken_over
        if fallback_device is not None:
            return f"asked for {asked}, {fallback_device}: its times are not {asked}'s"
        if taken_over:
            utterances = "1 utterance" if taken_over == 1 else f"{taken_over} utterances"
            return f"resumed: {utterances} answered in a session that was killed"
        if deaths:
            return f"the worker died {deaths} times"
        return None


def _raised(error: Mapping[str, str]) -> Failure:
    """What an engine raised, or what failed for one utterance of a group."""
    message = f"{error.get('type', 'Error')}: {error.get('message', 'no answer')}"
    return Failure(kind="exception", message=message, detail=error.get("traceback", ""))


def _moved(asked: Mapping[str, Any], told: Mapping[str, Fact]) -> FallbackDevice | None:
    """Where an engine says that it is on another kind of device than it was told to load on."""
    device = told.get("device")
    if device is None or str(device).partition(":")[0] == asked["kind"]:
        return None
    return FallbackDevice(device=str(device), why="so the engine says")
