"""The run of one case: the accuracy pass, then the timing pass where one is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from pytest_modellab.assets.store import cache_root
from pytest_modellab.core.schema_base import Failure, FallbackDevice, Finding
from pytest_modellab.results.conditions import Conditions
from pytest_modellab.results.facts import Memory, RunFacts

from .answered import Answered
from .answering import Answering
from .calls import Calls
from .executor import WorkerDied
from .journal import Journal
from .machine import machine
from .spread import Spread
from .timing_pass import time_subset

if TYPE_CHECKING:
    from .executor import Cluster
    from .job import Counted, Job, Settings
    from .pool import Pool
    from .progress import Progress


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
        alone: bool,
        counted: Counted | None,
        stopping: Callable[[], bool] = lambda: False,
        cluster: Cluster | None = None,
    ) -> None:
        """`alone` is whether the machine is held alone from the beginning, so that times count.

        `cluster` is the executor where it is one of several machines.

        `counted` is for who watches, None where words are not counted: scoring is no part of answering.

        `stopping` is whether the session is to stop, which another process of it may have been told.
        """
        self.job = job
        self.pool = pool
        self.journal = journal
        self.settings = settings
        self.progress = progress
        self._alone = alone
        self._cluster = cluster
        self._answered = Answered(job, journal, progress, alone=self._alone, counted=counted)
        self._stopping = stopping
        self._conditions = Conditions()
        self._calls = Calls(job, pool, progress, self._conditions)

    @property
    def answers(self) -> Mapping[str, Mapping[str, Any]]:
        """The journal's lines of the answers, by utterance id."""
        return self._answered.lines

    @property
    def timed(self) -> Mapping[str, float]:
        """Seconds of those utterances that were answered with the machine to themselves."""
        return self._answered.timed

    @property
    def times(self) -> Mapping[str, Mapping[str, Any]]:
        """What else of them counts only then."""
        return self._answered.times

    def facts_of_finished(self) -> RunFacts | None:
        """The facts of a run that a killed session had finished; None where something is left to do."""
        end = next((line["end"] for line in self.journal.lines if "end" in line), None)
        unanswered = len(self.answers) < len(self.job.dataset.utterances)
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
            hardware=end.get("hardware"),
        )

    def finish(self) -> RunFacts:
        """Request all answers that are missing."""
        if self._cluster is None:
            # Before the machine lock, which the model that is on the device may need to finish.
            self.pool.reserve(
                self.job.case.group,
                self.job.order.device,
                lambda name: self._say(f"waiting for {name}: another model is on it"),
            )
        if self._alone:
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
            what=self.job.case.key,
            waiting=self._say,
        )

    def _answer_all(self) -> RunFacts:
        if self._cluster is not None and not self._alone:
            return self._spread(self._cluster)
        answering = Answering(
            self.job,
            self._calls,
            self._answered,
            self.progress,
            self._conditions,
            alone=self._alone,
            stopping=self._stopping,
        )
        facts = answering.run()
        return facts if self._cluster is None else replace(facts, hardware=self._calls.hardware)

    def _spread(self, cluster: Cluster) -> RunFacts:
        spread = Spread(
            self.job,
            self.pool,
            self._answered,
            self.progress,
            self._conditions,
            workers=cluster.workers(self.job.order),
            no_timing=cluster.no_timing(),
            stopping=self._stopping,
        )
        facts = spread.run()
        return replace(facts, hardware=cluster.hardware(self.job.order.device["kind"]))

    def _time_alone(self, facts: RunFacts) -> RunFacts:
        """The timing pass: load again and answer a fixed subset again, with nothing else running.

        The accuracy pass ran beside other work, so its times count for nothing.
        """
        try:
            loaded = self._calls.load(self.answers, alone=True)
            if loaded.worker is None:
                why = loaded.failure.message if loaded.failure else "unknown"
                return replace(facts, no_speed=f"the model could not be loaded again to be timed: {why}")
            facts = replace(facts, load_s=loaded.load_s, first_call_s=loaded.first_call_s)
            if self._cluster is not None:
                facts = replace(facts, hardware=self._calls.hardware)
            self._conditions.loading = loaded.use
            no_speed = time_subset(loaded, self.job, self._calls, self._answered, self._before_timing)
            return replace(facts, no_speed=no_speed)
        except WorkerDied as death:
            self._calls.drop()
            return replace(facts, no_speed=f"the worker was lost while it was timed: {death.reason}")

    def _before_timing(self) -> None:
        if self._stopping():
            raise KeyboardInterrupt
        self._say("timing, alone on the machine")

    def _say(self, text: str) -> None:
        self.progress.say(self.job.case, text)
