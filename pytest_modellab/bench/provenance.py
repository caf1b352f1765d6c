"""Where a record comes from: hardware, commit, versions; and the key that says two runs had the same inputs."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ..engines.registry import source_of
from ..environments import Environment
from .gpu import gpu_names

# Raised when the way of running a case changes so that old and new answers can't be mixed.
PROTOCOL = 2

# Modules between the samples and the answer: a change in one makes earlier answers stale.
_ANSWERING = (
    "pytest_modellab.audio",
    "pytest_modellab.ffmpeg",
    "pytest_modellab.engines.base",
    "pytest_modellab.engines.lfm2_speech",
    "pytest_modellab.engines.on_torch",
    "pytest_modellab.bench.responding",
    "pytest_modellab.bench.speaking",
    "pytest_modellab.bench.wire",
    "pytest_modellab.bench.worker",
)

# The same, for one task alone.
_OF_TASK = {
    "streaming": (
        "pytest_modellab.engines.steps",
        "pytest_modellab.engines.local_agreement",
        "pytest_modellab.engines.asr_contract",
        "pytest_modellab.engines.websocket_stream",
        "pytest_modellab.bench.streaming",
    )
}

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


def git_state(folder: Path) -> tuple[str | None, bool | None]:
    """Commit checked out in `folder` and whether tracked files differ from it; (None, None) outside git."""
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None, None
    status = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return commit, bool(status)


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def versions(distributions: Iterable[str]) -> dict[str, str | None]:
    """Installed versions by distribution; None for one that is not installed."""
    return {name: _version(name) for name in distributions}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def sources_digest(engine: str, environment: Environment | None = None, task: str = "asr") -> str:
    """SHA-256 over the source of everything between the samples and the answer, `engine`'s own included.

    Of somebody else's package all modules count, since which of them the engine uses can't be told. Such an engine is
    what it is in the `environment` of the model, if that has one.
    """
    digest = hashlib.sha256()
    for target in (*(f"{module}:" for module in (*_ANSWERING, *_OF_TASK.get(task, ()))), engine):
        place = target.rpartition(":")[0]
        ours = place.partition(".")[0] == "pytest_modellab"
        if environment is None or place.endswith(".py") or ours:
            source = source_of(target)
        else:
            source = environment.source(place)
        if source is None:
            continue
        if place.endswith(".py") or ours:
            files = {source.name if place.endswith(".py") else place: source}
        else:
            files = _modules_of(place, source)
        for name, path in files.items():
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _modules_of(module: str, source: Path) -> dict[str, Path]:
    """All files of the package that `module`, which lies at `source`, is in; just its own where it is in none."""
    steps = module.count(".") + (source.name == "__init__.py")
    if steps == 0:
        return {module: source}
    root = source.parents[steps - 1]
    return {path.relative_to(root.parent).as_posix(): path for path in sorted(root.rglob("*.py"))}


def input_key(inputs: dict[str, Any]) -> str:
    """SHA-256 of the inputs as sorted JSON: equal keys mean that answers may be taken over."""
    text = json.dumps(inputs, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def python_tag() -> str:
    return f"{sys.implementation.name}-{sys.version_info.major}.{sys.version_info.minor}"
