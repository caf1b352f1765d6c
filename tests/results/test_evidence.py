"""Verdicts by what a record's utterances say of a limit: intervals, values, several gates of one session."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fakelab import FakeLab
from pydantic import ValidationError
from records import edits, record, stated, utterance

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.catalog.specs import LimitSpec
from pytest_modellab.core.metrics.aggregate import Quantile
from pytest_modellab.core.metrics.evaluate import evaluate
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.speed import quantile
from pytest_modellab.core.metrics.table import Table
from pytest_modellab.core.schema_base import Range
from pytest_modellab.core.stats.evidence import weigh
from pytest_modellab.results.evidence import held_against
from pytest_modellab.results.record import Record
from pytest_modellab.results.values import valued
from pytest_modellab.results.verdicts import Limits, Status, Strictness, Verdict, corrected

CASE = CaseRef(task="asr", model="tiny", device="cpu", dataset="talk")


def made(wer: float, low: float, high: float, clusters: int = 40, speaker: str | None = None) -> Record:
    """A record of 40 utterances whose WER has this interval."""
    base = record(wer=wer, utterances=[utterance().model_copy(update={"speaker": speaker})])
    method = "linearised cluster t on log"
    interval = Range(low=low, high=high, method=method, clusters=clusters, conditional="")
    many = base.model_copy(update={"summary": base.summary.model_copy(update={"utterances": 40})})
    return stated(many, {}, {"wer": interval})


def judged(found: Record, gates: int = 1, strict: Strictness = "failures", **limit: Any) -> Verdict:
    spec = LimitSpec(**{"metric": "wer", "max": 0.1, "judge": "bound", **limit})
    (verdict,) = Limits(CASE, [spec], str, gates=gates, strict=strict).judge(found)
    return verdict


class TestVerdict:
    @pytest.mark.parametrize(
        ("found", "limit", "status"),
        [
            (made(0.20, 0.15, 0.27), {}, Status.FAIL),
            (made(0.05, 0.03, 0.08), {}, Status.PASS),
            (made(0.11, 0.06, 0.20), {}, Status.INCONCLUSIVE),
            (made(0.09, 0.06, 0.14), {}, Status.INCONCLUSIVE),
            (made(0.13, 0.11, 0.15), {"margin": 0.02}, Status.INCONCLUSIVE),
            (made(0.11, 0.10, 0.12), {"margin": 0.02}, Status.PASS),
            (made(0.05, 0.03, 0.08), {"warn": 0.04}, Status.WARN),
            (made(0.05, 0.03, 0.08), {"warn": 0.06}, Status.PASS),
            (record(wer=0.1), {}, Status.INCONCLUSIVE),
            (record(wer=0.19), {}, Status.INCONCLUSIVE),
            (record(wer=0.21), {}, Status.FAIL),
        ],
    )
    def test_the_data_decide(self, found: Record, limit: dict[str, Any], status: Status) -> None:
        assert judged(found, **limit).status is status

    def test_inconclusive_says_how_much_it_would_take(self) -> None:
        verdict = judged(made(0.09, 0.06, 0.135))
        assert verdict.reason.startswith("95 % interval [6.0 %, 13.5 %] on 40 utterances; about ")
        assert int(verdict.reason.split("about ")[1].split()[0]) > 40
        assert bool(verdict)

    def test_a_figure_on_the_limit_can_never_be_told_from_it(self) -> None:
        assert judged(made(0.1, 0.06, 0.16)).reason.endswith("no number of utterances would tell")

    def test_speakers_are_counted_where_they_are_the_clusters(self) -> None:
        assert " on 12 speakers; about " in judged(made(0.09, 0.06, 0.135, clusters=12, speaker="ann")).reason

    def test_more_gates_make_each_fail_more_rarely(self) -> None:
        found = made(0.14, 0.105, 0.187)
        assert judged(found).status is Status.FAIL
        assert judged(found, gates=20).status is Status.INCONCLUSIVE

    def test_strict_makes_doubt_a_failure(self) -> None:
        assert not judged(made(0.09, 0.06, 0.14), strict="warnings")
        assert not judged(made(0.05, 0.03, 0.08), strict="warnings", warn=0.04)
        assert judged(made(0.05, 0.03, 0.08), strict="warnings")

    def test_doubt_alone_can_be_made_a_failure(self) -> None:
        assert not judged(made(0.09, 0.06, 0.14), strict="inconclusive")
        assert judged(made(0.05, 0.03, 0.08), strict="inconclusive", warn=0.04)

    def test_a_point_warns_between_its_two_values(self) -> None:
        verdict = judged(record(wer=0.08), judge="point", warn=0.05)
        assert (verdict.status, verdict.reason) == (Status.WARN, "beyond 5.0 %, where warnings begin")


class TestQuantiles:
    """A limit on a 95th percentile that is judged by what the calls say."""

    def calls(self, count: int, slow: int = 0) -> Record:
        base = record()
        utterances = [
            utterance(f"u{i}").model_copy(update={"processing_s": 3.0 if i < slow else 0.1}) for i in range(count)
        ]
        times = [each.processing_s for each in utterances if each.processing_s is not None]
        p95 = quantile(times, 0.95)
        return stated(base.model_copy(update={"utterances": tuple(utterances)}), {"latency_p95_s": p95})

    @pytest.mark.parametrize(
        ("count", "slow", "status"),
        [
            (10, 0, Status.INCONCLUSIVE),
            (58, 0, Status.INCONCLUSIVE),
            (59, 0, Status.PASS),
            (10, 4, Status.FAIL),
            (200, 3, Status.PASS),
            (200, 10, Status.INCONCLUSIVE),
            (200, 25, Status.FAIL),
        ],
    )
    def test_the_calls_decide(self, count: int, slow: int, status: Status) -> None:
        assert judged(self.calls(count, slow), metric="latency_p95_s", max=1.0).status is status

    def test_too_few_calls_say_how_many_it_takes(self) -> None:
        verdict = judged(self.calls(10), metric="latency_p95_s", max=1.0)
        told = "no upper end of a 95th percentile out of fewer than 59 calls, found 10 calls; about 59 calls would tell"
        assert verdict.reason == told

    def test_under_correction_it_takes_more(self) -> None:
        found = self.calls(60, 5)
        assert judged(found, metric="latency_p95_s", max=1.0, gates=1).reason != (
            judged(found, metric="latency_p95_s", max=1.0, gates=10).reason
        )

    def test_the_times_of_a_metric_are_those_that_its_figure_is_of(self) -> None:
        found = self.calls(40, 7)
        metric = METRICS["latency_p95_s"]
        assert evaluate(metric, Table(found)).value == found.value("latency_p95_s")
        assert {name for name in METRICS if re.search(r"_p\d+_s$", name)} == {
            name for name, each in METRICS.items() if isinstance(each.aggregate, Quantile) and each.timed
        }


def test_a_session_corrects_its_gates_together() -> None:
    first = judged(made(0.2, 0.15, 0.27), gates=2)
    second = judged(made(0.135, 0.096, 0.19), gates=2)
    other = Verdict(**{**vars(second), "case": "asr/other"})
    assert (first.status, other.status) == (Status.FAIL, Status.INCONCLUSIVE)
    held = corrected([first, other])
    assert [verdict.status for verdict in held] == [Status.FAIL, Status.FAIL]
    assert held[1].reason == "by Holm's correction across 2 gates"


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        ({"metric": "load_s", "max": 1, "judge": "bound"}, "load_s is measured once and has no interval"),
        ({"metric": "wer", "max": 0.1, "margin": 0.01}, "`margin` goes with `judge: bound`"),
        ({"metric": "wer", "max": 0.1, "warn": 0.2}, "`warn` must be stricter than the limit"),
        ({"metric": "success_rate", "min": 0.9, "warn": 0.8}, "`warn` must be stricter than the limit"),
    ],
)
def test_limits_that_make_no_sense_are_refused(limit: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        LimitSpec(**limit)


def small(lab: FakeLab) -> FakeLab:
    """One error in six utterances, against a limit that so few can't be told from."""
    lab.texts = [f"clip number {word} of six" for word in ("one", "two", "three", "four", "five", "six")]
    lab.ready(wrong={2: "clip number three of sex"})
    lab.limits({"metric": "wer", "max": 0.05, "judge": "bound"})
    return lab


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
@pytest.mark.parametrize(
    ("arguments", "code", "lines"),
    [
        (
            (),
            0,
            ["fake *3.3 % ?0.2, 56?*inconclusive", "inconclusive fake:cpu:clips: WER 3.3 %*", "*1 passed, 1 incon*"],
        ),
        (("--lab-strict",), 1, ["*assert WER 3.3 % <= limit 5.0 %*", "fake *3.3 % ?0.2, 56?*fail"]),
    ],
)
def test_inconclusive_is_an_outcome_of_its_own(
    lab: FakeLab, workers: str, arguments: tuple[str, ...], code: int, lines: list[str]
) -> None:
    result = small(lab).run(workers, *arguments)
    assert result.ret == code
    result.stdout.fnmatch_lines(lines)


