"""Facts of a run beside its answers: memory, device, timing conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_modellab.core.schema_base import Failure, FallbackDevice, Finding
    from pytest_modellab.engines.base import Fact

    from .conditions import Conditions


@dataclass
class Memory:
    """Peak memory, in bytes.

    Attributes:
        peak_rss: resident, by the kernel, since the case began where it can tell; `method` names how.
        load_rss: the same, while the model was loaded.
        sampled_rss: resident, seen from outside after each answer.
        device: on NVIDIA devices, by NVML, seen from outside after each answer.
        torch_peak: in torch's own CUDA allocator, by torch.
    """

    peak_rss: int | None = None
    method: str | None = None
    load_rss: int | None = None
    sampled_rss: int | None = None
    device: int | None = None
    torch_peak: int | None = None

    def restart(self) -> None:
        """A new case begins: what was seen from outside in earlier ones is not its own."""
        self.sampled_rss = self.device = None


@dataclass(frozen=True)
class RunFacts:
    """Everything measured in a run beside its answers."""

    load_s: float | None
    first_call_s: float | None
    no_speed: str | None
    failure: Failure | None
    memory: Memory
    resumed: int
    restarts: int
    conditions: Conditions
    findings: tuple[Finding, ...] = ()
    loaded: Mapping[str, Fact] = field(default_factory=dict)
    """What the engine told after loading."""
    fallback_device: FallbackDevice | None = None
    hardware: Mapping[str, Any] | None = None
    """Of the machine that answered, as records state it; None for this one."""
