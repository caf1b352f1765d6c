"""The worker's side of interruptions: plays a scenario to the engine frame by frame, and notes when it speaks.

The clock is that of the sound: frame k is there at (k + 1) * f seconds, and what the engine returns for it is played in
the time of the next frame. An engine that takes longer than a frame falls behind by as much: its sound is played later,
and so is all that follows, as it would be live. Nothing waits in real time.
"""

from __future__ import annotations

from itertools import pairwise
from time import perf_counter, process_time  # bound before an engine can replace them
from typing import Any

import numpy as np

from pytest_modellab.core.json_values import storable
from pytest_modellab.engines.base import Heard

BLOCK_S = 0.02
AUDIBLE_DB = -50.0
"""Of a block, relative to full scale: quieter ones are silence."""
ROOM_DB = -70.0


def answer(engine: Any, message: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    """Play the scenario whose sounds are in `payload` (float32, `message["rate"]` Hz), one after the other.

    `message["events"]`: of each its `samples`, and when it begins: `at_s` from the beginning, or `after_s` from when
    the engine began to speak. `settle_s`: how long it is listened to behind the last event; `longest_s`: in all.

    The reply, by the clock of the sound: `began`, when each event began, null for one that never did; `speech`,
    stretches in which the engine was heard, each as begin and end; `listened`, for how long; `frame`, how long one is.
    By the worker's own: `lags_s`, by how much later the end of each stretch was heard as calls took their time;
    `seconds`, of all calls, and `slowest_s`. And `heard`, the user's words as the engine understood them, a text for
    each time that it told some; `heard_before`, how many of these it had told when the last event began.

    Raises TimeoutError where the last event began, and `longest_s` is over before `settle_s` is: nobody knows then
    whether it would have fallen silent. Raises what the engine does, and TypeError for what isn't sound.
    """
    scenario = _Scenario(message, np.frombuffer(payload, dtype="<f4").astype(np.float32))
    frame_s = engine.frame / message["rate"]
    conversation = engine.converse(message["language"])
    ear = _Ear(engine.speech_rate)
    heard: list[str] = []
    heard_before = 0
    busy_s = slowest_s = free_s = listened_s = 0.0
    engine.synchronize()
    cpu = process_time()
    try:
        for k in range(max(1, round(message["longest_s"] / frame_s))):
            now_s = k * frame_s
            sound = scenario.frame(now_s, engine.frame, ear.onset_s)
            if scenario.began[-1] is None or scenario.began[-1] == now_s:
                heard_before = len(heard)
            before = perf_counter()
            said = conversation.hear(sound)
            engine.synchronize()
            took_s = perf_counter() - before
            busy_s, slowest_s = busy_s + took_s, max(slowest_s, took_s)
            due_s = now_s + frame_s
            free_s = max(free_s, due_s) + took_s
            ear.listen(_checked(said, engine.frame, message["rate"], engine.speech_rate), due_s, free_s - due_s)
            heard += [_text(each) for each in conversation.heard()]
            listened_s = due_s
            if scenario.over(due_s, message["settle_s"]):
                break
        else:
            if (began_s := scenario.began[-1]) is not None:
                raise TimeoutError(
                    f"the last event began at {began_s:.1f} s, too late to be listened to behind it for"
                    f" `settle_s`, {message['settle_s']:g} s, within `longest_s`, {message['longest_s']:g} s"
                )
    finally:
        conversation.close()
    reply = {
        "began": scenario.began,
        "speech": ear.stretches(),
        "lags_s": ear.lags(),
        "listened": listened_s,
        "heard": heard,
        "heard_before": heard_before,
        "seconds": busy_s,
        "slowest_s": slowest_s,
        "frame": frame_s,
        "cpu_s": process_time() - cpu,
    }
    return reply, b""


class _Scenario:
    """The user's side: a quiet room, and events that begin when it is their time."""

    def __init__(self, message: dict[str, Any], samples: Any) -> None:
        self._rate = message["rate"]
        self._events = message["events"]
        ends = np.cumsum([0, *(each["samples"] for each in self._events)])
        self._sounds = [samples[begin:end] for begin, end in pairwise(ends)]
        self._random = np.random.RandomState(message["seed"])
        self.began: list[float | None] = [None] * len(self._events)

    def frame(self, now_s: float, size: int, onset_s: float | None) -> Any:
        """What is heard from `now_s` on; `onset_s` is when the engine began to speak."""
        sound = 10 ** (ROOM_DB / 20) * self._random.standard_normal(size)
        for i, event in enumerate(self._events):
            if self.began[i] is None:
                due_s = event["at_s"] if event["at_s"] is not None else _sum(onset_s, event["after_s"])
                if due_s is None or due_s > now_s:
                    continue
                self.began[i] = now_s
            place = round((now_s - (self.began[i] or 0.0)) * self._rate)
            piece = self._sounds[i][place : place + size]
            sound[: len(piece)] += piece
        return np.clip(sound, -1, 1).astype(np.float32)

    def over(self, now_s: float, settle_s: float) -> bool:
        """Whether the engine has been listened to for long enough behind the last event."""
        if any(began is None for began in self.began):
            return False
        ends = [(began or 0.0) + len(sound) / self._rate for began, sound in zip(self.began, self._sounds, strict=True)]
        return bool(now_s >= max(ends) + settle_s)


class _Ear:
    """Hears the engine in blocks of 20 ms."""

    def __init__(self, rate: int) -> None:
        self._size = max(1, round(BLOCK_S * rate))
        self._rate = rate
        self._blocks: list[tuple[float, float]] = []
        """When a block with sound begins, by the clock of the sound, and its lag."""

    def listen(self, samples: Any, at_s: float, lag_s: float) -> None:
        for begin in range(0, len(samples), self._size):
            block = np.asarray(samples[begin : begin + self._size], dtype=np.float64)
            if np.sqrt(np.mean(np.square(block))) > 10 ** (AUDIBLE_DB / 20):
                self._blocks.append((at_s + begin / self._rate, lag_s))

    @property
    def onset_s(self) -> float | None:
        return self._blocks[0][0] if self._blocks else None

    def _groups(self) -> list[list[tuple[float, float]]]:
        found: list[list[tuple[float, float]]] = []
        for block in self._blocks:
            if found and block[0] - found[-1][-1][0] < 1.5 * BLOCK_S:
                found[-1].append(block)
            else:
                found.append([block])
        return found

    def stretches(self) -> list[list[float]]:
        return [[group[0][0], group[-1][0] + BLOCK_S] for group in self._groups()]

    def lags(self) -> list[float]:
        """Of the end of each stretch, which tells when silence was there."""
        return [group[-1][1] for group in self._groups()]


def _sum(onset_s: float | None, after_s: float) -> float | None:
    return None if onset_s is None else onset_s + after_s


def _checked(said: Any, frame: int, rate: int, speech_rate: int) -> Any:
    samples = np.asarray(said, dtype=np.float32)
    most = round(frame / rate * speech_rate) + 1
    if samples.ndim != 1 or len(samples) > most:
        raise TypeError(f"hear() must return samples of shape (m,), m at most {most}, not {samples.shape}")
    if not np.isfinite(samples).all():
        bad = int((~np.isfinite(samples)).sum())
        raise TypeError(f"hear() must return finite samples: {bad} of {len(samples)} are NaN or infinite")
    return samples


def _text(heard: Any) -> str:
    if not isinstance(heard, Heard) or not isinstance(heard.text, str):
        raise TypeError(f"heard() must give Heards with text, not {heard!r:.200}")
    return storable(heard.text)