def test_a_warning_is_an_outcome_of_its_own(lab: FakeLab) -> None:
    lab.ready(wrong={1: "to fine"})
    lab.limits({"metric": "wer", "max": 0.5, "warn": 0.1})
    result = lab.run()
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*1 passed, 1 warned*"])


def test_an_interval_that_its_scale_cuts_off_is_judged_as_it_was() -> None:
    method = "Student's t, for skewness"
    cut = Range(low=0, high=1, method=method, clusters=5, conditional="", df=2.7, whole=(-0.2, 1.3))
    found = stated(record(wer=0.1), {"turn_auc": 0.6}, {"turn_auc": cut})
    held = held_against(found, METRICS["turn_auc"], 0.6, 0.95)
    assert held is not None
    assert held.below == weigh(0.6, cut.model_copy(update={"low": -0.2, "high": 1.3, "whole": None}), 0.95).below
    assert held.below > weigh(0.6, cut.model_copy(update={"whole": None}), 0.95).below  # surer than it is
    assert "95 % interval [0.00, 1.00]" in held.doubt(0.05)


def test_without_known_speakers_it_is_on_utterances() -> None:
    spoken = [utterance(str(i), words=edits(deletions=i % 2, hits=4 - i % 2)) for i in range(28)]
    silent = [utterance(f"silent {i}", reference="", hypothesis="", words=edits()) for i in range(2)]
    found = valued(record(utterances=spoken + silent))
    value = found.value("wer")
    assert value is not None
    held = held_against(found, METRICS["wer"], value, 0.13)
    assert held is not None
    assert "on 28 utterances" in held.doubt(0.05)
