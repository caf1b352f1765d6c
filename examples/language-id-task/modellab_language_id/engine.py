"""The first step of every multilingual Whisper, by faster-whisper: the probability of each language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from pytest_modellab import Clip, LoadRequest


@dataclass(frozen=True)
class Options:
    """Options of the engine `whisper-language-id`."""

    compute_type: str = "default"
    """Of CTranslate2: int8, float16, ..."""
    cpu_threads: int = 2


class WhisperLanguageId:
    """See <https://github.com/SYSTRAN/faster-whisper>. It hears the first 30 s of a clip."""

    tasks: ClassVar[frozenset[str]] = frozenset({"language_id"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu", "cuda"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ("faster-whisper", "ctranslate2")
    needs_weights: ClassVar[bool] = True
    extra: ClassVar[str] = "faster-whisper"
    Options: ClassVar[type[Any]] = Options

    def __init__(self, model: Any) -> None:
        self._model = model

    @classmethod
    def load(cls, request: LoadRequest) -> WhisperLanguageId:
        from faster_whisper import WhisperModel

        options = Options(**request.options)
        model = WhisperModel(
            str(request.weights),
            device=request.device.kind,
            device_index=request.device.index,
            compute_type=options.compute_type,
            cpu_threads=options.cpu_threads,
            local_files_only=True,
        )
        if not model.model.is_multilingual:
            raise ValueError("these weights are of one language alone")
        return cls(model)

    def identify(self, clip: Clip) -> tuple[str, float]:
        """The most probable language of a clip, as an ISO 639 code, and its probability."""
        language, probability, _ = self._model.detect_language(clip.samples)
        return language, float(probability)

    def synchronize(self) -> None: ...

    def close(self) -> None: ...
