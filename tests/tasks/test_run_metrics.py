"""Metrics that any task may have: cost, batches, calls of servers."""

from __future__ import annotations

import pytest
from records import record, utterance

from pytest_modellab.results.record import BatchRef, Price, Record
from pytest_modellab.results.values import valued


def of(price: Price | None = None, **fields: object) -> Record:
    rows = [utterance(f"u{i}").model_copy(update={"audio_s": 4.0, "processing_s": 1.0, **fields}) for i in range(3)]
    return valued(record(utterances=tuple(rows), price=price))


@pytest.mark.parametrize(
    ("price", "cost"),
    [
        (Price(per_hour=2.0, currency="EUR"), 0.5),
        (Price(per_audio_minute=0.006, currency="USD"), 0.36),
        (Price(currency="EUR"), None),
        (None, None),
    ],
)
def test_the_cost_of_an_hour_of_audio(price: Price | None, cost: float | None) -> None:
    assert of(price).value("cost_per_audio_hour") == (None if cost is None else pytest.approx(cost))


def test_without_a_price_there_is_no_cost() -> None:
    assert of().why_missing("cost_per_audio_hour") == "devices.yaml gives cpu no price"


def test_the_latency_of_a_call_is_that_of_a_single_one() -> None:
    assert of().value("latency_p50_s") == 1.0
    batched = of(batch=BatchRef(first="u0", size=3, longest_s=4.0))
    assert batched.why_missing("latency_p50_s") == "answered in batches of 3: latency is measured one at a time"
    assert batched.value("rtfx") == 4.0
    assert batched.interval("rtf") is None


def test_calls_of_a_server() -> None:
    served = of(retries=2, client_s=0.01)
    assert (served.value("retries"), served.value("client_p50_s")) == (6, 0.01)
    assert of().why_missing("retries") == "its engine repeats no calls"
    assert of().why_missing("client_p50_s") == "its engine goes to no server, or can't tell"


def test_an_utterance_without_times_gives_none() -> None:
    assert of(processing_s=None).value("rtf") is None
    assert of(processing_s=None, price=None).value("latency_p95_s") is None
