"""One case being answered, utterance by utterance: the accuracy pass, then the timing pass where one is needed."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from .. import audio
from ..cases import Case
from ..datasets import Dataset, Utterance
from ..engines.base import Clip
from ..metrics import asr
from ..store import cache_root
from ..text import normalizer
from .assemble import RunFacts
from .journal import Journal
from .local import Memory, WorkerDied
from .machine import machine
from .pool import MAX_DEATHS, Loaded, LoadOrder, Pool, transcribe_request
from .record import Failure, Finding
from .watch import Progress

# Audio that a timing pass answers a second time: enough for a stable RTF, little beside a large data set.
TIMED_AUDIO_S = 120.0


@dataclass(frozen=True)
class Settings:
    """How a session runs its cases."""

    fresh: bool = False
    in_process: bool = False
    max_utterances: int | None = None
    alone: bool = True
    """Whether the session does one thing at a time, so that it may time it."""


@dataclass(frozen=True)
class Job:
    """A case with everything it takes to run it."""

    case: Case
    dataset: Dataset
    order: LoadOrder
    seconds: dict[str, float]
    """Length of each utterance's audio, by id."""
    rate: int
    """Sample rate of the engine, Hz."""


class CaseRun:
    """The answers of one case: those in the journal already, and those still to be got."""

    def __init__(self, job: Job, pool: Pool, journal: Journal, settings: Settings, progress: Progress) -> None:
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
        self.taken_over = len(self.answers)
        self._normalize = normalizer(job.dataset.normalizer)

    def facts_of_finished(self) -> RunFacts | None:
        """The facts of a run that a killed session had finished; None where something is left to do."""
        end = next((line["end"] for line in self.journal.lines if "end" in line), None)
        if end is None:
            return None
        return RunFacts(
            load_s=end["load_s"],
            first_call_s=end["first_call_s"],
            no_speed=end["no_speed"],
            failure=None if end["failure"] is None else Failure(**end["failure"]),
            memory=Memory(**end["memory"]),
            resumed=end["resumed"],
            restarts=end["restarts"],
            findings=tuple(Finding(**finding) for finding in end["findings"]),
        )

    def finish(self) -> RunFacts:
        """Answer what is not answered yet."""
        settings = self.settings
        with self._machine(alone=settings.alone):
            facts = self._answer_all()
        if not settings.alone and facts.no_speed is None:
            with self._machine(alone=True):
                facts = replace(facts, no_speed=self._time_alone())
        self.journal.append(
            {
                "end": {
                    **vars(facts),
                    "failure": facts.failure and facts.failure.model_dump(),
                    "memory": vars(facts.memory),
                    "findings": [finding.model_dump() for finding in facts.findings],
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

    def _time_alone(self) -> str | None:
        """The timing pass: answer a fixed subset again with nothing else running; why that gave nothing, if so.

        The accuracy pass ran beside other work, so its times count for nothing.
        """
        loaded = self._load()
        timed_s = 0.0
        for utterance in self.job.dataset.utterances:
            if self.answers[utterance.id]["error"] is not None:
                continue
            if loaded.worker is None or timed_s >= TIMED_AUDIO_S:
                break
            self._say("timing, alone on the machine")
            try:
                reply = loaded.worker.request(
                    *transcribe_request(utterance.clip(self.job.rate)), timeout=self._timeout(utterance)
                )
            except WorkerDied as death:
                self.pool.drop(self.job.case.group)
                return f"the worker was lost while it was timed: {death.reason}"
            if "error" in reply:
                return f"an utterance failed while it was timed: {reply['error']['message']}"
            line = {"timed": utterance.id, "seconds": reply["seconds"]}
            self.journal.append(line)
            self.timed[utterance.id] = reply["seconds"]
            timed_s += self.job.seconds[utterance.id]
        return None

    def _answer_all(self) -> RunFacts:
        deaths: list[WorkerDied] = []
        loaded: Loaded | None = None
        findings: list[Finding] = []
        load_s: float | None = None
        first_call_s: float | None = None
        memory = Memory()
        for utterance in self.job.dataset.utterances:
            samples = utterance.samples(self.job.rate)
            # The decoded length, not what a header or a manifest says: RTF rests on it.
            self.job.seconds[utterance.id] = len(samples) / self.job.rate
            findings.extend(
                Finding(utterance=utterance.id, kind=each.kind, message=each.message)
                for each in audio.check(samples, self.job.rate, utterance.text)
            )
            if utterance.id in self.answers:
                continue
            if loaded is None and len(deaths) < MAX_DEATHS:
                loaded = self._load(warm_up=not deaths)
                load_s, first_call_s = load_s or loaded.load_s, first_call_s or loaded.first_call_s
                memory = loaded.memory
                if loaded.first_death is not None:
                    deaths.append(loaded.first_death)
                    loaded.first_death = None
                    if utterance is self.job.dataset.utterances[0]:  # the clip of the first call: once is enough
                        self._note(utterance, None, None, _died(deaths[-1]))
                        self._advance()
                        continue
            if loaded is None:
                self._note(utterance, None, None, _not_tried(deaths))
            elif loaded.failure is not None:
                self._note(utterance, None, None, loaded.failure)
            else:
                try:
                    self._answer(loaded, utterance, samples)
                except WorkerDied as death:
                    deaths.append(death)
                    self.pool.drop(self.job.case.group)
                    loaded = None
                    self._note(utterance, None, None, _died(death))
            self._advance()
        if len(deaths) >= MAX_DEATHS:
            failure: Failure | None = _given_up(deaths)
        else:
            failure = loaded.failure if loaded else None
        return RunFacts(
            load_s=load_s,
            first_call_s=first_call_s,
            no_speed=self._no_speed(len(deaths)),
            failure=failure,
            memory=memory,
            resumed=self.taken_over,
            restarts=len(deaths),
            findings=tuple(findings),
        )

    def _load(self, *, warm_up: bool = True) -> Loaded:
        self._say("loading the model, first call")
        first = self.job.dataset.utterances[0]
        clip = first.clip(self.job.rate) if warm_up else None
        return self.pool.get(self.job.case.group, self.job.order, clip, self._timeout(first))

    def _answer(self, loaded: Loaded, utterance: Utterance, samples: audio.Samples) -> None:
        assert loaded.worker is not None
        clip = Clip(samples, self.job.rate, utterance.language)
        reply = loaded.worker.request(*transcribe_request(clip), timeout=self._timeout(utterance))
        if "error" in reply:
            error = reply["error"]
            message = f"{error['type']}: {error['message']}"
            self._note(utterance, None, None, Failure(kind="exception", message=message, detail=error["traceback"]))
        else:
            self._note(utterance, reply["text"], reply["seconds"], None, reply["language"])
            if self.settings.alone:
                self.timed[utterance.id] = reply["seconds"]

    def _note(
        self,
        utterance: Utterance,
        text: str | None,
        seconds: float | None,
        error: Failure | None,
        language: str | None = None,
    ) -> None:
        words = asr.score(utterance.text, text, self._normalize).words
        line = {
            "utterance": utterance.id,
            "text": text,
            "language": language,
            "seconds": seconds,
            "audio_s": self.job.seconds[utterance.id],
            "alone": self.settings.alone,
            "error": None if error is None else error.model_dump(),
            "errors": words.errors,
            "words": words.reference,
        }
        self.journal.append(line)
        self.answers[utterance.id] = line

    def _advance(self) -> None:
        words = sum(line["words"] for line in self.answers.values())
        errors = sum(line["errors"] for line in self.answers.values())
        left = sum(s for id, s in self.job.seconds.items() if id not in self.answers)
        wer = errors / words if words else None
        self.progress.advance(self.job.case, len(self.answers), len(self.job.seconds), left, wer)

    def _timeout(self, utterance: Utterance) -> float:
        timeouts = self.job.case.model.timeouts
        return timeouts.utterance_s + timeouts.per_audio_second * self.job.seconds[utterance.id]

    def _no_speed(self, deaths: int) -> str | None:
        if self.taken_over:
            return f"resumed: {self.taken_over} utterances were answered in a session that was killed"
        if deaths:
            return f"the worker died {deaths} times"
        return None

    def _say(self, text: str) -> None:
        self.progress.say(self.job.case, text)


def _died(death: WorkerDied) -> Failure:
    return Failure(kind=death.kind, message=death.reason, detail=death.stderr)


def _not_tried(deaths: list[WorkerDied]) -> Failure:
    return Failure(kind="crash", message=f"not tried: the worker had died {len(deaths)} times")


def _given_up(deaths: list[WorkerDied]) -> Failure:
    """Why a case was broken off, by the first of the deaths: the later ones follow from it more often than not."""
    first = deaths[0]
    message = f"given up after the worker died {len(deaths)} times; the first time: {first.reason}"
    return Failure(kind="crash", message=message, detail=first.stderr)
