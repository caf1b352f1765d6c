"""Parts of a composite model compute with their own number of threads, whatever was loaded after them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

from pytest_modellab.engines import own_threads
from pytest_modellab.engines.base import Clip, DeviceRef, LoadRequest, ModelPart, Speech, Transcript, Turn
from pytest_modellab.engines.diarizer import SpeakerSegment
from pytest_modellab.engines.registry import available, engine_class

torch = pytest.importorskip("torch", reason="takes the engines on torch")

CLIP = Clip(np.full(16_000, 0.1, np.float32), 16_000, "en")
COMPOSITES = sorted(name for name in available() if len(getattr(engine_class(available()[name]), "roles", ())) > 1)


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    threads = torch.get_num_threads()
    FakePart.made.clear()
    yield
    torch.set_num_threads(threads)


class FakePart:
    """Sets the number of threads as it is loaded, as all on torch do, and notes with how many it is called."""

    rate: ClassVar[int] = 16_000
    made: ClassVar[list[FakePart]] = []

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.seen: list[int] = []
        self.made.append(self)

    @classmethod
    def load(cls, request: LoadRequest) -> FakePart:
        torch.set_num_threads(request.options["cpu_threads"])
        return cls(request.options["cpu_threads"])

    def transcribe(self, clip: Clip) -> Transcript:
        self.seen.append(torch.get_num_threads())
        return Transcript("What is it?")

    def diarize(self, clip: Clip) -> list[SpeakerSegment]:
        self.seen.append(torch.get_num_threads())
        return [SpeakerSegment(0.0, 0.5, "a"), SpeakerSegment(0.5, 1.0, "b")]

    def respond(self, turn: Turn) -> Iterator[str]:
        for piece in ("It is a sentence that is long enough. ", "And so is this one, too. ", "The end."):
            self.seen.append(torch.get_num_threads())
            yield piece

    def synthesize(self, text: str, language: str | None) -> Iterator[Speech]:
        self.seen.append(torch.get_num_threads())
        yield Speech(np.zeros(160, np.float32), 16_000)

    def synchronize(self) -> None: ...

    def close(self) -> None: ...


def part(threads: int) -> ModelPart:
    return ModelPart(FakePart, LoadRequest(DeviceRef("cpu"), {"cpu_threads": threads}, None))


def use(composite: Any) -> None:
    """Have it do what it is for."""
    if hasattr(composite, "diarize"):
        composite.diarize(CLIP)
    elif hasattr(composite, "respond"):
        list(composite.respond(Turn(CLIP, None)))
    else:
        list(composite._cascade.respond(Turn(CLIP, None)))


@pytest.mark.parametrize("name", COMPOSITES)
def test_each_part_is_called_with_the_threads_that_it_was_loaded_with(name: str) -> None:
    cls: Any = engine_class(available()[name])
    parts = {role: part(i) for i, role in enumerate(cls.roles, 1)}
    use(cls.load(LoadRequest(DeviceRef("cpu"), {}, None, parts=parts)))
    assert len(FakePart.made) == len(cls.roles)
    for each in FakePart.made:
        assert set(each.seen) == {each.threads}


def test_there_are_composites_to_try() -> None:
    assert {"cascade", "duplex-cascade", "transcribed-speakers"} <= set(COMPOSITES)


def test_pieces_that_nobody_wants_any_longer_are_not_made() -> None:
    first, _ = own_threads.loaded([part(1), part(2)])
    pieces = first.respond(Turn(None, "Well?"))
    next(pieces)
    pieces.close()
    assert first.seen == [1]


def test_what_it_says_of_itself_is_said_with_its_own_threads() -> None:
    first, _ = own_threads.loaded([ModelPart(each, part(i).request) for i, each in enumerate((Telling, FakePart), 1)])
    assert first.facts() == {"cpu_threads": 1}


@pytest.mark.parametrize("frozen", [True, False])
def test_an_engine_whose_attributes_cannot_be_set_is_loaded_all_the_same(frozen: bool) -> None:
    kind = Frozen if frozen else Slotted
    first, _ = own_threads.loaded([ModelPart(kind, part(1).request), part(2)])
    assert first.transcribe(CLIP).text == ("1" if frozen else "2")


class Telling(FakePart):
    def facts(self) -> dict[str, int]:
        return {"cpu_threads": torch.get_num_threads()}


class Slotted:
    __slots__ = ()

    @classmethod
    def load(cls, request: LoadRequest) -> Slotted:
        torch.set_num_threads(request.options["cpu_threads"])
        return cls()

    def transcribe(self, clip: Clip) -> Transcript:
        return Transcript(str(torch.get_num_threads()))


@dataclass(frozen=True)
class Frozen(Slotted): ...


def test_without_torch_nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    (found,) = own_threads.loaded([ModelPart(Plain, LoadRequest(DeviceRef("cpu"), {}, None))])
    assert "transcribe" not in vars(found)


class Plain:
    @classmethod
    def load(cls, request: LoadRequest) -> Plain:
        return cls()

    def transcribe(self, clip: Clip) -> Transcript:
        return Transcript("")
