"""Kokoro through kokoro-onnx: a folder with the ONNX model and its voices."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from .base import Fact, LoadRequest, Speech

if TYPE_CHECKING:
    import numpy as np
    from kokoro_onnx import Kokoro as Model
    from numpy.typing import NDArray

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=\S)")
STYLE = 256
"""Numbers in a voice's style, of which it has one for each length of text."""


@dataclass(frozen=True)
class KokoroOptions:
    """Speech is synthesized, and streamed, sentence by sentence."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    voice: str = "af_heart"
    """A file `voices/<voice>.bin` of the weights."""
    language: str = "en-us"
    """As espeak-ng, which turns text into phonemes, names it."""
    speed: float = 1.0
    threads: int = 2
    sentence_pause_s: float = 0.25

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9_]+", self.voice):
            raise ValueError("voice must be a name such as af_heart")
        if not 0.5 <= self.speed <= 2:
            raise ValueError("speed must be between 0.5 and 2")
        if self.threads < 1:
            raise ValueError("threads must be at least 1")
        if not 0 <= self.sentence_pause_s <= 5:
            raise ValueError("sentence_pause_s must be between 0 and 5")


class Kokoro:
    """See <https://github.com/thewh1teagle/kokoro-onnx>."""

    tasks: ClassVar[frozenset[str]] = frozenset({"tts"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = 24_000
    distributions: ClassVar[tuple[str, ...]] = ("kokoro-onnx", "onnxruntime", "phonemizer", "espeakng-loader")
    needs_weights: ClassVar[bool] = True
    extra: ClassVar[str] = "tts"
    Options: ClassVar[type[Any]] = KokoroOptions

    def __init__(self, model: Model, voice: NDArray[np.float32], options: KokoroOptions) -> None:
        self._model = model
        self._voice = voice
        self._options = options

    @classmethod
    def load(cls, request: LoadRequest) -> Kokoro:
        import numpy as np
        import onnxruntime
        from kokoro_onnx import Kokoro as Model

        if request.weights is None:
            raise ValueError("kokoro needs `weights:` in the model's spec")
        options = KokoroOptions(**request.options)
        models = sorted(request.weights.glob("*.onnx"))
        if len(models) != 1:
            raise ValueError(f"kokoro wants one .onnx file among its weights, found {len(models)}")
        voice = _voice(request.weights / "voices", options.voice)
        wanted = onnxruntime.SessionOptions()
        wanted.intra_op_num_threads = options.threads
        session = onnxruntime.InferenceSession(str(models[0]), wanted, providers=["CPUExecutionProvider"])
        # The library reads voices from an archive of all of them.
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "voices.npz"
            np.savez(archive, **{options.voice: voice})  # type: ignore[arg-type]  # numpy's stub takes them for flags
            model = Model.from_session(session, str(archive))
        return cls(model, voice, options)

    def synthesize(self, text: str, language: str | None) -> Iterator[Speech]:
        import numpy as np

        options = self._options
        sentences = [each for each in _SENTENCE_END.split(text.strip()) if any(map(str.isalnum, each))]
        for i, sentence in enumerate(sentences):
            samples, rate = self._model.create(sentence, self._voice, options.speed, options.language)
            if i < len(sentences) - 1:
                pause = np.zeros(round(options.sentence_pause_s * rate), dtype=np.float32)
                samples = np.concatenate([samples, pause])
            yield Speech(samples, rate)

    def facts(self) -> dict[str, Fact]:
        return {"device": "cpu", "voice": self._options.voice}

    def synchronize(self) -> None:
        """Nothing to do: calls are synchronous."""

    def close(self) -> None:
        del self._model


def _voice(folder: Path, name: str) -> NDArray[np.float32]:
    """A voice's styles, of shape (lengths, 1, 256). Raises ValueError."""
    import numpy as np

    path = folder / f"{name}.bin"
    if not path.is_file():
        known = ", ".join(sorted(each.stem for each in folder.glob("*.bin"))) or "none"
        raise ValueError(f"no voice `{name}` among the weights; found {known}")
    numbers = np.fromfile(path, dtype="<f4")
    if not len(numbers) or len(numbers) % STYLE:
        raise ValueError(f"{path.name} is no voice: {len(numbers)} numbers, not a multiple of {STYLE}")
    return numbers.reshape(-1, 1, STYLE)
