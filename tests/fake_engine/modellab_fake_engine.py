"""An engine for tests of faults and of bookkeeping: it recognises nothing, it says what it is told to.

Clips are told apart by their number of samples.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from pytest_modellab.engines.base import Clip, LoadRequest, Speech, Transcript


@dataclass(frozen=True)
class FakeOptions:
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    answers: dict[str, str] = field(default_factory=dict)
    """Number of samples -> text."""
    languages: dict[str, str] = field(default_factory=dict)
    """Number of samples -> the language it claims to have heard."""
    faults: dict[str, str] = field(default_factory=dict)
    """Number of samples -> what goes wrong."""
    load_fault: str = ""
    delay_s: float = 0.0
    load_s: float = 0.0
    facts: dict[str, object] = field(default_factory=dict)
    """What it tells after loading."""
    trust_remote_code: bool = False
    beam_size: int = 1
    """Changes nothing: for commands that name an option."""
    log: str = ""
    """A file that gets a line for each load and each clip."""


@dataclass(frozen=True)
class FakeVoiceOptions:
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    sizes: dict[str, int] = field(default_factory=dict)
    """Text -> how many samples of noise it says for it."""
    faults: dict[str, str] = field(default_factory=dict)
    """Text -> what goes wrong."""
    log: str = ""


class FakeVoice:
    """Says noise, of a length by which the fake engine, as a judge, tells what was said."""

    tasks: ClassVar[frozenset[str]] = frozenset({"tts"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ("modellab-fake-engine",)
    extra: ClassVar[str] = ""
    Options: ClassVar[type[Any]] = FakeVoiceOptions

    def __init__(self, options: FakeVoiceOptions) -> None:
        self.options = options

    @classmethod
    def load(cls, request: LoadRequest) -> FakeVoice:
        return cls(FakeVoiceOptions(**request.options))

    def synthesize(self, text: str, language: str | None) -> Iterator[Speech]:
        if self.options.log:
            with Path(self.options.log).open("a") as file:
                file.write(f"said:{text}\n")
        fault = self.options.faults.get(text, "")
        if fault == "raise":
            raise RuntimeError("the fake voice was told to fail")
        if fault == "nothing":
            return
        size = self.options.sizes.get(text, 8000)
        samples = np.random.default_rng(size).normal(0, 0.1, size).astype(np.float32)
        samples[-1600:] *= np.linspace(1, 0, 1600, dtype=np.float32) ** 4  # it fades, as voices do
        if fault == "silence":
            samples[:] = 0
        if fault == "nan":
            samples[0] = np.nan
        if fault == "stereo":
            samples = samples.reshape(-1, 2)
        if fault == "wrong-type":
            yield samples  # type: ignore[misc]  # the fault
        half = len(samples) // 2
        yield Speech(samples[:half], self.rate)
        yield Speech(samples[half:], self.rate + (1 if fault == "two-rates" else 0))

    def synchronize(self) -> None: ...

    def close(self) -> None: ...


class FakeEngine:
    tasks: ClassVar[frozenset[str]] = frozenset({"asr"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu", "cuda"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ("modellab-fake-engine",)
    extra: ClassVar[str] = ""
    Options: ClassVar[type[Any]] = FakeOptions

    def __init__(self, options: FakeOptions) -> None:
        self.options = options

    @classmethod
    def load(cls, request: LoadRequest) -> FakeEngine:
        engine = cls(FakeOptions(**request.options))
        engine._log("load")
        time.sleep(engine.options.load_s)
        engine._fail(engine.options.load_fault)
        return engine

    def transcribe(self, clip: Clip) -> Transcript:
        size = str(len(clip.samples))
        self._log(size)
        time.sleep(self.options.delay_s)
        fault = self.options.faults.get(size, "")
        if fault == "wrong-type":
            return 42  # type: ignore[return-value]  # the fault
        if fault == "surrogate":
            return Transcript("half a pair \ud800 and a whole \ud83d\ude00")
        if fault == "nan":
            return Transcript(float("nan"))  # type: ignore[arg-type]  # the fault
        if fault == "huge":
            return Transcript("ha " * 3_400_000)
        if fault == "too-large":
            return Transcript("ha " * 24_000_000)
        if fault.startswith("clock"):
            return self._by_a_wrong_clock(fault.partition(" ")[2])
        if fault == "fork":
            os.fork()
        if fault == "loop":
            return Transcript("ha " * 100_000)
        self._fail(fault)
        if fault == "wrong-language":
            return Transcript("", 42)  # type: ignore[arg-type]  # the fault
        return Transcript(self.options.answers.get(size, ""), self.options.languages.get(size))

    def _by_a_wrong_clock(self, told: str) -> Transcript:
        ticks = itertools.count(start=1000.0, step=float(told))
        # Which was bound before it was loaded.
        clock = vars(sys.modules["pytest_modellab.tasks.asr.handler"])
        if clock["perf_counter"] is time.perf_counter:
            clock["perf_counter"] = lambda: next(ticks)
        return Transcript("by a wrong clock")

    def facts(self) -> dict[str, object]:
        return self.options.facts

    def synchronize(self) -> None: ...

    def close(self) -> None:
        self._log("close")

    def _log(self, line: str) -> None:
        if self.options.log:
            with Path(self.options.log).open("a") as file:
                file.write(f"{line}\n")

    def _fail(self, fault: str) -> None:
        if fault == "raise":
            raise RuntimeError("the fake engine was told to fail")
        if fault == "raise-surrogate":
            raise RuntimeError("half a pair \ud800")
        if fault == "segfault":
            ctypes.string_at(0)
        if fault == "abort":
            sys.stderr.write("".join(f"last words {i}\n" for i in range(30)))
            sys.stderr.flush()
            os.abort()
        if fault == "exit":
            os._exit(7)
        if fault == "fork-and-exit" and os.fork():
            os._exit(7)
        if fault == "fork-and-exit":
            time.sleep(60)
        if fault == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "kill-parent-once" and fault not in Path(self.options.log).read_text().split():
            self._log(fault)
            os.kill(os.getppid(), signal.SIGKILL)
        if fault == "hang":
            time.sleep(3600)
        if fault == "endless":
            "".join(word for word in itertools.repeat(""))
        if fault == "memory":
            bytearray(1 << 62)
        if fault == "system-exit":
            sys.exit(3)
        if fault == "leave-things":
            Path(tempfile.mkdtemp(), "large").write_bytes(bytes(1000))
            subprocess.Popen(["sleep", "987"], start_new_session=True)
            os.abort()
        if fault == "leave-a-stranger":
            subprocess.Popen(["/bin/sleep", "30"], env={}, start_new_session=True)
            os.abort()
        if fault == "shared-memory":
            from multiprocessing.shared_memory import SharedMemory

            SharedMemory(name=Path(self.options.log).stem, create=True, size=1000)
            os.abort()
        if fault == "turn-back-the-clock":
            ticks = itertools.count(step=-1)
            time.perf_counter = time.monotonic = time.time = lambda: float(next(ticks))
        if fault == "print":
            sys.stdout.write("noise on standard output\n" * 1000)
            sys.stderr.write("noise on standard error" * 100_000)


@dataclass(frozen=True)
class FakeBatchOptions(FakeOptions):
    batch_size: int = 1
    batch_fault: str = ""
    """What goes wrong with every batch of several clips."""


class FakeBatcher(FakeEngine):
    """Answers several clips at once; a fault of one of them is a fault of all."""

    Options: ClassVar[type[Any]] = FakeBatchOptions
    options: FakeBatchOptions

    @classmethod
    def load(cls, request: LoadRequest) -> FakeBatcher:
        engine = cls(FakeBatchOptions(**request.options))
        engine._log("load")
        engine._fail(engine.options.load_fault)
        return engine

    def transcribe_batch(self, clips: Sequence[Clip]) -> list[Transcript]:
        self._log(f"batch:{len(clips)}")
        if len(clips) > 1:
            self._fail(self.options.batch_fault)
        if len(clips) > 1 and self.options.batch_fault == "too-few":
            return [self.transcribe(each) for each in clips[1:]]
        return [self.transcribe(each) for each in clips]
