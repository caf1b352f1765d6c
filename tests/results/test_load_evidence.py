"""Limits on latencies under load: as much evidence as the calls are worth."""

from __future__ import annotations

import numpy as np
from loadlevels import level

from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.stats.evidence import weigh_quantile, weigh_series
from pytest_modellab.results.evidence import held_against
from pytest_modellab.results.values import valued
from pytest_modellab.tasks.load.record import call_of


def test_few_calls_have_no_evidence() -> None:
    made = level(2, 0.1, calls=40)
    assert held_against(made, METRICS["load_p50_s"], made.value("load_p50_s") or 0, 0.3) is None


def test_calls_that_vary_are_weighed_by_what_they_are_worth() -> None:
    made = level(1, 0.1, calls=400)
    random = np.random.default_rng(0)
    rows = []
    for row in made.utterances:
        call = call_of(row)
        assert call is not None
        later = call.model_copy(update={"end_s": call.start_s + 0.1 * float(random.lognormal(0, 0.3))})
        rows.append(row.model_copy(update={"parts": {**row.parts, "load": later}}))
    varied = valued(made.model_copy(update={"utterances": tuple(rows)}))
    interval, value = varied.interval("load_p50_s"), varied.value("load_p50_s")
    assert interval is not None
    assert value is not None
    held = held_against(varied, METRICS["load_p50_s"], value, value * 1.2)
    assert held is not None
    assert held.below < 0.001 < held.above
    near = held_against(varied, METRICS["load_p50_s"], value, value * 1.005)
    assert near is not None
    assert near.below > 0.05
    assert f"on 399 calls, worth {interval.clusters} independent ones; more calls would tell" in near.doubt(0.05)


def test_values_that_are_worth_less_say_less() -> None:
    values = [float(i) for i in range(100)]
    assert weigh_series(values, 0.5, 60.0, 100) == weigh_quantile(values, 0.5, 60.0)
    assert weigh_series(values, 0.5, 60.0, 20).below > weigh_quantile(values, 0.5, 60.0).below
