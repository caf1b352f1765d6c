"""Puts the engine through its modes where liquid-audio is: `python lfm2_inside.py SOURCES CHECKPOINT DEVICE`.

Random weights say nothing; that they say it by the same chance, in pieces, and at any length, can be told from them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np


def main(sources: str, checkpoint: str, device: str) -> None:
    sys.path.insert(0, sources)
    import torch

    from pytest_modellab.engines.base import Clip, DeviceRef, Exchange, LoadRequest, Speech, Turn
    from pytest_modellab.engines.lfm2_audio import Lfm2Audio
    from pytest_modellab.engines.lfm2_speech import Voice

    options = {"text_temperature": 1.0, "max_new_tokens": 60}
    engine = Lfm2Audio.load(LoadRequest(DeviceRef(device), options, Path(checkpoint)))
    assert str(engine.facts()["device"]).startswith(device)
    noise = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    # By chance, but the same chance every time.
    first, second = (engine.transcribe(Clip(noise, 16_000)).text for _ in range(2))
    assert first
    assert first == second
    # Too short for the encoder as it is.
    engine.transcribe(Clip(noise[:100], 16_000))

    # The interleaved mode, after a turn that is over; all comes as it is written.
    clip = Clip(noise, 16_000)
    turn = Turn(clip, None, [Exchange(clip, "Hello there.", None, "Good morning.")])
    pieces = list(engine.respond(turn))
    speech = [piece for piece in pieces if isinstance(piece, Speech)]
    assert "".join(piece for piece in pieces if isinstance(piece, str))
    assert len(speech) > 1
    assert isinstance(pieces[0], str)
    assert all(piece.rate == 24_000 and piece.samples.dtype == np.float32 for piece in speech)
    whole = np.concatenate([piece.samples for piece in speech])
    assert len(whole) % 1920 == 0
    assert np.isfinite(whole).all()
    assert whole.std() > 0

    # In growing pieces it is what it would be at once.
    codes = torch.randint(0, 2048, (1, 8, 50), generator=torch.Generator().manual_seed(0)).to(device)
    with torch.inference_mode():
        at_once = engine._detokenizer(codes)[0].float().cpu().numpy()
    voice = Voice(engine._detokenizer)
    grown = [piece for i in range(50) for piece in voice.add(codes[0, :, i])]
    assert 4 < len(grown) < 15
    grown += voice.rest()
    assert np.allclose(
        np.concatenate([piece.samples for piece in grown]), at_once, atol=1e-4 if device == "cpu" else 1e-2
    )

    # It speaks a text, if it gets so far as to begin with audio.
    assert all(isinstance(piece, Speech) for piece in engine.synthesize("Hello there.", "en"))


if __name__ == "__main__":
    main(*sys.argv[1:])
