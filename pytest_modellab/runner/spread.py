"""The accuracy pass of a case by several workers at once, on one machine or many."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from pytest_modellab.core.schema_base import Failure
from pytest_modellab.results.facts import Memory, RunFacts

from .deaths import died, given_up, not_tried
from .executor import HostLost, WorkerDied
from .interrupts import finishing
from .pool import MAX_DEATHS, Loaded
from .replies import Replies, moved, no_speed_of

if TYPE_CHECKING:
    from pytest_modellab.engines.base import Fact
    from pytest_modellab.results.conditions import Conditions
    from pytest_modellab.tasks.groups import Group

    from .answered import Answered
    from .job import Job
    from .pool import Pool
    from .progress import Progress

MAX_TRIES = 3
"""How often a group is asked whose machine is lost each time; and how often the last worker is started anew."""
PAUSE_S = 1.0
"""Before the last worker is started anew."""
_LOOK_S = 0.2

Chain: TypeAlias = "list[int | Group]"
"""Groups that one worker asks for in their order, most of them by their number."""


class _Left(Exception):
    """A worker is gone; these groups are still to be asked for."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain


class _NoMachine(Exception):
    """There is no machine for this worker; others go on."""


class Spread:
    """One pass over the utterances of a case, whose groups are taken by whichever worker is free, the longest first.

    The turns of a dialogue stay with one worker, in their order. Nothing is asked twice but what a lost machine had.
    """

    def __init__(
        self,
        job: Job,
        pool: Pool,
        answered: Answered,
        progress: Progress,
        conditions: Conditions,
        *,
        workers: int,
        no_timing: str | None,
        stopping: Callable[[], bool],
    ) -> None:
        """`no_timing` is why a run has no times, if it hasn't; `stopping` as CaseRun has it."""
        self._job = job
        self._pool = pool
        self._answered = answered
        self._progress = progress
        self._conditions = conditions
        self._workers = workers
        self._lanes = 0
        self._no_timing = no_timing
        self._stopping = stopping
        self._replies = Replies(job, answered, timed=False)
        self._groups: Sequence[Group] = ()
        self._left: deque[Chain] = deque()
        self._tries: Counter[str] = Counter()
        self._lock = threading.RLock()
        self._busy = 0
        self._ended = threading.Condition(self._lock)
        self._deaths: list[WorkerDied] = []
        self._suspected = 0
        """Deaths of workers that had been asked for several utterances at once."""
        self._lost: list[HostLost] = []
        self._failure: Failure | None = None
        self._told: dict[str, Fact] | None = None
        self._memory = Memory()
        self._wrong: BaseException | None = None
        self._interrupted = False

    def run(self) -> RunFacts:
        """Request all answers that are missing. Raises KeyboardInterrupt where the session is to stop."""
        self._left.extend(self._chains())
        lanes = [
            threading.Thread(target=self._lane, name=f"worker {i + 1}", daemon=True)
            for i in range(min(self._workers, len(self._left)))
        ]
        self._lanes = len(lanes)
        with finishing(self._interrupt):
            for lane in lanes:
                lane.start()
            for lane in lanes:
                while lane.is_alive():
                    lane.join(_LOOK_S)
                    self._interrupted = self._interrupted or self._stopping()
        if self._wrong is not None:
            raise self._wrong
        if self._interrupted:
            raise KeyboardInterrupt
        self._fail_rest()
        return self._facts()

    def _chains(self) -> list[Chain]:
        """What is missing: groups that follow each other, those with the most audio first."""
        self._groups = self._job.requests.groups(self._job.dataset.utterances)
        dialogues: dict[str, Chain] = {}
        chains: list[tuple[float, Chain]] = []
        for number, group in enumerate(self._groups):
            self._replies.note_known(group)
            if not (missing := self._answered.missing(group)):
                continue
            turn = missing[0].turn
            if turn is not None and turn.dialogue in dialogues:
                dialogues[turn.dialogue].append(number)
                continue
            chain: Chain = [number]
            chains.append((sum(self._job.seconds[each.id] for each in missing), chain))
            if turn is not None:
                dialogues[turn.dialogue] = chain
        chains.sort(key=lambda each: -each[0])
        return [chain for _, chain in chains]

    def _lane(self) -> None:
        """What one worker does: it takes what is left until nothing is."""
        loaded: Loaded | None = None
        retired = False
        try:
            while (chain := self._take()) is not None:
                rest = chain
                try:
                    loaded = loaded or self._load()
                    rest = chain if loaded is None else self._follow(chain, loaded)
                except _Left as left:
                    loaded, rest = None, left.chain
                finally:
                    self._hand_back(rest)
        except _NoMachine:
            retired = True
        except BaseException as error:  # told in the main thread
            with self._lock:
                self._wrong = self._wrong or error
        finally:
            with self._ended:
                self._lanes -= not retired
                self._ended.notify_all()
            if loaded is not None:
                self._pool.keep(self._job.case.group, loaded)

    def _take(self) -> Chain | None:
        """The next chain; waits where another worker may yet hand one back. None where nothing is left to do."""
        with self._ended:
            while True:
                if self._is_over():
                    return None
                if self._left:
                    self._busy += 1
                    return self._left.popleft()
                if not self._busy:
                    return None
                self._ended.wait(_LOOK_S)

    def _is_over(self) -> bool:
        # Who waits for the workers may not have seen it when the last of them ends.
        self._interrupted = self._interrupted or self._stopping()
        stopped = self._interrupted or self._wrong is not None
        return stopped or self._failure is not None or len(self._deaths) >= MAX_DEATHS

    def _hand_back(self, chain: Chain) -> None:
        """This worker is free; leave what is left of its chain to whichever is."""
        with self._ended:
            self._busy -= 1
            if chain:
                self._left.appendleft(chain)
            self._ended.notify_all()

    def _follow(self, chain: Chain, loaded: Loaded) -> Chain:
        """Ask for the groups of a chain one after the other; those that the session's end left. Raises _Left."""
        pending = deque(chain)
        while pending and not self._is_over():
            gone = False
            with self._lock:
                group = self._group(pending.popleft())
            if not group:
                continue
            try:
                self._ask(loaded, group)
            except HostLost as lost:
                self._note_lost(lost, group)
                gone = True
            except WorkerDied as death:
                self._note_death(death, group)
                gone = True
            with self._lock:
                missing = self._answered.missing(group)
                # What failed as a whole is asked one by one.
                pending.extendleft([each] for each in reversed(missing))
                self._answered.advance()
            if gone:
                raise _Left(list(pending))
        return list(pending)

    def _group(self, part: int | Group) -> Group:
        """What is missing of a group, which may be told by its number: objects are made when they are needed."""
        return self._answered.missing(self._groups[part] if isinstance(part, int) else part)

    def _load(self) -> Loaded | None:
        """A loaded worker; None where the model can't be loaded, or chose otherwise than on another machine.

        Raises _NoMachine where this worker is to be done without.
        """
        for tried in range(MAX_TRIES):
            try:
                loaded = self._pool.another(self._job.case.group, self._job.order, self._job.loaded_with)
                break
            except HostLost as lost:
                with self._lock:
                    self._lost.append(lost)
                    if self._lanes > 1:
                        self._lanes -= 1
                        raise _NoMachine from None
                    if tried == MAX_TRIES - 1:
                        self._failure = Failure(kind="load", message=f"no machine is left to load it on: {lost.reason}")
                        return None
                    self._ended.wait(PAUSE_S)
        with self._lock:
            if loaded.failure is None and self._told is None:
                self._told = loaded.facts
            elif loaded.failure is None and loaded.facts != self._told:
                message = f"its workers chose differently while they loaded: {self._told} and {loaded.facts}"
                self._failure = self._failure or Failure(kind="load", message=message)
            self._failure = self._failure or loaded.failure
        if self._failure is not None:
            if loaded.worker is not None:
                loaded.worker.close()
            return None
        return loaded

    def _ask(self, loaded: Loaded, group: Group) -> None:
        assert loaded.worker is not None  # `_load` saw to it
        request = self._replies.made(group)
        with self._lock:
            self._replies.note_made(group, request)
        timeouts = self._job.case.model.timeouts
        limit_s = timeouts.utterance_s + timeouts.per_audio_second * request.audio_s
        reply = loaded.worker.request(request.message, request.payload, timeout=limit_s)
        with self._lock:
            self._replies.keep(group, request, reply)
            self._memory = _higher(self._memory, loaded.worker.memory)

    def _note_death(self, death: WorkerDied, group: Group) -> None:
        with self._lock:
            if len(group) > 1 and self._job.requests.divisible:
                self._suspected += 1  # asked one by one, the utterance that is the reason is met again
                return
            self._deaths.append(death)
            self._replies.fail(self._answered.missing(group), died(death))

    def _note_lost(self, lost: HostLost, group: Group) -> None:
        with self._lock:
            self._lost.append(lost)
            self._tries[group[0].id] += 1
            if self._tries[group[0].id] >= MAX_TRIES:
                self._replies.fail(self._answered.missing(group), died(lost))

    def _fail_rest(self) -> None:
        """What nobody could be asked for any more."""
        rest = self._answered.missing(self._job.dataset.utterances)
        if rest:
            self._replies.fail(rest, self._failure or not_tried(self._deaths))
            self._answered.advance()

    def _facts(self) -> RunFacts:
        deaths, told = len(self._deaths) + self._suspected, self._told or {}
        moved_to = self._job.fallback_device or moved(self._job.order.device, told)
        failure = given_up(self._deaths) if len(self._deaths) >= MAX_DEATHS else self._failure
        return RunFacts(
            load_s=None,
            first_call_s=None,
            no_speed=no_speed_of(self._job, self._answered.taken_over, deaths, moved_to) or self._no_timing,
            failure=failure,
            memory=self._memory,
            resumed=self._answered.taken_over,
            restarts=deaths + len(self._lost),
            conditions=self._conditions,
            findings=self._replies.findings,
            loaded=told,
            fallback_device=moved_to,
        )

    def _interrupt(self) -> None:
        """Ctrl-C: what is being answered is worth keeping."""
        self._interrupted = True
        self._progress.say(self._job.case, "interrupted: finishing what is being answered; Ctrl-C again leaves at once")


def _higher(one: Memory, other: Memory) -> Memory:
    """The higher of each peak: of one worker, whichever needed most."""
    peaks: Sequence[str] = ("peak_rss", "load_rss", "sampled_rss", "device", "torch_peak")
    found = {name: max(getattr(one, name) or 0, getattr(other, name) or 0) or None for name in peaks}
    return replace(one, **found, method=other.method or one.method)
