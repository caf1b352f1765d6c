"""Hardware that a run was measured on: what it is, and two questions about a pair of them.

`same_answers` asks whether a difference of hardware can change what a model answers, `same_speed` whether it can change
times. What isn't stated, as in records of older versions, is `unknown`, which is not `same`.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from .cores import usable_cores
from .gpu import driver_version, gpu_names

# Instruction sets that kernels are chosen by.
_ISA = ("avx", "avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimd", "asimddp", "i8mm", "sve")
_NAMES = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}
"""Names of architectures by system -> the one that stands for them."""
_ARM = {"asimd", "asimddp", "i8mm", "sve"}
MEMORY_TOLERANCE = 0.10
"""Relative difference of memory up to which two machines are of one kind: what a kernel keeps for itself varies."""

Name = Literal["system", "architecture", "cpu", "instruction_sets", "cores", "memory_bytes", "gpus", "gpu_driver"]
_TITLES: Mapping[str, str] = {
    "system": "operating system",
    "architecture": "architecture",
    "cpu": "CPU",
    "instruction_sets": "instruction sets",
    "cores": "cores",
    "memory_bytes": "memory",
    "gpus": "GPUs",
    "gpu_driver": "GPU driver",
}
_COUNTED = {"cores": "cores", "memory_bytes": "GB of memory"}
"""What stands behind its number."""
Value = str | float | tuple[str, ...]

_ANSWERS: tuple[Name, ...] = ("system", "architecture", "cpu", "instruction_sets")
_ANSWERS_OF_GPU: tuple[Name, ...] = ("gpus", "gpu_driver")
_SPEED: tuple[Name, ...] = ("cpu", "instruction_sets", "cores", "memory_bytes")
_SPEED_OF_GPU: tuple[Name, ...] = ("gpus",)


@dataclass(frozen=True)
class Difference:
    """A field in which two hardwares differ, with its values as text; None of one that is not stated."""

    name: Name
    one: str | None
    other: str | None

    @property
    def title(self) -> str:
        return _TITLES[self.name]

    def told(self, second: str) -> str:
        """Both values, the second one behind `second`: `16 cores, here 2`."""
        first = f"{self.one} {_COUNTED[self.name]}" if self.name in _COUNTED else f"{self.title} {self.one}"
        return f"{first}, {second} {self.other}"


@dataclass(frozen=True)
class Likeness:
    """The answer to one of the questions: the fields that differ, and those that one of the two doesn't state."""

    differing: tuple[Difference, ...] = ()
    unstated: tuple[Difference, ...] = ()

    @property
    def answer(self) -> Literal["same", "other", "unknown"]:
        if self.differing:
            return "other"
        return "unknown" if self.unstated else "same"

    @property
    def same(self) -> bool:
        return self.answer == "same"

    def told(self, second: str = "here") -> str:
        """Why it is not `same`; "" where it is: `16 cores, here 2`, or `not stated: cores, memory`."""
        if self.differing:
            return "; ".join(each.told(second) for each in self.differing)
        return f"not stated: {', '.join(each.title for each in self.unstated)}" if self.unstated else ""


