"""Records of levels of load, made by hand."""

from __future__ import annotations

from typing import Any

from records import record, utterance, with_part

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.results.record import Record
from pytest_modellab.results.values import valued
from pytest_modellab.tasks.load.record import LoadedCall, LoadSummary


def level(users: int, each_s: float, *, calls: int = 40, failed: int = 0, **fields: Any) -> Record:
    """A server that answers one after the other, `each_s` a call, and `users` who wait for each other."""
    rows = []
    for number in range(calls):
        end = (number + 1) * each_s
        call = LoadedCall(
            due_s=max(0.0, end - users * each_s),
            start_s=max(0.0, end - users * each_s),
            end_s=end,
            steady=users <= number,
            gap_s=each_s if number else None,
            block=number * 10 // calls if number else None,
            timed_out=number < failed,
        )
        rows.append(with_part(utterance(f"u{number}"), "load", call))
    summary = LoadSummary(level=f"{users} user{'s' * (users > 1)}", concurrency=users, warmup_s=0, seed=0)
    ref = CaseRef(task="load", model="tiny", device="cpu", dataset=f"calls+c{users}")
    return valued(record(utterances=tuple(rows), case=ref, parts={"load": summary}, **fields))
