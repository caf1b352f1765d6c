"""The run of one case, utterance by utterance: the accuracy pass, then the timing pass where one is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_modellab.assets.store import cache_root
from pytest_modellab.core.schema_base import Failure, FallbackDevice, Finding
from pytest_modellab.results.conditions import Conditions
from pytest_modellab.results.facts import Memory, RunFacts
from pytest_modellab.tasks.requests import Answer

from .bounds import bounded
from .deaths import died, given_up, not_tried
from .executor import WorkerDied
from .interrupts import finishing
from .journal import Journal
from .machine import machine
from .pool import MAX_DEATHS, Loaded

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Utterance
    from pytest_modellab.engines.base import Fact
    from pytest_modellab.tasks.requests import Request

    from .job import Counted, Job, Settings
    from .pool import Pool
    from .progress import Progress

# Audio that a timing pass answers a second time: enough for a stable RTF, little beside a large data set.
TIMED_AUDIO_S = 120.0
# Calls on the fixed clip, from the first to the last moment of what is timed.
CLIP_CALLS = 3


class CaseRun:
    """The answers of one case: those already in the journal, and those still to be requested."""

    def __init__(
        self,
        job: Job,
        pool: Pool,
        journal: Journal,
        settings: Settings,
        progress: Progress,
        *,
        counted: Counted | None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """`counted` is for who watches, None where words are not counted: scoring is no part of answering.

        `stopping` is whether the session is to stop, which another process of it may have been told.
        """
        self.job = job
        self.pool = pool
        self.journal = journal
        self.settings = settings
        self.progress = progress
        self.answers: dict[str, dict[str, Any]] = {
            line["utterance"]: line for line in journal.lines if "utterance" in line
        }
        self.timed: dict[str, float] = {line["timed"]: line["seconds"] for line in journal.lines if "timed" in line}
        self.timed |= {id: line["seconds"] for id, line in self.answers.items() if line["alone"] and line["seconds"]}
        self.times: dict[str, dict[str, Any]] = {
            id: line["times"]
            for line in journal.lines
            if (id := line.get("timed") or (line.get("alone") and line.get("utterance"))) and line["times"] is not None
        }
        self.taken_over = len(self.answers)
        self.interrupted = False
        self._counted = counted
        self._stopping = stopping
        self._conditions = Conditions()

    def facts_of_finished(self) -> RunFacts | None:
        """The facts of a run that a killed session had finished; None where something is left to do."""
        end = next((line["end"] for line in self.journal.lines if "end" in line), None)
        unanswered = any(each.id not in self.answers for each in self.job.dataset.utterances)
        if end is None or unanswered or self.journal.damaged:
            return None
        return RunFacts(
            load_s=end["load_s"],
            first_call_s=end["first_call_s"],
            no_speed=end["no_speed"],
            failure=None if end["failure"] is None else Failure(**end["failure"]),
            memory=Memory(**end["memory"]),
            resumed=end["resumed"],
            restarts=end["restarts"],
            conditions=Conditions.read(end["conditions"]),
            findings=tuple(Finding(**finding) for finding in end["findings"]),
            loaded=end["loaded"],
            fallback_device=None if end["fallback_device"] is None else FallbackDevice(**end["fallback_device"]),
        )

    def finish(self) -> RunFacts:
        """Request all answers that are missing."""
        # Before the machine lock, which the model that is on the device may need to finish.
        self.pool.reserve(
            self.job.case.group,
            self.job.order.device,
            lambda name: self._say(f"waiting for {name}: another model is on it"),
        )
        if self.settings.alone:
            with self._machine(alone=True), self._conditions.held("accuracy and timing"):
                facts = self._answer_all()
        else:
            with self._machine(alone=False), self._conditions.held("accuracy"):
                facts = self._answer_all()
            if facts.no_speed is None:
                with self._machine(alone=True), self._conditions.held("timing"):
                    facts = self._time_alone(facts)
        self.journal.append(
            {
                "end": {
                    **vars(facts),
                    "failure": facts.failure and facts.failure.model_dump(),
                    "memory": vars(facts.memory),
                    "conditions": asdict(facts.conditions),
                    "findings": [finding.model_dump() for finding in facts.findings],
                    "fallback_device": facts.fallback_device and facts.fallback_device.model_dump(),
                }
            }
        )
        return facts

    def _machine(self, *, alone: bool) -> AbstractContextManager[None]:
        return machine(
            cache_root(),
            alone=alone,
            waiting=lambda: self._say("waiting for the machine: others are measuring"),
        )

    def _time_alone(self, facts: RunFacts) -> RunFacts:
        """The timing pass: load again and answer a fixed subset again, with nothing else running.

        The accuracy pass ran beside other work, so its times count for nothing.
        """
        try:
            loaded = self._load(alone=True)
            if loaded.worker is None:
                why = loaded.failure.message if loaded.failure else "unknown"
                return replace(facts, no_speed=f"the model could not be loaded again to be timed: {why}")
            facts = replace(facts, load_s=loaded.load_s, first_call_s=loaded.first_call_s)
            self._conditions.loading = loaded.use
            return replace(facts, no_speed=self._time_subset(loaded))
        except WorkerDied as death:
            self.pool.drop(self.job.case.group)
            return replace(facts, no_speed=f"the worker was lost while it was timed: {death.reason}")

    def _time_subset(self, loaded: Loaded) -> str | None:
        """Why it gave no times; None where it did. Raises WorkerDied."""
        subset = self._subset()
        calls = _spread_over(CLIP_CALLS, len(subset))
        for i, utterance in enumerate(subset):
            if self._stopping():
                raise KeyboardInterrupt
            self._say("timing, alone on the machine")
            self._time_fixed_clip(loaded, calls[i])
            request = self.job.requests.request(utterance, self.answers, timed=True)
            reply = self._ask(loaded, request, self._timeout(request))
            if "error" in reply:
                return f"an utterance failed while it was timed: {reply['error']['message']}"
            answer = self.job.requests.answer(request, reply)
            self.journal.append({"timed": utterance.id, "seconds": reply["seconds"], "times": answer.times})
            self._note_times(utterance, reply["seconds"], answer)
        self._time_fixed_clip(loaded, calls[-1])
        return None

    def _subset(self) -> list[Utterance]:
        """The first utterances that were answered, as much as is timed."""
        subset: list[Utterance] = []
        timed_s = 0.0
        for utterance in self.job.dataset.utterances:
            if timed_s >= TIMED_AUDIO_S:
                break
            if self.answers[utterance.id]["error"] is None:
                subset.append(utterance)
                timed_s += self.job.seconds[utterance.id]
        return subset

    def _note_times(self, utterance: Utterance, seconds: float, answer: Answer) -> None:
        self.timed[utterance.id] = seconds
        if answer.times is not None:
            self.times[utterance.id] = answer.times

    def _time_fixed_clip(self, loaded: Loaded, calls: int) -> None:
        """Request the model what is always the same, whose answer counts for nothing. Raises WorkerDied."""
        request = self._fixed if calls else None
        for _ in range(calls if request else 0):
            assert request is not None
            reply = self._ask(loaded, request, self._timeout(request))
            if "error" not in reply:
                self._conditions.clip_s.append(reply["seconds"])

    @cached_property
    def _fixed(self) -> Request | None:
        return self.job.requests.fixed(self.job.whole)

    def _ask(self, loaded: Loaded, request: Request, timeout: float) -> dict[str, Any]:
        """One call with an eye on what the machine does beside it. Raises WorkerDied."""
        worker = loaded.worker
        assert worker is not None
        return self._conditions.timed(lambda: worker.request(request.message, request.payload, timeout=timeout))

    def _interrupt(self) -> None:
        """Ctrl-C: what is being answered is worth keeping."""
        self.interrupted = True
        self._say("interrupted: finishing this utterance; Ctrl-C again leaves at once")

    def _answer_all(self) -> RunFacts:
        deaths: list[WorkerDied] = []
        loaded: Loaded | None = None
        findings = list(self.job.findings)
        load_s: float | None = None
        first_call_s: float | None = None
        told: dict[str, Fact] = {}
        memory = Memory()
        # A run that is resumed gets no speed, and a timing pass of its own follows where others work beside this one.
        clip_calls = 0 if self.taken_over or not self.settings.alone else CLIP_CALLS
        calls = _spread_over(clip_calls, len(self.job.dataset.utterances))
        for i, utterance in enumerate(self.job.dataset.utterances):
            request = self.job.requests.request(utterance, self.answers, timed=self.settings.alone)
            self.job.seconds[utterance.id] = request.audio_s
            findings.extend(
                Finding(utterance=utterance.id, kind=each.kind, message=each.message) for each in request.findings
            )
            if utterance.id in self.answers:
                continue
            if self._stopping():
                raise KeyboardInterrupt
            if loaded is None and len(deaths) < MAX_DEATHS:
                loaded = self._load(alone=self.settings.alone, warm_up=not deaths)
                if load_s is None:  # the first load that counts, and what was beside it
                    self._conditions.loading = loaded.use
                load_s, first_call_s = load_s or loaded.load_s, first_call_s or loaded.first_call_s
                memory, told = loaded.memory, loaded.facts or told
                if loaded.first_death is not None:
                    deaths.append(loaded.first_death)
                    loaded.first_death = None
                    if utterance is self.job.dataset.utterances[0]:  # the clip of the first call: once is enough
                        self._note(utterance, None, None, died(deaths[-1]))
                        self._advance()
                        continue
            if loaded is None:
                self._note(utterance, None, None, not_tried(deaths))
            elif loaded.failure is not None:
                self._note(utterance, None, None, loaded.failure)
            else:
                try:
                    with finishing(self._interrupt):
                        self._answer(loaded, utterance, request)
                    if not self.interrupted and not deaths:
                        last = i == len(self.job.dataset.utterances) - 1
                        self._time_fixed_clip(loaded, calls[i] + (calls[-1] if last else 0))
                except WorkerDied as death:
                    deaths.append(death)
                    self.pool.drop(self.job.case.group)
                    loaded = None
                    if utterance.id not in self.answers:
                        self._note(utterance, None, None, died(death))
                if self.interrupted:
                    raise KeyboardInterrupt
            self._advance()
        if len(deaths) >= MAX_DEATHS:
            failure: Failure | None = given_up(deaths)
        else:
            failure = loaded.failure if loaded else None
        fallback_device = self.job.fallback_device or _moved(self.job.order.device, told)
        return RunFacts(
            load_s=load_s,
            first_call_s=first_call_s,
            no_speed=self._no_speed(len(deaths), fallback_device),
            failure=failure,
            memory=memory,
            resumed=self.taken_over,
            restarts=len(deaths),
            conditions=self._conditions,
            findings=tuple(findings),
            loaded=told,
            fallback_device=fallback_device,
        )

    def _load(self, *, alone: bool, warm_up: bool = True) -> Loaded:
        """The loaded model; `alone` is whether nothing else runs now."""
        self._say("loading the model, first call")
        first = self.job.dataset.utterances[0]
        request = self.job.requests.request(first, self.answers, timed=False)
        group = self.job.case.group
        loaded = self.pool.get(
            group,
            self.job.order,
            request if warm_up else None,
            self._timeout(request),
            alone=alone,
            loaded_with=self.job.loaded_with,
        )
        try:
            self.pool.begin(loaded, self.job.case.model.timeouts.utterance_s)
        except WorkerDied as death:
            self.pool.drop(group)
            return Loaded(None, failure=died(death))
        return loaded

    def _answer(self, loaded: Loaded, utterance: Utterance, request: Request) -> None:
        reply = self._ask(loaded, request, self._timeout(request))
        if "error" in reply:
            error = reply["error"]
            message = f"{error['type']}: {error['message']}"
            failure = Failure(kind="exception", message=message, detail=error["traceback"])
            self._note(utterance, None, None, failure, served=_served(reply))
        else:
            reply, cut = bounded(reply)
            answer = self.job.requests.answer(request, reply)
            self._note(utterance, answer, reply["seconds"], None, cut=cut, served=_served(reply))
            if self.settings.alone:
                self._note_times(utterance, reply["seconds"], answer)

    def _note(
        self,
        utterance: Utterance,
        answer: Answer | None,
        seconds: float | None,
        error: Failure | None,
        *,
        cut: int = 0,
        served: Mapping[str, Any] | None = None,
    ) -> None:
        answer = answer or Answer(None, self.job.seconds[utterance.id])
        # Speech is transcribed and scored only after the last answer.
        unheard = error is None and answer.text is None
        errors, words = (0, 0) if unheard or self._counted is None else self._counted(utterance, answer.text)
        line = {
            "utterance": utterance.id,
            "text": answer.text,
            "language": answer.language,
            "seconds": seconds,
            "audio_s": answer.audio_s,
            "part": answer.part,
            "times": answer.times,
            "alone": self.settings.alone,
            "error": None if error is None else error.model_dump(),
            "errors": errors,
            "words": words,
            "cut_from": cut or None,
            **(served or {}),
        }
        self.journal.append(line)
        self.answers[utterance.id] = line

    def _advance(self) -> None:
        words = sum(line["words"] for line in self.answers.values())
        errors = sum(line["errors"] for line in self.answers.values())
        left = sum(s for id, s in self.job.seconds.items() if id not in self.answers)
        wer = errors / words if words else None
        self.progress.advance(self.job.case, len(self.answers), len(self.job.seconds), left, wer)

    def _timeout(self, request: Request) -> float:
        timeouts = self.job.case.model.timeouts
        return timeouts.utterance_s + timeouts.per_audio_second * request.audio_s

    def _no_speed(self, deaths: int, fallback_device: FallbackDevice | None) -> str | None:
        if fallback_device is not None:
            return (
                f"asked for {self.job.case.device.id}, {fallback_device}: its times are not {self.job.case.device.id}'s"
            )
        if self.taken_over:
            utterances = "1 utterance" if self.taken_over == 1 else f"{self.taken_over} utterances"
            return f"resumed: {utterances} answered in a session that was killed"
        if deaths:
            return f"the worker died {deaths} times"
        return None

    def _say(self, text: str) -> None:
        self.progress.say(self.job.case, text)


def _served(reply: Mapping[str, Any]) -> dict[str, Any]:
    """What the client of a server tells of a call: how often it was repeated, and its own part of the time."""
    return {name: reply[name] for name in ("retries", "client_s") if name in reply}


def _moved(asked: Mapping[str, Any], told: Mapping[str, Fact]) -> FallbackDevice | None:
    """Where an engine says that it is on another kind of device than it was told to load on."""
    device = told.get("device")
    if device is None or str(device).partition(":")[0] == asked["kind"]:
        return None
    return FallbackDevice(device=str(device), why="so the engine says")


def _spread_over(calls: int, places: int) -> list[int]:
    """How many of `calls` fall to each of `places` and to their end, evenly from first to last."""
    counts = [0] * (places + 1)
    for call in range(calls):
        counts[round(call * places / max(1, calls - 1))] += 1
    return counts
