"""Limits on times: what a slow run of a model within its limit may show doesn't fail, what is beyond that does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from records import TIMING, record, stated, utterance

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.catalog.specs import LimitSpec
from pytest_modellab.core.metrics.aggregate import Share
from pytest_modellab.core.metrics.metric import TIME_SPREAD, Metric
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.schema_base import Range
from pytest_modellab.results.record import Record
from pytest_modellab.results.timed_limits import Comparison
from pytest_modellab.results.verdicts import Limit, Limits, Status, corrected, decide

CASE = CaseRef(task="asr", model="tiny", device="cpu", dataset="talk")
TIMES = [metric for metric in METRICS.values() if metric.run_spread is not None]
SHARES = [metric for metric in METRICS.values() if metric.timed and isinstance(metric.aggregate, Share)]


def in_time(metric: Metric, share: float, calls: int) -> Record:
    """A record of so many calls, of which this share was in time, or wasn't."""
    interval = Range(low=0.0, high=1.0, method="exact", clusters=calls, conditional="")
    return stated(record(utterances=[utterance()]), {metric.name: share}, {metric.name: interval})


def judged(metric: Metric, value: float, bound: float, comparison: Comparison | None = None) -> Status:
    """The status of a record that states a value, by the value, of a single utterance."""
    made = stated(record(utterances=[utterance()]), {metric.name: value})
    side: Comparison = "<=" if metric.better == "lower" else ">="
    return decide(made, metric, comparison or side, Limit(metric.name, bound, "test")).status


def worse(metric: Metric, bound: float, by: float) -> float:
    """A value so much worse than a bound, a ratio."""
    return bound * (1 + by) if metric.better == "lower" else bound / (1 + by)


@pytest.mark.parametrize("metric", TIMES, ids=lambda metric: metric.name)
class TestEveryTime:
    def test_a_run_that_may_have_been_slow_is_inconclusive(self, metric: Metric) -> None:
        statuses = [judged(metric, worse(metric, 2.0, by), 2.0) for by in (-0.12, -0.02, 0.0, 0.11, TIME_SPREAD - 0.01)]
        assert statuses == [Status.PASS] * 3 + [Status.INCONCLUSIVE] * 2

    def test_beyond_what_runs_differ_by_it_fails(self, metric: Metric) -> None:
        assert judged(metric, worse(metric, 2.0, TIME_SPREAD + 0.01), 2.0) is Status.FAIL

    def test_the_other_side_has_no_such_room(self, metric: Metric) -> None:
        # Nothing makes a run quicker than it is.
        other: Comparison = ">=" if metric.better == "lower" else "<="
        assert judged(metric, worse(metric, 2.0, -0.02), 2.0, other) is Status.FAIL


@pytest.mark.parametrize("metric", SHARES, ids=lambda metric: metric.name)
def test_a_share_of_calls_in_time_says_nothing_of_too_few(metric: Metric) -> None:
    lower = metric.better == "lower"
    limit = Limit(metric.name, 0.1 if lower else 0.9, "test")
    for calls, status in ((1, Status.INCONCLUSIVE), (5, Status.FAIL)):
        found = decide(in_time(metric, 1.0 if lower else 0.0, calls), metric, "<=" if lower else ">=", limit)
        assert found.status is status
        assert not found.slowed


def test_there_are_times_and_shares_of_both_kinds() -> None:
    assert {"rtf", "rtfx", "load_s", "final_p95_s"} <= {metric.name for metric in TIMES}
    assert {"kept_up", "early_cuts"} <= {metric.name for metric in SHARES}


@pytest.mark.parametrize("name", ["wer", "peak_rss_mb", "success_rate", "endpoint_wer"])
def test_what_is_no_time_fails_at_its_bound(name: str) -> None:
    metric = METRICS[name]
    assert judged(metric, worse(metric, 0.5, 0.01), 0.5) is Status.FAIL


