"""LFM2-Audio and LFM2.5-Audio through liquid-audio: one model that takes audio and generates text and audio tokens.

The library needs Python 3.12; a session that runs on an older one gives the model an `environment`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from . import lfm2_speech
from .base import Clip, Exchange, Fact, LoadRequest, Speech, Transcript, Turn

if TYPE_CHECKING:
    import torch
    from liquid_audio import ChatState, LFM2AudioModel, LFM2AudioProcessor

Mode = Literal["sequential", "interleaved"]

ASR_PROMPT = "Perform ASR."
CHAT_PROMPT = "Respond with interleaved text and audio."
TTS_PROMPT = "Perform TTS. Use the {voice} voice."

AUDIO_SAMPLING = {CHAT_PROMPT: (1.0, 4), TTS_PROMPT: (0.8, 64)}
"""Temperature and top k of audio that the model's authors use for a task: the likeliest codes are a drone."""
FRAMES_PER_LETTER = 3
"""What speaking may take: some three times as long as a slow speaker does."""

END_OF_TURN = 7
"""The token `<|im_end|>`, by which the library itself ends a generation."""
UNWRITTEN = {END_OF_TURN, 128, 130}
"""Tokens that are no text: this one, `<|audio_start|>`, `<|text_end|>`."""
END_OF_AUDIO = 2048
"""In a frame of audio: there is no sound in it, the audio is over."""
SPARE_TOKENS = 32
"""What any answer may take, however short the clip."""
LEAST_SAMPLES = 2560
"""The encoder refuses less than nine frames of 10 ms; shorter clips are filled up with silence."""


@dataclass(frozen=True)
class Lfm2AudioOptions:
    """Deterministic by default: greedy decoding."""

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
    audio_temperature: float | None = None
    """0 for the likeliest code; by default what the model's authors use for the task."""
    audio_top_k: int | None = None
    voice: Literal["US male", "US female", "UK male", "UK female"] = "US female"
    """Of the task tts."""
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
        if self.audio_temperature is not None and not 0 <= self.audio_temperature <= 2:
            raise ValueError("audio_temperature must be between 0 and 2")
        for name, top in (("text_top_k", self.text_top_k), ("audio_top_k", self.audio_top_k)):
            if top is not None and top < 1:
                raise ValueError(f"{name} must be at least 1")


class Lfm2Audio:
    """See <https://github.com/Liquid4All/liquid-audio>."""

    tasks: ClassVar[frozenset[str]] = frozenset({"asr", "chat", "tts"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu", "cuda", "mps"})
    rate: ClassVar[int] = 16_000
    hears: ClassVar[bool] = True
    speaks: ClassVar[bool] = True
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
        self._detokenizer: Any = None

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
        chat = self._chat(self._options.system_prompt or ASR_PROMPT, clip)
        ids = [int(token) for token in self._tokens(chat, "sequential", limit) if token.numel() == 1]
        text = [id for id in ids if id not in UNWRITTEN]
        return Transcript(self._processor.text.decode(text, skip_special_tokens=True).strip())

    def synthesize(self, text: str, language: str | None) -> Iterator[Speech]:
        limit = min(self._options.max_new_tokens, SPARE_TOKENS + FRAMES_PER_LETTER * len(text))
        prompt = self._options.system_prompt or TTS_PROMPT.format(voice=self._options.voice)
        tokens = self._tokens(self._chat(prompt, text), "sequential", limit, AUDIO_SAMPLING[TTS_PROMPT])
        for piece in self._pieces(tokens):
            if isinstance(piece, Speech):
                yield piece

    def respond(self, turn: Turn) -> Iterator[str | Speech]:
        if turn.clip is None:
            raise ValueError("lfm2-audio is given what was said aloud, and got no clip")
        chat = self._chat(self._options.system_prompt or CHAT_PROMPT, turn.clip, turn.history)
        tokens = self._tokens(chat, "interleaved", self._options.max_new_tokens, AUDIO_SAMPLING[CHAT_PROMPT])
        yield from self._pieces(tokens)

    def _chat(self, system: str, said: Clip | str, history: Sequence[Exchange] = ()) -> ChatState:
        """A conversation up to where the model is to answer what was `said`, aloud or in writing.

        Of earlier turns it is told what the user said as it was said, and its own replies in writing.
        """
        from liquid_audio import ChatState

        chat = ChatState(self._processor, codebooks=self._model.codebooks, dtype=self._dtype)
        chat.new_turn("system")
        chat.add_text(system)
        chat.end_turn()
        for past in history:
            self._add_user(chat, past.clip if past.clip is not None else past.text or past.heard or "")
            chat.new_turn("assistant")
            chat.add_text(past.reply)
            chat.end_turn()
        self._add_user(chat, said)
        chat.new_turn("assistant")
        return chat

    def _add_user(self, chat: ChatState, said: Clip | str) -> None:
        import numpy as np
        import torch

        chat.new_turn("user")
        if isinstance(said, str):
            chat.add_text(said)
        else:
            samples = np.pad(said.samples, (0, max(0, LEAST_SAMPLES - len(said.samples))))
            chat.add_audio(torch.from_numpy(samples)[None], said.rate)
        chat.end_turn()

    @property
    def _dtype(self) -> torch.dtype:
        import torch

        found: torch.dtype = getattr(torch, self._options.dtype)
        return found

    def _pieces(self, tokens: Iterable[torch.Tensor]) -> Iterator[str | Speech]:
        """Text and sound as they can be told of; its end, and frames without sound, left out."""
        wording, voice = lfm2_speech.Wording(self._processor.text), self._voice()
        for token in tokens:
            if token.numel() == 1:
                yield from voice.flush()
                if int(token) not in UNWRITTEN and (text := wording.add(int(token))):
                    yield text
            elif int(token.max()) < END_OF_AUDIO:
                yield from voice.add(token)
        if text := wording.rest():
            yield text
        yield from voice.rest()

    def _voice(self) -> lfm2_speech.Voice:
        if self._detokenizer is None:  # not when loading: recognition needs none
            device = next(self._model.parameters()).device
            self._detokenizer = lfm2_speech.load_detokenizer(self._processor, device)
        return lfm2_speech.Voice(self._detokenizer)

    def _tokens(
        self, chat: ChatState, mode: Mode, limit: int, sampling: tuple[float, int] | None = None
    ) -> Iterator[torch.Tensor]:
        """One by one, as they come: text tokens of shape (1,), audio frames of shape (codebooks,) in [0, 2048].

        `sampling` is how audio is chosen unless the options say otherwise: its temperature, and of how many.
        """
        import torch

        torch.manual_seed(self._options.seed)
        options = self._options
        temperature, top_k = sampling or (0.0, 1)
        if options.audio_temperature is not None:
            temperature = options.audio_temperature
        generate = self._model.generate_sequential if mode == "sequential" else self._model.generate_interleaved
        yield from generate(
            **chat,
            max_new_tokens=limit,
            text_temperature=options.text_temperature,
            text_top_k=options.text_top_k,
            audio_temperature=temperature,
            audio_top_k=options.audio_top_k or top_k,
        )

    def synchronize(self) -> None:
        import torch

        device = next(self._model.parameters()).device
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        elif device.type == "mps":
            torch.mps.synchronize()

    def close(self) -> None:
        del self._model, self._processor, self._detokenizer
