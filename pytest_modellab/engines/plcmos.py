"""PLCMOS: predicted mean opinion scores of speech with lost or concealed pieces, without a reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from .base import Clip, LoadRequest
from .predictor import Predictor


@dataclass(frozen=True)
class PlcMosOptions:
    """PLCMOS has no options."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}


class PlcMos:
    """See <https://github.com/microsoft/PLC-Challenge>; Diener et al. 2023, "PLCMOS - A data-driven non-intrusive
    metric for the evaluation of packet loss concealment algorithms"."""

    tasks: ClassVar[frozenset[str]] = frozenset()
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ("speechmos", "librosa", "onnxruntime")
    extra: ClassVar[str] = "quality"
    Options: ClassVar[type[Any]] = PlcMosOptions

    def __init__(self, library: Any) -> None:
        self._library = library

    @classmethod
    def load(cls, request: LoadRequest) -> PlcMos:
        from speechmos import plcmos

        return cls(plcmos)

    def score(self, clip: Clip) -> float:
        """Quality, from 1, bad, to 5, excellent."""
        import numpy as np

        found = self._library.run(np.clip(clip.samples, -1, 1), sr=clip.rate, return_df=False)
        return float(found["plcmos"])

    def synchronize(self) -> None:
        """Nothing to do: calls are synchronous."""

    def close(self) -> None:
        """Nothing to release."""


PREDICTOR = Predictor(
    PlcMos,
    title="PLCMOS",
    unit="1",
    better="higher",
    doc="Mean opinion score of the speech, 1 to 5, as PLCMOS v2 (Diener et al. 2023) predicts it: what gaps and their "
    "concealment cost; mean over the utterances.",
    scale=(1.0, 5.0),
    evidence="ratings of packet loss concealment by listeners, on which it was trained",
    weights={
        "speechmos/plcmos_models/plcmos_v2.onnx": "c0ad3fc64ef9682b4749c0e96636b41c73b4b30bd123b9348feea06a96895286"
    },
)
