"""Piper: a folder with an ONNX voice and its settings. The library is GPL-3.0 and an extra of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_modellab.core.language import canonical_name

from .base import Fact, LoadRequest, Speech

if TYPE_CHECKING:
    from piper import PiperVoice


@dataclass(frozen=True)
class PiperOptions:
    """No noise by default: the voice's noise is drawn anew in every call and can't be seeded."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    length_scale: float = 1.0
    """Above 1 is slower."""
    noise_scale: float = 0.0
    noise_w_scale: float = 0.0
    speaker: int | None = None
    """Of a voice with several."""

    def __post_init__(self) -> None:
        if not 0.25 <= self.length_scale <= 4:
            raise ValueError("length_scale must be between 0.25 and 4")
        for name in ("noise_scale", "noise_w_scale"):
            if not 0 <= getattr(self, name) <= 2:
                raise ValueError(f"{name} must be between 0 and 2")


class Piper:
    """See <https://github.com/OHF-Voice/piper1-gpl>."""

    tasks: ClassVar[frozenset[str]] = frozenset({"tts"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu", "cuda"})
    rate: ClassVar[int] = 22_050
    distributions: ClassVar[tuple[str, ...]] = ("piper-tts", "onnxruntime")
    needs_weights: ClassVar[bool] = True
    extra: ClassVar[str] = "piper"
    Options: ClassVar[type[Any]] = PiperOptions

    def __init__(self, voice: PiperVoice, options: PiperOptions) -> None:
        self._voice = voice
        self._options = options

    @classmethod
    def load(cls, request: LoadRequest) -> Piper:
        from piper import PiperVoice

        if request.weights is None:
            raise ValueError("piper needs `weights:` in the model's spec")
        models = sorted(request.weights.glob("*.onnx"))
        if len(models) != 1:
            raise ValueError(f"piper wants one .onnx file among its weights, found {len(models)}")
        return cls(PiperVoice.load(models[0], use_cuda=request.device.kind == "cuda"), PiperOptions(**request.options))

    def synthesize(self, text: str, language: str | None) -> Iterator[Speech]:
        from piper import SynthesisConfig

        spoken = canonical_name(self._voice.config.espeak_voice)
        if canonical_name(language) not in {"", spoken}:
            raise ValueError(f"the text is in `{language}`: this voice speaks {spoken}")
        options = self._options
        how = SynthesisConfig(
            speaker_id=options.speaker,
            length_scale=options.length_scale,
            noise_scale=options.noise_scale,
            noise_w_scale=options.noise_w_scale,
        )
        for piece in self._voice.synthesize(text, how):
            yield Speech(piece.audio_float_array, piece.sample_rate)

    def facts(self) -> dict[str, Fact]:
        on_cuda = self._voice.session.get_providers()[0] == "CUDAExecutionProvider"
        return {"device": "cuda" if on_cuda else "cpu", "sample_rate": self._voice.config.sample_rate}

    def synchronize(self) -> None:
        """Nothing to wait for: a session's answer is there when it returns."""

    def close(self) -> None:
        del self._voice
