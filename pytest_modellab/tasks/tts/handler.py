"""The worker's side of synthesis: has the engine speak, and times each piece of audio."""

from __future__ import annotations

from time import perf_counter, process_time  # bound before an engine can replace them
from typing import Any

import numpy as np

from pytest_modellab.engines.base import Speech

from ..playback import Playback


def answer(engine: Any, message: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    """Have the engine speak `text`; the reply, and the speech as float32 samples.

    The times of its audio are those of `Playback`.
    """
    pieces: list[Speech] = []
    arrived: list[float] = []
    playback = Playback()
    engine.synchronize()
    cpu, start = process_time(), perf_counter()
    for piece in engine.synthesize(message["text"], message["language"]):
        if not isinstance(piece, Speech):
            raise TypeError(f"synthesize() must yield Speech, not {piece!r:.200}")
        arrived.append(perf_counter() - start)
        pieces.append(piece)
    engine.synchronize()
    seconds, cpu_s = perf_counter() - start, process_time() - cpu
    samples, rate = joined(pieces)
    # Listened to afterwards: it is no part of the engine's time.
    for piece, now_s in zip(pieces, arrived, strict=True):
        playback.add(piece.samples, piece.rate, now_s)
    spoken = sum(1 for piece in pieces if len(piece.samples))
    reply = {"seconds": seconds, "cpu_s": cpu_s, **playback.times(), "pieces": spoken, "rate": rate}
    return reply, samples


def joined(pieces: list[Speech]) -> tuple[bytes, int | None]:
    """All pieces as one, as little-endian float32, and their rate in Hz; no rate where there is no piece.

    Raises ValueError for what is no speech: the engine's fault, which ends up in the record.
    """
    rates = {piece.rate for piece in pieces}
    if len(rates) > 1:
        raise ValueError(f"the pieces of one utterance have several sample rates: {sorted(rates)}")
    samples = [np.asarray(piece.samples, dtype="<f4") for piece in pieces]
    if wrong := next((each.shape for each in samples if each.ndim != 1), None):
        raise ValueError(f"speech must be mono, of shape (n,), not {wrong}")
    whole = np.concatenate(samples) if samples else np.zeros(0, dtype="<f4")
    if not np.isfinite(whole).all():
        raise ValueError("the speech holds samples that are not finite")
    return whole.tobytes(), rates.pop() if rates else None
