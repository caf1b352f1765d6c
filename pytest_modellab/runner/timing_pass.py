"""The timing pass: a part of the utterances answered once more, with nothing else running."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .calls import CLIP_CALLS, spread_over

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Utterance
    from pytest_modellab.tasks.groups import Group

    from .answered import Answered
    from .calls import Calls
    from .job import Job
    from .pool import Loaded

TIMED_AUDIO_S = 120.0
"""Audio that it answers a second time: enough for a stable RTF, little beside a large data set."""


def time_subset(
    loaded: Loaded, job: Job, calls: Calls, answered: Answered, before_each: Callable[[], object]
) -> str | None:
    """Why it gave no times; None where it did. Raises WorkerDied."""
    subset = _subset(job, answered)
    clip_calls = spread_over(CLIP_CALLS, len(subset))
    for i, group in enumerate(subset):
        before_each()
        calls.time_fixed_clip(loaded, clip_calls[i])
        request = job.requests.request_together(group, answered.lines, timed=True)
        reply = calls.ask(loaded, request)
        if "error" in reply:
            named = "an utterance" if len(group) == 1 else f"a group of {len(group)} utterances"
            return f"{named} failed while it was timed: {reply['error']['message']}"
        for utterance, each in zip(group, job.requests.answers(request, reply), strict=True):
            if each.answer is not None:
                answered.note_timed(utterance, each.seconds, each.answer)
    calls.time_fixed_clip(loaded, clip_calls[-1])
    return None


def _subset(job: Job, answered: Answered) -> Sequence[Group]:
    """Groups of utterances that were answered, as much as is timed.

    The first of single utterances; of groups, which may be sorted by length, some from all over the data set.
    """
    groups = [each for group in job.requests.groups(job.dataset.utterances) if (each := _sound(group, answered))]
    if any(len(group) > 1 for group in groups):
        seconds = sum(job.seconds[each.id] for group in groups for each in group)
        step = max(1, min(len(groups), int(seconds / TIMED_AUDIO_S)))
        return groups[step // 2 :: step]
    subset: list[Group] = []
    timed_s = 0.0
    for group in groups:
        if timed_s >= TIMED_AUDIO_S:
            break
        subset.append(group)
        timed_s += sum(job.seconds[each.id] for each in group)
    return subset


def _sound(group: Group, answered: Answered) -> list[Utterance]:
    """Those of a group that were answered without an error."""
    return [each for each in group if answered.lines[each.id]["error"] is None]
