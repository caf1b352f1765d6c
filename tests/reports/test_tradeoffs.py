"""Accuracy against cost, and one model's devices side by side."""

from __future__ import annotations

from typing import Any

import pytest
from _pytest.pytester import LineMatcher
from configs import parsed
from duels import measured, table
from labsessions import LabSessions
from records import TIMING, record

from pytest_modellab.cli import main
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.plugin import hooks
from pytest_modellab.reports.scorecard import tradeoffs
from pytest_modellab.reports.scorecard.row import Row
from pytest_modellab.reports.scorecard.tradeoffs import Front, TradeoffPoint, fronts, speed_ups
from pytest_modellab.results.record import Price
from pytest_modellab.results.verdicts import case_key
from pytest_modellab.tasks.registry import TASKS


def row(
    model: str, wer: float | None, rtf: float | None, *, device: str = "cpu", per_hour: float | None = None, **more: Any
) -> Row:
    price = None if per_hour is None else Price(per_hour=per_hour, currency="EUR")
    found = record(model, device, wer=wer, timing=TIMING.model_copy(update={"rtf": rtf}), price=price)
    figures = {name: found.value(name) for name in ("wer", "rtf", "cost_per_audio_hour", "clip5_s", "load_s")}
    return Row(
        **{
            "case": found.case,
            "title": model,
            "status": "pass",
            "figures": figures,
            "currency": price and price.currency,
            "device_kind": device.partition("-")[0],
            "record": case_key(found.case),
            **more,
        }
    )


class TestFront:
    def test_what_is_no_worse_in_both_beats_what_is_worse_in_one(self) -> None:
        (front,) = fronts(
            [row("best", 0.02, 0.5), row("quick", 0.10, 0.1), row("poor", 0.10, 0.7), row("mid", 0.05, 0.3)]
        )
        assert [point.case.model for point in front.points] == ["quick", "mid", "best", "poor"]
        assert [point.dominated_by for point in front.points] == [None, None, None, "best:cpu"]
        assert str(front) == (
            "best trade of WER against RTF on talk: quick:cpu, mid:cpu, best:cpu (beaten: poor:cpu by best:cpu in RTF)"
        )

    def test_equal_ones_both_stand(self) -> None:
        (front,) = fronts([row("one", 0.1, 0.1), row("two", 0.1, 0.1)])
        assert [point.dominated_by for point in front.points] == [None, None]

    def test_what_the_data_do_not_tell_apart_is_not_beaten(self) -> None:
        rows, contest = table([measured("like", "talk", [1] * 40), measured("good", "talk", [0] + [1] * 39)])
        (front,) = fronts(rows, contest)
        assert [point.told for point in front.points] == ["on the front"] * 2
        assert [point.case.model for point in front.staircase] == ["good"]
        rows, contest = table([measured("worse", "talk", [1] * 40), measured("good", "talk", [0] * 40)])
        (front,) = fronts(rows, contest)
        assert [point.told for point in front.points] == ["on the front", "beaten by good:cpu in WER"]

    def test_paired_tests_of_one_case_are_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tradeoffs, "_MOST_TESTED", 0)
        rows, contest = table([measured("worse", "talk", [1] * 40), measured("good", "talk", [0] * 40)])
        (front,) = fronts(rows, contest)
        assert [point.on_front for point in front.points] == [True, True]

    def test_a_figure_that_is_shown_alike_is_no_worse(self) -> None:
        (front,) = fronts([row("one", 0.1, 0.50001), row("two", 0.1, 0.5)])
        assert [point.told for point in front.points] == ["on the front"] * 2

    @pytest.mark.parametrize("noisy", ["one", "two"])
    def test_times_on_a_noisy_machine_beat_nothing(self, noisy: str) -> None:
        made = [
            row(name, 0.1, rtf, noisy="busy" if name == noisy else None) for name, rtf in (("one", 0.1), ("two", 0.9))
        ]
        (front,) = fronts(made)
        assert [point.on_front for point in front.points] == [True, True]

    def test_one_that_failed_is_not_on_the_front_and_beats_nobody(self) -> None:
        (front,) = fronts([row("bad", 0.01, 0.1, status="fail"), row("good", 0.1, 0.5), row("slow", 0.1, 0.9)])
        assert [point.told for point in front.points] == [
            "failed: not on the front",
            "on the front",
            "beaten by good:cpu in RTF",
        ]
        assert str(front).endswith("on talk: good:cpu (beaten: slow:cpu by good:cpu in RTF; failed: bad:cpu)")

    @pytest.mark.parametrize("name", sorted({task.error_metric for task in TASKS.values() if task.error_metric}))
    def test_its_error_is_named_by_title(self, name: str) -> None:
        front = Front(task="asr", dataset="talk", error_metric=name, cost="rtf", currency=None, points=())
        told = str(front).removeprefix("best trade of ").partition(" against ")[0]
        assert told.lower() == METRICS[name].title.lower()
        assert "_" not in told

    def test_where_none_passes_nothing_is_on_the_front(self) -> None:
        (front,) = fronts([row(name, 0.1, 0.1, status="fail") for name in ("one", "two")])
        assert (str(front), front.staircase) == (
            "best trade of WER against RTF on talk: none that passes (failed: one:cpu, two:cpu)",
            [],
        )

    def test_a_point_of_an_older_scorecard_is_read(self) -> None:
        (front,) = fronts([row("one", 0.1, 0.1), row("two", 0.1, 0.9)])
        old = [point.model_dump(exclude={"better_in", "failed"}) for point in front.points]
        assert TradeoffPoint.model_validate(old[1]).told == "beaten by one:cpu"

    def test_with_prices_it_is_money_that_counts(self) -> None:
        slow_but_cheap = row("tiny", 0.1, 0.5, per_hour=0.1)
        quick_but_dear = row("tiny", 0.1, 0.1, device="cuda", per_hour=2.0)
        (front,) = fronts([slow_but_cheap, quick_but_dear])
        assert (front.cost, front.currency) == ("cost_per_audio_hour", "EUR")
        assert [point.cost for point in front.points] == pytest.approx([0.05, 0.2])
        assert front.points[1].dominated_by == "tiny:cpu"

    def test_a_price_that_one_device_lacks_leaves_the_time(self) -> None:
        (front,) = fronts([row("one", 0.1, 0.1, per_hour=1.0), row("two", 0.05, 0.2)])
        assert (front.cost, front.currency) == ("rtf", None)

    def test_one_case_or_a_missing_figure_makes_no_front(self) -> None:
        assert fronts([row("one", 0.1, 0.1)]) == []
        assert fronts([row("one", 0.1, 0.1), row("two", None, 0.1), row("three", 0.1, None)]) == []
        assert fronts([row("one", 0.1, 0.1), row("two", 0.2, 0.2, record=None)]) == []


