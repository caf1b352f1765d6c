"""The price of a model's work."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from pytest_modellab.results.price import price_of
from pytest_modellab.results.record import Price

MINUTE = SimpleNamespace(per_minute=0.006, currency="USD")
HOUR = SimpleNamespace(per_hour=2.5, currency="EUR")


@pytest.mark.parametrize(
    ("model", "device", "price"),
    [
        (MINUTE, HOUR, Price(per_audio_minute=0.006, currency="USD")),
        (None, HOUR, Price(per_hour=2.5, currency="EUR")),
        (None, None, None),
    ],
)
def test_the_models_own_price_comes_first(model: Any, device: Any, price: Price | None) -> None:
    assert price_of(cast(Any, SimpleNamespace(price=model)), cast(Any, SimpleNamespace(price=device))) == price
