"""A cascade that hears while it speaks, with stand-ins for its parts and for the network of its detector."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from turnlab import sentence

from pytest_modellab.engines import silero_vad
from pytest_modellab.engines.base import DeviceRef, LoadRequest, ModelPart, Speech, Transcript
from pytest_modellab.engines.duplex_cascade import Dialogue, DuplexCascade, DuplexCascadeOptions

RATE = 16_000
FRAME = DuplexCascade.frame


class Ear:
    rate = RATE

    @classmethod
    def load(cls, request: Any) -> Ear:
        return cls()

    def transcribe(self, clip: Any) -> Transcript:
        return Transcript(f"heard {len(clip.samples) / RATE:.1f} s")

    def synchronize(self) -> None: ...

    def close(self) -> None: ...


class Mind(Ear):
    def respond(self, turn: Any) -> Iterator[str]:
        yield "A first long sentence. "
        yield "A second long sentence. "


class Voice(Ear):
    def synthesize(self, text: str, language: str | None) -> Iterator[Speech]:
        for _ in range(4):
            yield Speech(np.full(12_000, 0.3, np.float32), 24_000)


def by_level(samples: Any) -> Any:
    """A network that takes what is loud for speech."""
    return np.abs(samples.reshape(-1, 512)).max(axis=1) > 0.004


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> DuplexCascade:
    return loaded(monkeypatch)


def loaded(monkeypatch: pytest.MonkeyPatch, **options: Any) -> DuplexCascade:
    def speech_end(samples: Any) -> float | None:
        loud = np.flatnonzero(np.abs(samples) > 0.05)
        return float(loud[-1] / RATE) if len(loud) else None

    monkeypatch.setattr(silero_vad, "prepare", lambda: None)
    monkeypatch.setattr(silero_vad, "speech_end", speech_end)
    monkeypatch.setattr("faster_whisper.vad.get_vad_model", lambda: by_level)
    device = DeviceRef("cpu")
    given: dict[str, type[Any]] = {"asr": Ear, "llm": Mind, "tts": Voice}
    parts = {role: ModelPart(kind, LoadRequest(device, {}, None)) for role, kind in given.items()}
    return DuplexCascade.load(LoadRequest(device, options, None, parts))


def said(dialogue: Dialogue, samples: Any) -> list[bool]:
    """Of each frame whether something is said in the time of the next one."""
    return [len(dialogue.hear(samples[at : at + FRAME])) > 0 for at in range(0, len(samples) // FRAME * FRAME, FRAME)]


def user(seconds: float, gain: float = 1.0) -> Any:
    return gain * sentence(0, (seconds,))


def room(seconds: float) -> Any:
    return np.zeros(round(seconds * RATE), np.float32)


def speaking(engine: DuplexCascade) -> Dialogue:
    """A dialogue in which the model has spoken for a second."""
    dialogue = engine.converse("en")
    assert said(dialogue, np.concatenate((user(1.0), room(1.6))))[-10:] == [True] * 10
    return dialogue


def test_it_replies_once_the_user_is_silent(engine: DuplexCascade) -> None:
    dialogue = engine.converse("en")
    spoke = said(dialogue, np.concatenate((room(0.5), user(1.0), room(6.0))))
    # After 0.6 s of silence, and then two sentences of two seconds each.
    assert spoke.index(True) == 20
    assert spoke.count(True) == 40
    assert not any(spoke[60:])
    assert [each.text for each in dialogue.heard()] == ["heard 2.1 s"]
    assert dialogue.heard() == []
    dialogue.close()
    engine.synchronize()
    assert engine.facts() == {}
    engine.close()


def test_it_falls_silent_for_its_user_and_then_replies_to_them(engine: DuplexCascade) -> None:
    dialogue = speaking(engine)
    spoke = said(dialogue, np.concatenate((user(1.0), room(1.0))))
    assert spoke[:4] == [True] * 4
    assert not any(spoke[6:15])
    assert spoke[-1]
    assert len(dialogue.heard()) == 2


@pytest.mark.parametrize("heard", [user(0.3), user(1.0, 0.05), room(1.0)], ids=["mhm", "a stranger", "nothing"])
def test_it_goes_on_for_anything_else(engine: DuplexCascade, heard: Any) -> None:
    dialogue = speaking(engine)
    spoke = said(dialogue, np.concatenate((heard, room(6.0))))
    assert spoke.count(True) == 29
    # What it heard meanwhile is no turn.
    assert len(dialogue.heard()) == 1


def test_one_that_never_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    dialogue = speaking(loaded(monkeypatch, interrupt_after_s=0))
    assert said(dialogue, user(2.0)) == [True] * 20


@pytest.mark.parametrize("options", [{"turn_silence_s": 0}, {"interrupt_after_s": -1}])
def test_options(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be between"):
        DuplexCascadeOptions(**options)


def test_a_part_that_is_missing() -> None:
    with pytest.raises(ValueError, match="it lacks asr, llm, tts"):
        DuplexCascade.load(LoadRequest(DeviceRef("cpu"), {}, None))


@pytest.mark.parametrize(
    ("parts", "seconds"),
    [((1.0,), 1.0), ((1.0, 0.5, 0.5), 0.5), ((0.5, 0.15, 0.5), 1.15), ((1.0, 0.5), 0.0), ((0.0, 0.5), 0.0)],
)
def test_the_speech_that_goes_on_now(monkeypatch: pytest.MonkeyPatch, parts: tuple[float, ...], seconds: float) -> None:
    monkeypatch.setattr("faster_whisper.vad.get_vad_model", lambda: by_level)
    found, level = silero_vad.last_stretch(sentence(0, parts), 0.5, 0.2)
    assert found == pytest.approx(seconds, abs=0.07)
    assert level == pytest.approx(0.2 if seconds else 0.0, abs=0.02)
