"""Shared code of engines on PyTorch: device, threads, synchronization. torch is imported when needed."""

from __future__ import annotations

from typing import Any, Literal

from .base import DeviceRef

Dtype = Literal["float32", "float16", "bfloat16"]


def begin(device: DeviceRef, dtype: Dtype, threads: int) -> Any:
    """Prepare torch; the device. Raises ValueError where the device lacks a capability, so that nothing falls back."""
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    if device.kind == "cpu":
        if dtype == "float16":
            raise ValueError("dtype float16 does not run on the CPU: use float32 there")
        return torch.device("cpu")
    if device.kind == "mps":
        if not torch.backends.mps.is_available():
            raise ValueError("this torch has no MPS: it needs macOS 14 on Apple silicon and a build with MPS")
        return torch.device("mps")
    if not torch.cuda.is_available():
        raise ValueError(f"this torch ({torch.__version__}) sees no CUDA device: install a build with CUDA")
    return torch.device("cuda", device.index)


def wait_for(device: Any) -> None:
    """Return once `device` has finished all work given to it."""
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
