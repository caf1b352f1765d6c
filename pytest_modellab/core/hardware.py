"""The hardware that a record was measured on."""

from __future__ import annotations

import os
import platform
from functools import cache
from pathlib import Path
from typing import Any

from .gpu import gpu_names

# Instruction sets that kernels are chosen by.
_ISA = ("avx", "avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimd", "asimddp", "i8mm", "sve")


@cache
def hardware() -> dict[str, Any]:
    """CPU model and instruction sets, cores, memory in bytes, NVIDIA devices, operating system, Python."""
    import psutil

    model, flags = _cpu()
    return {
        "cpu": model,
        "instruction_sets": sorted(flag for flag in _ISA if flag in flags),
        "cores": os.cpu_count() or 1,
        "gpus": gpu_names(),
        "memory_bytes": int(psutil.virtual_memory().total),
        "os": platform.platform(),
        "python": platform.python_version(),
    }


def _cpu() -> tuple[str, frozenset[str]]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine(), frozenset()
    fields: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    flags = fields.get("flags") or fields.get("Features") or ""
    return fields.get("model name") or platform.machine(), frozenset(flags.split())
