"""Loading the model of a case, and calling it, with an eye on what the machine does beside it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .deaths import died
from .executor import WorkerDied
from .pool import Loaded

if TYPE_CHECKING:
    from pytest_modellab.results.conditions import Conditions
    from pytest_modellab.tasks.requests import Answers, Request

    from .job import Job
    from .pool import Pool
    from .progress import Progress

CLIP_CALLS = 3
"""Calls on the fixed clip, from the first to the last moment of what is timed."""


class Calls:
    """Calls of the model of a case."""

    def __init__(self, job: Job, pool: Pool, progress: Progress, conditions: Conditions) -> None:
        self._job = job
        self._pool = pool
        self._progress = progress
        self._conditions = conditions
        self.hardware: Mapping[str, Any] | None = None
        """Of the machine of the worker that was loaded last, where it isn't this one."""

    def load(self, answers: Answers, *, alone: bool, warm_up: bool = True) -> Loaded:
        """The loaded model; `alone` is whether nothing else runs now."""
        self._progress.say(self._job.case, "loading the model, first call")
        request = self._job.requests.request(self._job.dataset.utterances[0], answers, timed=False)
        loaded = self._pool.get(
            self._job.case.group,
            self._job.order,
            request if warm_up else None,
            self._timeout(request),
            alone=alone,
            loaded_with=self._job.loaded_with,
        )
        self.hardware = getattr(loaded.worker, "hardware", self.hardware)
        try:
            self._pool.begin(loaded, self._job.case.model.timeouts.utterance_s)
        except WorkerDied as death:
            self.drop()
            return Loaded(None, failure=died(death))
        return loaded

    def drop(self) -> None:
        """Forget a worker that died."""
        self._pool.drop(self._job.case.group)

    def ask(self, loaded: Loaded, request: Request) -> dict[str, Any]:
        """The reply to one request. Raises WorkerDied."""
        worker, timeout = loaded.worker, self._timeout(request)
        assert worker is not None
        return self._conditions.timed(lambda: worker.request(request.message, request.payload, timeout=timeout))

    def time_fixed_clip(self, loaded: Loaded, calls: int) -> None:
        """Request the model what is always the same, whose answer counts for nothing. Raises WorkerDied."""
        request = self._fixed if calls else None
        for _ in range(calls if request else 0):
            assert request is not None
            reply = self.ask(loaded, request)
            if "error" not in reply:
                self._conditions.clip_s.append(reply["seconds"])

    @cached_property
    def _fixed(self) -> Request | None:
        return self._job.requests.fixed(self._job.whole)

    def _timeout(self, request: Request) -> float:
        timeouts = self._job.case.model.timeouts
        return timeouts.utterance_s + timeouts.per_audio_second * request.audio_s


def spread_over(calls: int, places: int) -> list[int]:
    """How many of `calls` fall to each of `places` and to their end, evenly from first to last."""
    counts = [0] * (places + 1)
    for call in range(calls):
        counts[round(call * places / max(1, calls - 1))] += 1
    return counts
