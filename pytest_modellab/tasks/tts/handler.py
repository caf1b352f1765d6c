"""The worker's side of synthesis: has the engine speak, and times each piece of audio."""

from __future__ import annotations

from time import perf_counter, process_time  # bound before an engine can replace them
from typing import Any

import numpy as np

from pytest_modellab.engines.base import Speech


def answer(engine: Any, message: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    """Have the engine speak `text`; the reply, and the speech as float32 samples.

    `first_audio_s` is when the first piece with a sample in it was there; None where none came.
    """
    pieces: list[Speech] = []
    first_s: float | None = None
    engine.synchronize()
    cpu, start = process_time(), perf_counter()
    for piece in engine.synthesize(message["text"], message["language"]):
        if not isinstance(piece, Speech):
            raise TypeError(f"synthesize() must yield Speech, not {piece!r:.200}")
        if first_s is None and len(piece.samples):
            first_s = perf_counter() - start
        pieces.append(piece)
    engine.synchronize()
    seconds, cpu_s = perf_counter() - start, process_time() - cpu
    samples, rate = joined(pieces)
    spoken = sum(1 for piece in pieces if len(piece.samples))
    reply = {"seconds": seconds, "cpu_s": cpu_s, "first_audio_s": first_s, "pieces": spoken, "rate": rate}
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
