"""Models that compute in 8-bit integers: what they answer depends on the processor."""

from __future__ import annotations

from pytest_modellab.core.hardware import Hardware

from .record import Record


def computes_in_int8(record: Record) -> bool:
    """By the model's options, or by what it, or a part of it, told when it was loaded."""
    told = [*record.provenance.inputs.get("options", {}).items(), *record.loaded.items()]
    return any("int8" in f"{name} {value}" for name, value in told if value)


def other_kernels(before: Hardware, record: Record) -> str:
    """How the hardware of an int8 model differs from that of its earlier answers: it may answer otherwise. Else ""."""
    if not computes_in_int8(record):
        return ""
    likeness = before.same_answers(record.hardware)
    return likeness.told() if likeness.answer == "other" else ""
