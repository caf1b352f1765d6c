"""Hibari: a small English voice that comes with its package."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_modellab.core.language import primary_language

from .base import Fact, LoadRequest, Speech

if TYPE_CHECKING:
    from hibari import Hibari


@dataclass(frozen=True)
class HibariOptions:
    """A fixed noise seed, so that the same text gives the same speech."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    voice: str = "heart"
    """The one in the package; others are downloaded by the library itself."""
    speed: float = 1.0
    threads: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z_]+", self.voice):
            raise ValueError("voice must be a name such as heart")
        if not 0.5 <= self.speed <= 2:
            raise ValueError("speed must be between 0.5 and 2")
        if self.threads < 1:
            raise ValueError("threads must be at least 1")


class HibariTts:
    """See <https://github.com/MMWilliams/hibari>."""

    tasks: ClassVar[frozenset[str]] = frozenset({"tts"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = 24_000
    distributions: ClassVar[tuple[str, ...]] = ("hibari-tts", "onnxruntime")
    needs_weights: ClassVar[bool] = False
    extra: ClassVar[str] = "tts"
    Options: ClassVar[type[Any]] = HibariOptions

    def __init__(self, model: Hibari, options: HibariOptions) -> None:
        self._model = model
        self._options = options

    @classmethod
    def load(cls, request: LoadRequest) -> HibariTts:
        from hibari import Hibari

        options = HibariOptions(**request.options)
        model = Hibari(voice=options.voice, threads=options.threads)
        model.phonemize("Ready.")  # its pronunciations are read when first needed, which is loading
        return cls(model, options)

    def synthesize(self, text: str, language: str | None) -> Iterator[Speech]:
        if primary_language(language) not in {"", "en"}:
            raise ValueError(f"the text is in `{language}`: this voice speaks en")
        for samples in self._model.stream(text, speed=self._options.speed, seed=self._options.seed):
            yield Speech(samples, self._model.sample_rate)

    def facts(self) -> dict[str, Fact]:
        return {"device": "cpu", "voice": self._options.voice}

    def synchronize(self) -> None:
        """Nothing to do: calls are synchronous."""

    def close(self) -> None:
        del self._model
