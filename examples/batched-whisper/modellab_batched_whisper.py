"""faster-whisper's batched pipeline: long recordings are cut at silences, and the pieces recognised together."""

from dataclasses import dataclass
from typing import Any, ClassVar

from pytest_modellab import Clip, LoadRequest, Transcript


@dataclass(frozen=True)
class Options:
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
    compute_type: str = "default"
    beam_size: int = 5
    batch_size: int = 8


class BatchedWhisper:
    tasks, devices, rate = frozenset({"asr"}), frozenset({"cpu", "cuda"}), 16_000
    distributions, extra, Options = ("faster-whisper", "ctranslate2"), "", Options

    def __init__(self, pipeline: Any, options: Options) -> None:
        self.pipeline, self.options = pipeline, options

    @classmethod
    def load(cls, request: LoadRequest) -> "BatchedWhisper":
        from faster_whisper import BatchedInferencePipeline, WhisperModel

        options = Options(**request.options)
        model = WhisperModel(str(request.weights), device=request.device.kind, compute_type=options.compute_type)
        return cls(BatchedInferencePipeline(model), options)

    def transcribe(self, clip: Clip) -> Transcript:
        beam, batch = self.options.beam_size, self.options.batch_size
        segments, _ = self.pipeline.transcribe(clip.samples, language=clip.language, beam_size=beam, batch_size=batch)
        return Transcript("".join(segment.text for segment in segments).strip())

    def synchronize(self) -> None: ...
    def close(self) -> None: ...
