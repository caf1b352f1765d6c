"""LFM2-Audio and LFM2.5-Audio through liquid-audio: one model that hears, and writes text and audio tokens.

The library needs Python 3.12; a session that runs on an older one gives the model an `environment`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from .base import Clip, Fact, LoadRequest, Transcript

if TYPE_CHECKING:
    import torch
    from liquid_audio import ChatState, LFM2AudioModel, LFM2AudioProcessor

Mode = Literal["sequential", "interleaved"]

ASR_PROMPT = "Perform ASR."

END_OF_TURN = 7
"""The token `<|im_end|>`, by which the library itself ends a generation."""
END_OF_AUDIO = 2048
"""In a frame of audio: there is no sound in it, the audio is over."""
SPARE_TOKENS = 32
"""What any answer may take, however short the clip."""
LEAST_SAMPLES = 2560
"""The encoder refuses less than nine frames of 10 ms; shorter clips are filled up with silence."""


@dataclass(frozen=True)
class Lfm2AudioOptions:
    """Deterministic by default: the likeliest token each time."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    cpu_threads: int = 2
    max_new_tokens: int = 1024
    """An answer that is not over by then is cut off."""
    tokens_per_second: float = 12.0
    """The same, per second of the clip (and 32 more); speech takes 3 to 8."""
    text_temperature: float = 0.0
    """0 for the likeliest token."""
    text_top_k: int | None = None
    seed: int = 0
    """Of every answer anew, where the temperature lets chance in."""
    system_prompt: str | None = None
    """Instead of the one that the model knows its task by."""

    def __post_init__(self) -> None:
        for name in ("cpu_threads", "max_new_tokens"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if self.tokens_per_second <= 0:
            raise ValueError("tokens_per_second must be more than 0")
        if not 0 <= self.text_temperature <= 2:
            raise ValueError("text_temperature must be between 0 and 2")
        if self.text_top_k is not None and self.text_top_k < 1:
            raise ValueError("text_top_k must be at least 1")


@dataclass
class Generated:
    """What the model wrote, its two kinds of token told apart."""

    text: list[int] = field(default_factory=list)
    """Token ids, without the end of the turn."""
    frames: list[torch.Tensor] = field(default_factory=list)
    """Audio: 80 ms each, codes of shape (8,) in [0, 2047]."""


class Lfm2Audio:
    """See <https://github.com/Liquid4All/liquid-audio>."""

    tasks: ClassVar[frozenset[str]] = frozenset({"asr"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu", "cuda", "mps"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = (
        "liquid-audio",
        "torch",
        "torchaudio",
        "transformers",
        "tokenizers",
        "accelerate",
        "flash-attn",
    )
    needs_weights: ClassVar[bool] = True
    extra: ClassVar[str] = "lfm"
    Options: ClassVar[type[Any]] = Lfm2AudioOptions

    def __init__(self, model: LFM2AudioModel, processor: LFM2AudioProcessor, options: Lfm2AudioOptions) -> None:
        self._model = model
        self._processor = processor
        self._options = options

    @classmethod
    def load(cls, request: LoadRequest) -> Lfm2Audio:
        # Everything is in the folder; the libraries below would ask the hub for news of it.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        import torch
        from liquid_audio import LFM2AudioModel, LFM2AudioProcessor

        if request.weights is None:
            raise ValueError("lfm2-audio needs `weights:` in the model's spec")
        options = Lfm2AudioOptions(**request.options)
        torch.set_num_threads(options.cpu_threads)
        # Both are on cuda unless told otherwise; and a path that is text would be a repository on the hub.
        kind, index = request.device.kind, request.device.index
        device = torch.device(kind, index) if kind == "cuda" else torch.device(kind)
        dtype = getattr(torch, options.dtype)
        processor = LFM2AudioProcessor.from_pretrained(request.weights, device=device).eval()
        model = LFM2AudioModel.from_pretrained(request.weights, device=device, dtype=dtype).eval()
        return cls(model, processor, options)

    def facts(self) -> dict[str, Fact]:
        import torch

        parameter = next(self._model.parameters())
        return {
            "device": str(parameter.device),
            "dtype": str(parameter.dtype).removeprefix("torch."),
            "attention": self._model.lfm.config._attn_implementation,
            "parameters": sum(each.numel() for each in self._model.parameters()),
            "cpu_threads": torch.get_num_threads(),
        }

    def transcribe(self, clip: Clip) -> Transcript:
        limit = min(self._options.max_new_tokens, SPARE_TOKENS + round(self._options.tokens_per_second * clip.seconds))
        generated = self._generate(self._chat(self._options.system_prompt or ASR_PROMPT, clip), "sequential", limit)
        return Transcript(self._processor.text.decode(generated.text, skip_special_tokens=True).strip())

    def _chat(self, system: str, said: Clip | str) -> ChatState:
        """A conversation up to where the model is to answer what was `said`, aloud or in writing."""
        import numpy as np
        import torch
        from liquid_audio import ChatState

        chat = ChatState(self._processor, codebooks=self._model.codebooks, dtype=getattr(torch, self._options.dtype))
        chat.new_turn("system")
        chat.add_text(system)
        chat.end_turn()
        chat.new_turn("user")
        if isinstance(said, str):
            chat.add_text(said)
        else:
            samples = np.pad(said.samples, (0, max(0, LEAST_SAMPLES - len(said.samples))))
            chat.add_audio(torch.from_numpy(samples)[None], said.rate)
        chat.end_turn()
        chat.new_turn("assistant")
        return chat

    def _generate(self, chat: ChatState, mode: Mode, limit: int) -> Generated:
        """All that the model answers, in at most `limit` tokens and frames."""
        generated = Generated()
        for token in self._tokens(chat, mode, limit):
            if token.numel() == 1:
                if (id := int(token)) != END_OF_TURN:
                    generated.text.append(id)
            elif int(token.max()) < END_OF_AUDIO:
                generated.frames.append(token)
        return generated

    def _tokens(self, chat: ChatState, mode: Mode, limit: int) -> Iterator[torch.Tensor]:
        """One by one, as they come: text tokens of shape (1,), audio frames of shape (codebooks,)."""
        import torch

        torch.manual_seed(self._options.seed)
        generate = self._model.generate_sequential if mode == "sequential" else self._model.generate_interleaved
        yield from generate(
            **chat,
            max_new_tokens=limit,
            text_temperature=self._options.text_temperature,
            text_top_k=self._options.text_top_k,
        )

    def synchronize(self) -> None:
        import torch

        device = next(self._model.parameters()).device
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        elif device.type == "mps":
            torch.mps.synchronize()

    def close(self) -> None:
        del self._model, self._processor