class TestSpeedUp:
    def test_it_is_the_time_of_the_cpu_over_that_of_the_device(self) -> None:
        cpu, gpu = row("tiny", 0.1, 0.5), row("tiny", 0.1, 0.1, device="cuda")
        gpu = gpu.model_copy(update={"figures": {**gpu.figures, "clip5_s": 0.1}})
        found = speed_ups([gpu, cpu])
        assert [(each.case.device, each.over_cpu) for each in found] == [("cuda", pytest.approx(7.0)), ("cpu", 1.0)]

    def test_a_missing_time_gives_none(self) -> None:
        cpu = row("tiny", 0.1, 0.5)
        gpu = row("tiny", 0.1, 0.1, device="cuda", figures={})
        assert [each.over_cpu for each in speed_ups([cpu, gpu])] == [1.0, None]

    def test_one_device_or_no_cpu_has_no_speed_up(self) -> None:
        assert speed_ups([row("one", 0.1, 0.1), row("two", 0.1, 0.1, device="cuda")]) == []
        assert speed_ups([row("one", 0.1, 0.1, device="cuda"), row("one", 0.1, 0.1, device="mps")]) == []


def test_devices_stand_side_by_side_and_cost_is_told(sessions: LabSessions, capsys: pytest.CaptureFixture[str]) -> None:
    sessions.ready(devices={"cpu": {}, "slow-cpu": {"delay_s": 0.2}})
    price = {"per_hour": 2, "currency": "EUR"}
    devices = [{"id": "cpu", "kind": "cpu", "price": price}, {"id": "slow-cpu", "kind": "cpu", "price": price}]
    sessions.spec("devices.yaml", {"schema": "modellab.devices/1", "devices": devices})
    assert sessions.session("--lab-executor=local") == 0
    assert main(["scorecard"]) == 0
    LineMatcher(capsys.readouterr().out.splitlines()).fnmatch_lines(
        [
            "model*device*data set*load*5 s clip*speed-up over CPU",
            "fake*cpu*clips*1.00 x",
            "fake*slow-cpu*clips*0.0* x",
            "best trade of WER against EUR per hour of audio on clips: fake:cpu"
            " (beaten: fake:slow-cpu by fake:cpu in cost)",
        ]
    )
    (front,) = sessions.scorecard()["fronts"]
    assert front["points"][0]["cost"] == pytest.approx(2 * sessions.scorecard()["rows"][0]["figures"]["rtf"])


def test_a_price_without_a_currency_is_refused_with_its_line(sessions: LabSessions) -> None:
    sessions.ready()
    devices = [{"id": "cpu", "kind": "cpu", "price": {"per_hour": 2, "currency": "euro"}}]
    sessions.spec("devices.yaml", {"schema": "modellab.devices/1", "devices": devices})
    told = r"lab/devices\.yaml:7: .*expected a currency such as EUR or USD, found `euro`"
    with parsed(sessions.path, ini=None) as config, pytest.raises(pytest.UsageError, match=told):
        hooks.pytest_configure(config)
