"""Core wait: the time for which a worker had to wait for a processor core that other processes had.

Where the kernel tells how long each thread was ready to run and had no core (Linux: the run delay of
/proc/<pid>/task/*/schedstat), the core time that was lost is that delay, but at most what others used on these cores: a
worker with more threads than cores waits for itself. Elsewhere it is estimated as what others used beyond the cores
that the worker left free. Time that a hypervisor took (steal) is added, by the worker's share of what ran.

It is no measure of how fast a core is: a neighbour on the same physical core (hyper-threads), in the same cache or
memory channel, and the clock frequency don't show in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

DEFINITION = 2
"""Version of what makes a run noisy. 1 was a share of all processors that others used, whoever had to wait."""
LEAST_TIMED_S = 1.0
"""Below, the kernel's ticks of 10 ms are too coarse to tell what others used."""
LEAST_LOST = 0.01
"""Of the wall time: a worker that computes next to nothing loses nothing that a person could measure."""

Method = Literal["run delay", "load beyond free cores"]


@dataclass
class CoreUse:
    """Use of the cores during some calls of a worker, in seconds.

    Attributes:
        wall_s: wall time of the calls.
        own_s: CPU time of the worker and of the processes that it started.
        others_s: CPU time of all other processes on the cores that the worker may use. The kernel counts in ticks: what
            it gives one call it takes from another, so that it may be below 0.
        stolen_s: time on these cores that a hypervisor gave to other virtual machines.
        waited_s: run delay of the worker's threads and of the processes that it started; None where it isn't told.
        cores: cores that the worker may use.
    """

    wall_s: float = 0.0
    own_s: float = 0.0
    others_s: float = 0.0
    stolen_s: float = 0.0
    waited_s: float | None = None
    cores: int = 1

    def __add__(self, other: CoreUse) -> CoreUse:
        """Of both; the run delay is told where it is told of both."""
        if not other.wall_s:
            return self
        if not self.wall_s:
            return other
        told = self.waited_s is not None and other.waited_s is not None
        return CoreUse(
            wall_s=self.wall_s + other.wall_s,
            own_s=self.own_s + other.own_s,
            others_s=self.others_s + other.others_s,
            stolen_s=self.stolen_s + other.stolen_s,
            waited_s=(self.waited_s or 0.0) + (other.waited_s or 0.0) if told else None,
            cores=other.cores,
        )

    @property
    def others(self) -> float | None:
        """Share of the cores that others kept busy; None where too little was timed to tell."""
        return None if self.wall_s < LEAST_TIMED_S else max(0.0, self.others_s) / self.wall_s / self.cores

    @property
    def method(self) -> Method:
        return "load beyond free cores" if self.waited_s is None else "run delay"

    @property
    def core_wait(self) -> float | None:
        """The core wait as a share of the time that the worker computed or waited; None where too little was timed."""
        if self.wall_s < LEAST_TIMED_S:
            return None
        lost_s = self._taken_s() + self._stolen_s()
        return 0.0 if lost_s < LEAST_LOST * self.wall_s else lost_s / (self.own_s + lost_s)

    def _taken_s(self) -> float:
        """Core time that other processes took from the worker."""
        others_s = max(0.0, self.others_s)
        if self.waited_s is not None:
            return min(self.waited_s, others_s)
        # How many cores it could have used at once isn't known, at least those that it did: rounded up, a core more
        # where it is a whole number, as one that got 1 of 2 cores has.
        used = min(self.cores, math.floor(self.own_s / self.wall_s) + 1)
        return max(0.0, others_s - (self.cores - used) * self.wall_s)

    def _stolen_s(self) -> float:
        ran_s = self.own_s + max(0.0, self.others_s)
        return self.stolen_s * self.own_s / ran_s if ran_s > 0 else 0.0