@dataclass(frozen=True)
class Hardware:
    """The hardware of a run; None where it isn't stated.

    Attributes:
        cores: that the process could use, affinity and quotas counted; those of the machine in older records.
        memory_bytes: of the machine.
        gpus: names of the NVIDIA devices, in the driver's order.
        system: the kind of operating system: `Linux`, `Darwin`, `Windows`.
        device: kind of the device that the model ran on: `cpu`, `cuda`, `mps`. GPUs count where it is `cuda`.

    Threads are no hardware: their number is an option of the model, and stands in the inputs.
    """

    cpu: str | None = None
    instruction_sets: tuple[str, ...] | None = None
    architecture: str | None = None
    cores: float | None = None
    memory_bytes: float | None = None
    gpus: tuple[str, ...] | None = None
    gpu_driver: str | None = None
    system: str | None = None
    os: str | None = None
    python: str | None = None
    device: str = "cpu"

    @classmethod
    def stated(cls, fields: Mapping[str, Any], device: object = None) -> Hardware:
        """From the fields of a record or a baseline, of whatever version; what can't be read is not stated."""
        sets = _texts(fields.get("instruction_sets"))
        os = _text(fields.get("os"))
        return cls(
            cpu=_text(fields.get("cpu")),
            instruction_sets=sets,
            architecture=_architecture(_text(fields.get("architecture")), os or "", sets or ()),
            cores=_number(fields.get("cores")),
            memory_bytes=_number(fields.get("memory_bytes")),
            gpus=_texts(fields.get("gpus")),
            gpu_driver=_text(fields.get("gpu_driver")),
            system=_text(fields.get("system")) or _system(os or ""),
            os=os,
            python=_text(fields.get("python")),
            device=_text(device) or "cpu",
        )

    def same_answers(self, here: Hardware) -> Likeness:
        """Whether a model gives the same answers on both, as far as hardware goes.

        Libraries choose their kernels by operating system, architecture, CPU model and instruction sets, on CUDA
        devices by the kind of GPU and its driver.
        """
        return self._likeness(here, _ANSWERS, self._on_gpu(here, _ANSWERS_OF_GPU))

    def same_speed(self, here: Hardware) -> Likeness:
        """Whether times on both are of one kind: CPU model, instruction sets, cores, memory, on CUDA devices GPUs.

        The device itself doesn't count: a CPU and a GPU of one machine may be compared.
        """
        return self._likeness(here, _SPEED, self._on_gpu(here, _SPEED_OF_GPU))

    def stated_for_answers(self) -> dict[str, Any]:
        """What `same_answers` needs, as a baseline states it: JSON values."""
        return self._fields((*_ANSWERS, *self._on_gpu(self, _ANSWERS_OF_GPU)))

    def stated_for_speed(self) -> dict[str, Any]:
        """The same for `same_speed`."""
        return self._fields((*_SPEED, *self._on_gpu(self, _SPEED_OF_GPU)))

    def answers_key(self) -> str:
        """Eight digits in the names of baselines of all versions, by processor, on CUDA devices by GPUs, too."""
        return _key(self._fields(("cpu", "instruction_sets", *self._on_gpu(self, ("gpus",)))))

    def speed_key(self) -> str:
        """Eight digits in the names of speed baselines; which one is of which hardware `same_speed` tells."""
        memory = None if self.memory_bytes is None else round(self.memory_bytes / 2**30)
        return _key({**self.stated_for_speed(), "memory_bytes": memory})

    def _on_gpu(self, other: Hardware, names: tuple[Name, ...]) -> tuple[Name, ...]:
        return names if "cuda" in {self.device, other.device} else ()

    def _fields(self, names: Iterable[Name]) -> dict[str, Any]:
        return {name: list(found) if isinstance(found := getattr(self, name), tuple) else found for name in names}

    def _likeness(self, other: Hardware, *names: tuple[Name, ...]) -> Likeness:
        differing, unstated = [], []
        for name in (each for several in names for each in several):
            one, two = getattr(self, name), getattr(other, name)
            if one is None or two is None:
                unstated.append(Difference(name, _shown(name, one), _shown(name, two)))
            elif not _alike(name, one, two):
                differing.append(Difference(name, _shown(name, one), _shown(name, two)))
        return Likeness(tuple(differing), tuple(unstated))

    @property
    def cores_text(self) -> str | None:
        return _shown("cores", self.cores)

    def parts(self) -> Iterator[str]:
        """Processor and cores, instruction sets, memory, GPUs, operating system, as text."""
        cores = self.cores_text
        yield f"{self.cpu or 'unknown processor'}{f', {cores} cores' if cores else ''}"
        if self.instruction_sets:
            yield " ".join(self.instruction_sets)
        if self.memory_bytes is not None:
            yield f"{_shown('memory_bytes', self.memory_bytes)} GB"
        yield from self.gpus or ()
        if self.os:
            yield self.os


@cache
def hardware() -> dict[str, Any]:
    """The hardware of this machine as a record states it: JSON values by the fields of `Hardware`."""
    import psutil

    model, flags = _cpu()
    cores = usable_cores()
    gpus = gpu_names()
    return {
        "cpu": model,
        "instruction_sets": sorted(flag for flag in _ISA if flag in flags),
        "architecture": platform.machine(),
        "cores": int(cores) if cores == int(cores) else cores,
        "gpus": gpus,
        "gpu_driver": driver_version() if gpus else None,
        "memory_bytes": int(psutil.virtual_memory().total),
        "system": platform.system(),
        "os": platform.platform(),
        "python": platform.python_version(),
    }


def _cpu() -> tuple[str, frozenset[str]]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return _brand() or platform.processor() or platform.machine(), frozenset()
    fields: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    flags = fields.get("flags") or fields.get("Features") or ""
    return fields.get("model name") or platform.machine(), frozenset(flags.split())


def _brand() -> str:
    """The CPU model by macOS, whose `platform.processor()` is `arm` for all of Apple's; "" elsewhere."""
    if sys.platform != "darwin":
        return ""
    import subprocess

    command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def _alike(name: Name, one: Value, other: Value) -> bool:
    if name == "memory_bytes" and isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= MEMORY_TOLERANCE * max(one, other)
    return one == other


def _shown(name: Name, value: Value | None) -> str | None:
    if value is None:
        return None
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    if name == "memory_bytes" and isinstance(value, float):
        return f"{value / 1e9:.0f}"
    return f"{value:g}" if isinstance(value, float) else value


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _texts(value: object) -> tuple[str, ...] | None:
    """A list of names. An older version of records may give a GPU as a mapping with its name."""
    if not isinstance(value, list | tuple):
        return None
    return tuple(str(each.get("name", each)) if isinstance(each, Mapping) else str(each) for each in value)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def _system(os: str) -> str | None:
    """The kind of operating system in the text of `platform.platform()`, of records that don't state it."""
    name = os.partition("-")[0]
    return {"macOS": "Darwin"}.get(name, name) or None


def _architecture(stated: str | None, os: str, sets: Iterable[str]) -> str | None:
    """The architecture under one name; of records that don't state it by that text, else by the instruction sets."""
    named = stated or next((part for part in os.split("-") if part in _NAMES), None)
    if named is None and (have := {*sets}):
        return "aarch64" if have <= _ARM else "x86_64"
    return _NAMES.get(named, named) if named else None


def _key(fields: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:8]
