"""Text-to-speech models of transformers: VITS (with MMS), SpeechT5, and others that generate a waveform."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from .base import Fact, LoadRequest, Speech
from .on_torch import Dtype, begin, wait_for

SPEAKER = "speaker.npy"
"""Beside SpeechT5's weights: a speaker's x-vector, 512 float32."""
VOCODER = "vocoder"
"""The folder beside SpeechT5's weights that holds its vocoder (microsoft/speecht5_hifigan)."""


@dataclass(frozen=True)
class TransformersTtsOptions:
    """Seeded before every text: VITS and SpeechT5 both sample."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    dtype: Dtype = "float32"
    cpu_threads: int = 2
    seed: int = 0
    speaker: int | None = None
    """Of a VITS with several."""
    speaking_rate: float = 1.0
    """Of VITS; above 1 is faster."""

    def __post_init__(self) -> None:
        if self.cpu_threads < 1:
            raise ValueError("cpu_threads must be at least 1")
        if not 0.25 <= self.speaking_rate <= 4:
            raise ValueError("speaking_rate must be between 0.25 and 4")


class TransformersTts:
    """See <https://huggingface.co/docs/transformers/tasks/text-to-speech>."""

    tasks: ClassVar[frozenset[str]] = frozenset({"tts"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu", "cuda", "mps"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ("transformers", "torch", "tokenizers", "safetensors", "sentencepiece")
    needs_weights: ClassVar[bool] = True
    extra: ClassVar[str] = "transformers"
    Options: ClassVar[type[Any]] = TransformersTtsOptions

    def __init__(self, model: Any, tokenizer: Any, options: TransformersTtsOptions, extras: Mapping[str, Any]) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._options = options
        self._extras = extras

    @classmethod
    def load(cls, request: LoadRequest) -> TransformersTts:
        import torch
        from transformers import AutoConfig, AutoModelForTextToWaveform, AutoTokenizer

        if request.weights is None:
            raise ValueError("transformers-tts needs `weights:` in the model's spec")
        options = TransformersTtsOptions(**request.options)
        device, dtype = begin(request.device, options.dtype, options.cpu_threads), getattr(torch, options.dtype)
        kind = AutoConfig.from_pretrained(request.weights, local_files_only=True).model_type
        tokenizer = AutoTokenizer.from_pretrained(request.weights, local_files_only=True)
        if kind == "speecht5":
            model, extras = _speecht5(request.weights, device, dtype)
        else:
            model = AutoModelForTextToWaveform.from_pretrained(request.weights, local_files_only=True, dtype=dtype)
            model, extras = model.to(device).eval(), {}
            if kind == "vits":
                model.speaking_rate = options.speaking_rate
        return cls(model, tokenizer, options, extras)

    def synthesize(self, text: str, language: str | None) -> Iterator[Speech]:
        import torch

        inputs = self._tokenizer(text, return_tensors="pt")
        if inputs["input_ids"].shape[-1] == 0 or not any(map(str.isalnum, text)):
            return
        inputs = inputs.to(self._model.device)
        torch.manual_seed(self._options.seed)
        with torch.inference_mode():
            if self._extras:
                waveform = self._model.generate_speech(inputs["input_ids"], **self._extras)
            elif self._model.can_generate():
                waveform = self._model.generate(**inputs)
            else:
                speaker = {} if self._options.speaker is None else {"speaker_id": self._options.speaker}
                waveform = self._model(**inputs, **speaker).waveform
        yield Speech(waveform.float().cpu().numpy().reshape(-1), self._sampling_rate)

    @property
    def _sampling_rate(self) -> int:
        config = self._extras["vocoder"].config if self._extras else self._model.config
        return int(getattr(config, "sampling_rate", self.rate))

    def facts(self) -> dict[str, Fact]:
        parameter = next(self._model.parameters())
        return {
            "device": str(parameter.device),
            "dtype": str(parameter.dtype).removeprefix("torch."),
            "family": self._model.config.model_type,
            "parameters": sum(each.numel() for each in self._model.parameters()),
        }

    def synchronize(self) -> None:
        wait_for(self._model.device)

    def close(self) -> None:
        del self._model


def _speecht5(folder: Path, device: Any, dtype: Any) -> tuple[Any, dict[str, Any]]:
    """The model, with the vocoder and the speaker that it needs beside it. Raises ValueError where one is missing."""
    import numpy as np
    import torch
    from transformers import SpeechT5ForTextToSpeech, SpeechT5HifiGan

    for name in (VOCODER, SPEAKER):
        if not (folder / name).exists():
            raise ValueError(f"SpeechT5 needs `{name}` among its weights")
    model = SpeechT5ForTextToSpeech.from_pretrained(folder, local_files_only=True, dtype=dtype).to(device).eval()
    vocoder = SpeechT5HifiGan.from_pretrained(folder / VOCODER, local_files_only=True, dtype=dtype).to(device).eval()
    speaker = torch.from_numpy(np.load(folder / SPEAKER, allow_pickle=False)).reshape(1, -1)
    return model, {"speaker_embeddings": speaker.to(device, dtype), "vocoder": vocoder}
