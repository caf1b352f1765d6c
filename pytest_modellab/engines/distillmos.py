"""DistillMOS: predicted mean opinion score of speech quality, without a reference."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar

from .base import Clip, LoadRequest
from .predictor import Predictor

LEAST_S = 0.1


@dataclass(frozen=True)
class DistillMosOptions:
    """The number of threads."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    cpu_threads: int = 2


class DistillMos:
    """See <https://github.com/microsoft/Distill-MOS>; Stahl & Gamper 2025, "Distillation and Pruning for Scalable
    Self-Supervised Representation-Based Speech Quality Assessment"."""

    tasks: ClassVar[frozenset[str]] = frozenset()
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ("distillmos", "xls-r-sqa", "torch")
    extra: ClassVar[str] = "quality"
    Options: ClassVar[type[Any]] = DistillMosOptions

    def __init__(self, model: Any) -> None:
        self._model = model

    @classmethod
    def load(cls, request: LoadRequest) -> DistillMos:
        import torch

        try:
            import torchaudio  # noqa: F401  # only to see whether it can be
        except (ImportError, OSError):
            # The library imports it for its command line alone, and it fails to load beside another build of torch.
            sys.modules["torchaudio"] = ModuleType("torchaudio")
        from distillmos import ConvTransformerSQAModel

        torch.set_num_threads(DistillMosOptions(**request.options).cpu_threads)
        return cls(ConvTransformerSQAModel().eval())

    def score(self, clip: Clip) -> float:
        """From 1, bad, to 5, excellent. Raises ValueError for less than a tenth of a second."""
        import torch

        if clip.seconds < LEAST_S:
            raise ValueError(f"{clip.seconds:.2f} s is too short to be rated")
        with torch.inference_mode():
            return float(self._model(torch.from_numpy(clip.samples)[None]))

    def synchronize(self) -> None:
        """Nothing to do: calls are synchronous."""

    def close(self) -> None:
        del self._model


PREDICTOR = Predictor(
    DistillMos,
    title="DistillMOS",
    unit="1",
    better="higher",
    doc="Mean opinion score of the speech, 1 to 5, as DistillMOS (Stahl & Gamper 2025) predicts it without "
    "listening to any reference; mean over the utterances.",
    scale=(1.0, 5.0),
    evidence="the scores of a larger model, xls-r-sqa, which was trained on listeners' ratings of transmitted, enhanced"
    " and synthesized speech (Stahl & Gamper 2025)",
    weights={
        "distillmos/weights/distill_mos_v7.pt": "b18b3ac60227267cfb91e5d00ce22cc7b73716fd92f269484da1446e27031a40"
    },
)
