"""Models that compute in 8-bit integers: what they answer depends on the processor."""

from __future__ import annotations

import re

from pytest_modellab.core.hardware import Hardware

from .record import Record

_QUANTISED = re.compile(r"int[48]|[48].?bit|quanti[sz]|\bi?q\d|w\da\d", re.IGNORECASE)
"""Names and values of options, and of what a model told when loaded. Weights in 4 bits are multiplied in 8, too."""

_KERNELS = ("cpu", "instruction_sets")
"""What kernels are chosen by, which every record and baseline states, older ones, too."""


def may_compute_in_int8(record: Record) -> bool:
    """By the model's options, or by what it, or a part of it, told when it was loaded.

    Of a session that only took answers over, and loaded nothing, nobody knows.
    """
    if not record.loaded and record.provenance.resumed:
        return True
    told = [*record.provenance.inputs.get("options", {}).items(), *record.loaded.items()]
    return any(_QUANTISED.search(f"{name} {value}") for name, value in told if value)


def other_kernels(before: Hardware, record: Record) -> str:
    """How the hardware of an int8 model differs from that of its earlier answers: it may answer otherwise. Else "".

    Earlier answers whose processor isn't stated may be of any.
    """
    if not may_compute_in_int8(record):
        return ""
    likeness = before.same_answers(record.hardware)
    if likeness.answer == "other":
        return likeness.told()
    unknown = [each.title for each in likeness.unstated if each.name in _KERNELS and each.one is None]
    return f"not stated: {', '.join(unknown)}" if unknown else ""
