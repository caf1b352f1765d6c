"""The worker's side of a dialogue: has the engine reply, and times each piece of the reply."""

from __future__ import annotations

from time import perf_counter, process_time  # bound before an engine can replace them
from typing import Any

import numpy as np

from pytest_modellab.core.json_values import storable
from pytest_modellab.engines.base import Clip, Exchange, Heard, Speech, Turn

from ..playback import Playback
from ..tts.handler import joined


def answer(engine: Any, message: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    """Have the engine answer; the reply, and its speech as float32 samples.

    `first_token_s` is when the first piece of text with more than white space in it was there; None where none came.
    The times of its audio are those of `Playback`. What the user says is there as a whole when the clock starts.
    """
    turn = turn_of(message, payload)
    written: list[str] = []
    spoken: list[Speech] = []
    heard: str | None = None
    first_token_s: float | None = None
    arrived: list[float] = []
    playback = Playback()
    engine.synchronize()
    cpu, start = process_time(), perf_counter()
    for piece in engine.respond(turn):
        now = perf_counter() - start
        match piece:
            case str():
                if first_token_s is None and piece.strip():
                    first_token_s = now
                written.append(piece)
            case Speech():
                spoken.append(piece)
                arrived.append(now)
            case Heard():
                heard = piece.text
            case _:
                raise TypeError(f"respond() must yield text, Speech or Heard, not {piece!r:.200}")
    engine.synchronize()
    seconds, cpu_s = perf_counter() - start, process_time() - cpu
    samples, rate = joined(spoken)
    # Listened to afterwards: it is no part of the engine's time.
    for each, now_s in zip(spoken, arrived, strict=True):
        playback.add(each.samples, each.rate, now_s)
    reply = {
        "text": storable("".join(written)).strip(),
        "heard": None if heard is None else storable(heard),
        "seconds": seconds,
        "cpu_s": cpu_s,
        "first_token_s": first_token_s,
        **playback.times(),
        "pieces": sum(1 for piece in spoken if len(piece.samples)),
        "rate": rate,
    }
    return reply, samples


def turn_of(message: dict[str, Any], payload: bytes) -> Turn:
    """The turn that a request is about.

    `payload` holds the samples of what is said now, then those of the earlier turns that have any, each as many as its
    entry's `samples` tells.
    """
    # A copy, since a frame's bytes are read-only and some engines write into their input.
    samples = np.frombuffer(payload, dtype="<f4").astype(np.float32)
    place = 0

    def clip(count: int | None) -> Clip | None:
        nonlocal place
        if count is None:
            return None
        place += count
        return Clip(samples[place - count : place], message["rate"], message["language"])

    said = clip(message["samples"])
    history = [
        Exchange(clip(past["samples"]), past["text"], past["heard"], past["reply"]) for past in message["history"]
    ]
    return Turn(said, message["text"], history)
