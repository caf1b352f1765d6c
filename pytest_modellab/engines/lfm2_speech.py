"""LFM2-Audio's tokens decoded to text and audio while they are generated; torch is imported when needed.

A frame of 8 codes is 80 ms. The detokenizer makes six columns of a spectrogram of it, and columns overlap: the last 480
samples of what was decoded change once the next frame is there. They are held back until then, so that the pieces, one
after the other, are the samples that decoding all frames at once would give.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .base import Speech

if TYPE_CHECKING:
    import torch
    from liquid_audio import LFM2AudioProcessor

RATE = 24_000
FRAME = 1920
"""Samples of a frame."""
COLUMNS = 6
"""Of a spectrogram, to a frame."""
FIRST_FRAMES = 2
MOST_FRAMES = 12
"""How many frames are decoded at once: few to begin with, for somebody waits; then twice as many each time."""


class Wording:
    """An incremental text decoder: tokens in, text out once it can't change; a character may take several tokens."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._ids: list[int] = []
        self._emitted = ""

    def add(self, id: int) -> str:
        """The new text; "" where the token ends in the middle of a character."""
        self._ids.append(id)
        text: str = self._tokenizer.decode(self._ids, skip_special_tokens=True)
        if text.endswith("\N{REPLACEMENT CHARACTER}"):
            return ""
        return self._tell(text)

    def rest(self) -> str:
        """The remaining text after the last token."""
        return self._tell(self._tokenizer.decode(self._ids, skip_special_tokens=True))

    def _tell(self, text: str) -> str:
        new, self._emitted = text[len(self._emitted) :], text
        return new


class Voice:
    """An incremental audio decoder: frames in, samples out; the module's docstring says when."""

    def __init__(self, detokenizer: Any) -> None:
        self._detokenizer = detokenizer
        config = detokenizer.lfm.config
        # How many columns back a column depends on: each layer sees so much of the one below it.
        reach = sum(
            config.conv_L_cache - 1 if kind == "conv" else detokenizer.sliding_window_size - 1
            for kind in config.layer_types
        )
        window, hop = detokenizer.istft.win_length, detokenizer.istft.hop_length
        overlap = -(-window // hop)  # columns that share a sample
        self._context = -(-(reach + overlap) // COLUMNS)
        self._unsure = (window - hop) // 2
        self._frames: list[torch.Tensor] = []
        self._decoded = 0
        """Frames that have been decoded, and told but for the samples that were not sure."""
        self._emitted = 0
        """Samples."""
        self._at_once = FIRST_FRAMES

    def add(self, frame: torch.Tensor) -> Iterator[Speech]:
        self._frames.append(frame)
        if len(self._frames) - self._decoded >= self._at_once:
            self._at_once = min(2 * self._at_once, MOST_FRAMES)
            yield from self._decode(last=False)

    def flush(self) -> Iterator[Speech]:
        """The samples that are final by now, for when the next frames may take long."""
        if len(self._frames) > self._decoded:
            yield from self._decode(last=False)

    def rest(self) -> Iterator[Speech]:
        """The remaining samples after the last frame."""
        if self._frames:
            yield from self._decode(last=True)

    def _decode(self, *, last: bool) -> Iterator[Speech]:
        import torch

        # From far enough back that it makes no difference what was ahead of it. The samples that were not sure are of
        # the last frame that was decoded.
        start = max(0, self._decoded - 1 - self._context)
        with torch.inference_mode():
            codes = torch.stack(self._frames[start:], 1)[None]
            wave = self._detokenizer(codes)[0].float().cpu().numpy()
        end = len(self._frames) * FRAME - (0 if last else self._unsure)
        piece = wave[self._emitted - start * FRAME : end - start * FRAME]
        self._decoded, self._emitted = len(self._frames), end
        if len(piece):
            yield Speech(piece, RATE)


def load_detokenizer(processor: LFM2AudioProcessor, device: torch.device) -> Any:
    """The network that decodes audio codes, on `device`; the library would always put it on CUDA."""
    if processor.detokenizer_path is None:
        raise ValueError(
            "this checkpoint has no folder audio_detokenizer, without which its audio can't be played: LFM2.5-Audio has"
        )
    from liquid_audio.detokenizer import LFM2AudioDetokenizer
    from safetensors.torch import load_file
    from transformers import Lfm2Config

    folder = Path(processor.detokenizer_path)
    config = Lfm2Config.from_pretrained(folder / "config.json")
    # As the library does: the published file spells it for llama.cpp.
    config.layer_types = ["full_attention" if kind == "sliding_attention" else kind for kind in config.layer_types]
    detokenizer = LFM2AudioDetokenizer(config)
    detokenizer.load_state_dict(load_file(folder / "model.safetensors"))
    return detokenizer.eval().to(device)