class TestTheReason:
    def test_it_says_where_the_limit_fails(self) -> None:
        made = stated(record(), {"rtf": 1.11})
        assert str(decide(made, METRICS["rtf"], "<=", Limit("rtf", 1.0, "limits.yaml:80"))) == (
            "inconclusive: RTF 1.11, limit <= 1.00 (limits.yaml:80)"
            " - RTF is beyond its limit by less than runs differ (30%); it fails beyond 1.30"
        )

    def test_noise_that_was_seen_is_told_in_its_place(self) -> None:
        made = stated(record(timing=TIMING.model_copy(update={"noisy": "the same clip varied by 30%"})), {"rtf": 1.11})
        found = decide(made, METRICS["rtf"], "<=", Limit("rtf", 1.0, "test"))
        assert found.reason == "the machine was noisy: the same clip varied by 30%"

    @pytest.mark.parametrize("bound", [-2.0, -0.1, 0.0])
    def test_a_bound_that_is_not_above_zero_has_its_room_on_the_same_side(self, bound: float) -> None:
        for metric in (METRICS["rtf"], METRICS["rtfx"]):
            assert judged(metric, bound, bound) is Status.PASS
            worst = metric.worst_of(bound)
            assert worst >= bound if metric.better == "lower" else worst <= bound


def timed(seconds: Sequence[float]) -> Record:
    """A record of clips of a second that took so long."""
    rows = [utterance(f"{i}").model_copy(update={"processing_s": each}) for i, each in enumerate(seconds)]
    mean = sum(seconds) / len(seconds)
    interval = Range(low=mean * 0.99, high=mean * 1.01, method="Student's t", clusters=len(seconds), conditional="")
    return stated(record(utterances=rows), {"rtf": mean, "latency_p50_s": mean}, {"rtf": interval})


class TestByInterval:
    """Many calls tell a run's own figure exactly, and nothing of how slow the machine was."""

    LIMIT = Limit("rtf", 1.0, "test", by_interval=True)

    @pytest.mark.parametrize(
        ("rtf", "status"),
        [(0.95, Status.PASS), (1.11, Status.INCONCLUSIVE), (1.25, Status.INCONCLUSIVE), (1.4, Status.FAIL)],
    )
    def test_it_fails_where_the_interval_is_beyond_what_runs_differ_by(self, rtf: float, status: Status) -> None:
        found = decide(timed([rtf] * 30), METRICS["rtf"], "<=", self.LIMIT)
        assert found.status is status
        if rtf == 1.11:
            assert found.reason == "RTF is beyond its limit by less than runs differ (30%); it fails beyond 1.30"

    def test_what_noise_may_have_made_of_it_is_no_failure_by_holm_either(self) -> None:
        made = timed([2.0] * 6)
        noisy = made.model_copy(update={"timing": made.timing.model_copy(update={"noisy": "the clip varied"})})
        for each in (made, noisy):
            found = decide(
                each, METRICS["latency_p50_s"], "<=", Limit("latency_p50_s", 0.5, "", by_interval=True, gates=9)
            )
            assert found.status is Status.INCONCLUSIVE
            assert corrected([found])[0].status is (Status.FAIL if each is made else Status.INCONCLUSIVE)


class TestAnotherRun:
    """A limit that another run may decide is measured again."""

    def limits(self, limit: LimitSpec) -> Limits:
        limit._origin = "limits.yaml:1"
        return Limits(CASE, [limit], str)

    @pytest.mark.parametrize(("rtf", "again"), [(0.99, False), (1.11, True), (1.31, False)])
    def test_what_may_have_been_slow_is_measured_again(self, rtf: float, again: bool) -> None:
        limits = self.limits(LimitSpec(metric="rtf", max=1.0))
        assert limits.in_doubt(stated(record(), {"rtf": rtf})) is again

    def test_with_a_margin_too(self) -> None:
        limits = self.limits(LimitSpec(metric="rtf", max=1.0, judge="bound", margin=0.2))
        assert limits.in_doubt(timed([1.45] * 30))
        assert not limits.in_doubt(timed([1.05] * 30))
        assert not limits.in_doubt(timed([1.7] * 30))

    def test_a_share_is_not_for_the_same_clips_say_the_same(self) -> None:
        limits = self.limits(LimitSpec(metric="kept_up", min=0.9))
        made = in_time(METRICS["kept_up"], 0.0, 1)
        assert [each.status for each in limits.judge(made)] == [Status.INCONCLUSIVE]
        assert not limits.in_doubt(made)

    def test_too_few_calls_by_an_interval_are_not(self) -> None:
        limits = self.limits(LimitSpec(metric="rtf", max=1.0, judge="bound"))
        assert not limits.in_doubt(stated(record(utterances=[utterance()]), {"rtf": 0.9}))
