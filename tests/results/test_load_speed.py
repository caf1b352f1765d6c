"""Speed gates under load: a server that is slow to some calls is found, and hardly slower on average."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from records import record, utterance, with_part

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.results import speed_baseline
from pytest_modellab.results.baseline_lines import BaselineError
from pytest_modellab.results.record import Record
from pytest_modellab.results.values import valued
from pytest_modellab.results.verdicts import Status
from pytest_modellab.tasks.load.record import LoadedCall, LoadSummary

COUNT = 200


def level(*, slow_s: float = 0.0, of: int = 10, seed: int = 0, count: int = COUNT) -> Record:
    """One user whose calls take 0.25 s, give or take; one `of` so many takes `slow_s` more."""
    random = np.random.default_rng(seed)
    rows, now = [], 0.0
    for number in range(count):
        seconds = 0.25 * float(random.lognormal(0, 0.04)) + (slow_s if number % of == 0 else 0.0)
        call = LoadedCall(due_s=now, start_s=now, end_s=now + seconds, steady=True)
        now += seconds
        row = utterance(f"u{number}").model_copy(update={"processing_s": seconds, "audio_s": 4.0})
        rows.append(with_part(row, "load", call))
    parts = {"load": LoadSummary(level="1 user", concurrency=1, warmup_s=0, seed=0)}
    case = CaseRef(task="load", model="tiny", device="cpu", dataset="calls+c1")
    made = record(utterances=tuple(rows), case=case, parts=parts)
    told = made.provenance.model_copy(update={"inputs": {**made.provenance.inputs, "dataset": "calls"}})
    return valued(made.model_copy(update={"provenance": told}))


BEFORE = level(seed=1)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return speed_baseline.save(BEFORE, tmp_path)


def judged(now: Record, saved: Path) -> tuple[Status, str]:
    verdict = speed_baseline.judge(now, saved, "its baseline")
    assert verdict.metric == "load_p95_s"
    assert verdict.value == now.value("load_p95_s")
    return verdict.status, verdict.reason


@pytest.mark.parametrize("seed", range(2, 12))
def test_what_is_no_slower_passes_and_a_call_of_ten_that_is_slow_fails(saved: Path, seed: int) -> None:
    status, reason = judged(level(seed=seed), saved)
    assert status is Status.PASS, reason
    status, reason = judged(level(seed=seed, slow_s=0.2), saved)
    assert status is Status.FAIL
    # On average it is no slower than the tripwire allows.
    assert re.search(r"time x 1\.(07|08|09) ", reason)
    found = re.search(r"95th percentile of the ratios of calls x (\d\.\d\d)$", reason)
    assert found is not None
    assert float(found[1]) == pytest.approx(1.8, abs=0.1)


def test_a_slow_call_of_fifty_is_within_what_is_allowed(saved: Path) -> None:
    status, _ = judged(level(seed=2, slow_s=0.2, of=50), saved)
    assert status is not Status.FAIL


def test_all_that_are_slower_fail_by_their_ratio(saved: Path) -> None:
    status, reason = judged(level(seed=2, slow_s=0.2, of=1), saved)
    assert status is Status.FAIL
    assert "time x 1.8" in reason


def test_too_few_calls_can_not_exclude_a_slow_tail(tmp_path: Path) -> None:
    saved = speed_baseline.save(level(seed=1, count=40), tmp_path)
    status, _ = judged(level(seed=2, count=40), saved)
    assert status is Status.INCONCLUSIVE


def test_a_level_without_times_has_no_baseline() -> None:
    empty = BEFORE.model_copy(update={"timing": BEFORE.timing.model_copy(update={"no_speed": "the worker died twice"})})
    with pytest.raises(BaselineError, match="no speed to keep: the worker died twice"):
        speed_baseline.of(valued(empty))
