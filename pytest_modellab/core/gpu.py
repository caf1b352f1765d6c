"""NVIDIA devices through NVML, the driver's management library: torch doesn't see the memory that CTranslate2 holds."""

from __future__ import annotations

from functools import cache


@cache
def _driver() -> bool:
    """Whether there is an NVIDIA driver that answers; it is started once and stays so."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return False
    return True


def gpu_names() -> list[str]:
    """The NVIDIA devices of this machine, in the driver's order; [] where there is no driver."""
    return _of_each("nvmlDeviceGetName")


def gpu_ids() -> list[str]:
    """The UUIDs of the NVIDIA devices, in the order of `gpu_names`; [] where there is no driver."""
    return _of_each("nvmlDeviceGetUUID")


def driver_version() -> str | None:
    """The version of the NVIDIA driver; None where there is none, or it doesn't tell."""
    import pynvml

    if not _driver():
        return None
    try:
        return str(pynvml.nvmlSystemGetDriverVersion())
    except pynvml.NVMLError:
        return None


def _of_each(question: str) -> list[str]:
    import pynvml

    if not _driver():
        return []
    try:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
        return [str(getattr(pynvml, question)(handle)) for handle in handles]
    except pynvml.NVMLError:
        return []


def gpu_memory(pid: int) -> int | None:
    """Bytes that a process holds on all NVIDIA devices; None where the driver does not tell.

    It does not where there is none, and in a container without the host's process ids.
    """
    import pynvml

    if not _driver():
        return None
    try:
        held = [
            process.usedGpuMemory
            for index in range(pynvml.nvmlDeviceGetCount())
            for process in pynvml.nvmlDeviceGetComputeRunningProcesses(pynvml.nvmlDeviceGetHandleByIndex(index))
            if process.pid == pid and process.usedGpuMemory is not None
        ]
    except pynvml.NVMLError:
        return None
    return sum(held) if held else None
