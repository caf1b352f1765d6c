"""Which devices this machine has, found without importing torch or any other engine library."""

from __future__ import annotations

import ctypes
import ctypes.util
import platform
import sys
from dataclasses import dataclass
from functools import cache

from .variables import CUDA_VISIBLE_DEVICES


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether a device is there; where it is not, `reason` says why and what to do."""

    present: bool
    reason: str = ""


def presence(kind: str, index: int = 0) -> Presence:
    """Whether the device of `kind` (`cpu`, `cuda`, `mps`) numbered `index` can be used here."""
    if kind == "cpu":
        return Presence(True)
    if kind == "cuda":
        visible = CUDA_VISIBLE_DEVICES.get()
        count, reason = _cuda(visible)
        if count > index:
            return Presence(True)
        why = "" if visible is None else f" (CUDA_VISIBLE_DEVICES={visible!r})"
        return Presence(False, reason or f"CUDA device {index} asked for, {count} found{why}")
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return Presence(True)
    return Presence(False, "MPS needs macOS on Apple silicon")


@cache
def _cuda(visible: str | None) -> tuple[int, str]:
    """Number of usable CUDA devices, by the driver's own management library, and why it is none.

    `visible` is what CUDA_VISIBLE_DEVICES says.
    """
    if visible is not None and (not visible.strip() or visible.strip().startswith("-1")):
        return 0, f"CUDA_VISIBLE_DEVICES={visible!r} hides every CUDA device"
    names = ["nvml.dll"] if sys.platform == "win32" else ["libnvidia-ml.so.1", "libnvidia-ml.so"]
    for name in names:
        try:
            nvml = ctypes.CDLL(name)
        except OSError:
            continue
        if nvml.nvmlInit_v2() != 0:
            return 0, "an NVIDIA driver is installed but does not start (see nvidia-smi)"
        count = ctypes.c_uint(0)
        status = nvml.nvmlDeviceGetCount_v2(ctypes.byref(count))
        nvml.nvmlShutdown()
        if status != 0:
            return 0, "the NVIDIA driver does not list its devices (see nvidia-smi)"
        total = int(count.value)
        if total == 0:
            return 0, "the NVIDIA driver sees no device"
        return total if visible is None else _visible(visible, total), ""
    return 0, "no NVIDIA driver found"


def _visible(value: str, total: int) -> int:
    """How many devices CUDA sees by its variable: those listed before the first that is none."""
    count = 0
    for entry in value.split(","):
        name = entry.strip()
        # Anything but a number is a UUID, of a device or a part of one, which only CUDA can resolve.
        if not name or (name.lstrip("-").isdigit() and not 0 <= int(name) < total):
            break
        count += 1
    return count
