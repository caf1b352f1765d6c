"""The price of a model's work: by the audio, as its spec has it, or by the hour of its device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .record import Price

if TYPE_CHECKING:
    from pytest_modellab.catalog.specs import DeviceSpec, ModelSpec


def price_of(model: ModelSpec, device: DeviceSpec) -> Price | None:
    """The model's own price, or else the device's; None where neither has one."""
    if model.price is not None:
        return Price(per_audio_minute=model.price.per_minute, currency=model.price.currency)
    if device.price is not None:
        return Price(per_hour=device.price.per_hour, currency=device.price.currency)
    return None
