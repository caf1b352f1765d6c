"""Smart Turn v3: Whisper's encoder with a classifier of the end of a turn behind it, in ONNX, on CPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from .base import Clip, Fact, LoadRequest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WINDOW_S = 8
"""It hears the last so many seconds of a turn; what is shorter follows on zeros."""


@dataclass(frozen=True)
class SmartTurnOptions:
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    threshold: float = 0.5
    """The probability from which on a turn counts as finished."""
    cpu_threads: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.threshold < 1:
            raise ValueError("threshold must be between 0 and 1")
        if self.cpu_threads < 1:
            raise ValueError("cpu_threads must be at least 1: 0 would mean a number that differs by machine")


class SmartTurn:
    """See <https://github.com/pipecat-ai/smart-turn>. Features are made here, as the library makes them."""

    tasks: ClassVar[frozenset[str]] = frozenset({"turn"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ("onnxruntime",)
    needs_weights: ClassVar[bool] = True
    extra: ClassVar[str] = "turn"
    Options: ClassVar[type[Any]] = SmartTurnOptions

    def __init__(self, session: Any, options: SmartTurnOptions) -> None:
        self._session = session
        self._options = options
        self.threshold = options.threshold

    @classmethod
    def load(cls, request: LoadRequest) -> SmartTurn:
        import onnxruntime

        from . import whisper_features

        found = sorted(request.weights.glob("*.onnx")) if request.weights is not None else []
        if len(found) != 1:
            raise ValueError(f"smart-turn needs one file .onnx among its weights, and found {len(found)}")
        options = SmartTurnOptions(**request.options)
        how = onnxruntime.SessionOptions()
        how.intra_op_num_threads = options.cpu_threads
        how.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(str(found[0]), sess_options=how, providers=["CPUExecutionProvider"])
        whisper_features.mel_filters()  # made once
        return cls(session, options)

    def ended(self, clip: Clip) -> float:
        from .whisper_features import log_mel

        features = log_mel(last_window(clip.samples, self.rate))
        (found,) = self._session.run(None, {"input_features": features[None]})
        return float(found.reshape(-1)[0])

    def facts(self) -> dict[str, Fact]:
        return {"device": "cpu", "cpu_threads": self._options.cpu_threads, "window_s": WINDOW_S}

    def synchronize(self) -> None:
        """Nothing to wait for: the call returns with the probability."""

    def close(self) -> None:
        del self._session


def last_window(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """The last eight seconds of a turn, shape (8 * rate,); zeros come before one that is shorter."""
    import numpy as np

    size = WINDOW_S * rate
    return np.pad(samples[-size:], (max(0, size - len(samples)), 0))
