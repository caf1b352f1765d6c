"""DNSMOS P.835: predicted mean opinion scores of noisy speech, without a reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from .base import Clip, LoadRequest
from .predictor import Predictor


@dataclass(frozen=True)
class DnsMosOptions:
    """DNSMOS has no options."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}


class DnsMos:
    """See <https://github.com/microsoft/DNS-Challenge>; Reddy et al. 2022, "DNSMOS P.835: A non-intrusive perceptual
    objective speech quality metric to evaluate noise suppressors"."""

    tasks: ClassVar[frozenset[str]] = frozenset()
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ("speechmos", "librosa", "onnxruntime")
    extra: ClassVar[str] = "quality"
    Options: ClassVar[type[Any]] = DnsMosOptions

    def __init__(self, library: Any) -> None:
        self._library = library

    @classmethod
    def load(cls, request: LoadRequest) -> DnsMos:
        from speechmos import dnsmos

        return cls(dnsmos)

    def score(self, clip: Clip) -> float:
        """Overall quality, from 1, bad, to 5, excellent."""
        import numpy as np

        found = self._library.run(np.clip(clip.samples, -1, 1), sr=clip.rate, return_df=False)
        return float(found["ovrl_mos"])

    def synchronize(self) -> None:
        """Nothing to do: calls are synchronous."""

    def close(self) -> None:
        """Nothing to release."""


PREDICTOR = Predictor(
    DnsMos,
    title="DNSMOS",
    unit="1",
    better="higher",
    doc="Overall mean opinion score of the speech, 1 to 5, as DNSMOS P.835 (Reddy et al. 2022) predicts it; "
    "mean over the utterances.",
    scale=(1.0, 5.0),
    evidence="ratings of noise suppressors by listeners (ITU-T P.835), on which it was trained; none of a synthesizer",
    weights={
        "speechmos/dnsmos_models/sig_bak_ovr.onnx": "269fbebdb513aa23cddfbb593542ecc540284a91849ac50516870e1ac78f6edd",
        "speechmos/dnsmos_models/model_v8.onnx": "9246480c58567bc6affd4200938e77eef49468c8bc7ed3776d109c07456f6e91",
    },
)
