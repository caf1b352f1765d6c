"""Engines for tests of dialogues: they know nothing, they reply what they are told to, and log what they were told."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from pytest_modellab.engines.base import Heard, LoadRequest, Speech, Turn


@dataclass(frozen=True)
class TalkerOptions:
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    replies: dict[str, str] = field(default_factory=dict)
    """What is said -> the reply, in which {before} is how many turns went before; `default` for all else."""
    heard: dict[str, str] = field(default_factory=dict)
    """Of one that hears: number of samples -> what it takes that for."""
    sizes: dict[str, int] = field(default_factory=dict)
    """Reply -> how many samples of noise it says for it; nothing for others."""
    faults: dict[str, str] = field(default_factory=dict)
    """What is said -> what goes wrong."""
    tells: bool = True
    """Whether one that hears tells what it heard."""
    log: str = ""


class FakeTalker:
    """Is told in writing."""

    tasks: ClassVar[frozenset[str]] = frozenset({"chat"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = 16_000
    hears: ClassVar[bool] = False
    speaks: ClassVar[bool] = False
    distributions: ClassVar[tuple[str, ...]] = ("modellab-fake-engine",)
    extra: ClassVar[str] = ""
    Options: ClassVar[type[Any]] = TalkerOptions

    def __init__(self, options: TalkerOptions) -> None:
        self.options = options

    @classmethod
    def load(cls, request: LoadRequest) -> FakeTalker:
        return cls(TalkerOptions(**request.options))

    def said(self, turn: Turn) -> str:
        assert turn.clip is None
        return turn.text or ""

    def respond(self, turn: Turn) -> Iterator[str | Speech | Heard]:
        said = self.said(turn)
        history = [
            [past.text, past.heard, past.reply, None if past.clip is None else len(past.clip.samples)]
            for past in turn.history
        ]
        if self.options.log:
            with Path(self.options.log).open("a") as file:
                file.write(json.dumps([said, history]) + "\n")
        fault = self.options.faults.get(said, "")
        if fault == "raise":
            raise RuntimeError("the fake talker was told to fail")
        if fault == "kill-session" and not Path(self.options.log + ".killed").exists():
            Path(self.options.log + ".killed").touch()
            os.kill(os.getppid(), signal.SIGKILL)
        if fault == "wrong-type":
            yield 42  # type: ignore[misc]  # the fault
        reply = self.options.replies.get(said, self.options.replies.get("default", ""))
        reply = reply.replace("{before}", str(len(history)))
        for word in reply.split(" "):
            yield f"{word} "
        size = self.options.sizes.get(reply, 0)
        if size:
            noise = np.random.default_rng(size).normal(0, 0.1, size).astype(np.float32)
            yield Speech(noise[: size // 2], 16_000)
            yield Speech(noise[size // 2 :], 16_000)

    def synchronize(self) -> None: ...

    def close(self) -> None: ...


class FakeListener(FakeTalker):
    """Is told aloud."""

    hears: ClassVar[bool] = True
    speaks: ClassVar[bool] = True

    def said(self, turn: Turn) -> str:
        assert turn.clip is not None
        assert turn.text is None
        return self.options.heard.get(str(len(turn.clip.samples)), "")

    def respond(self, turn: Turn) -> Iterator[str | Speech | Heard]:
        if self.options.tells:
            yield Heard(self.said(turn))
        yield from super().respond(turn)
