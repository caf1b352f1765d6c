"""sherpa-onnx's offline speaker diarization: pyannote's segmentation, speaker embeddings and clustering in C++."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from .base import Clip, LoadRequest
from .diarizer import SpeakerSegment


@dataclass(frozen=True)
class SherpaOnnxDiarizerOptions:
    """The library's own defaults, written down."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    threshold: float = 0.5
    """Of the clustering: higher finds fewer speakers."""
    speakers: int | None = None
    """Their number, where it is known; else by the threshold."""
    min_duration_on_s: float = 0.3
    """Shorter segments are left out."""
    min_duration_off_s: float = 0.5
    """Shorter pauses of a speaker are filled."""
    int8: bool = False
    """Of files in both forms, take those with `.int8.` in their names."""
    cpu_threads: int = 2

    def __post_init__(self) -> None:
        if not 0 < self.threshold < 2:
            raise ValueError("threshold must be between 0 and 2, a cosine distance")
        if self.speakers is not None and self.speakers < 1:
            raise ValueError("speakers must be at least 1, or null")
        for name in ("min_duration_on_s", "min_duration_off_s"):
            if not 0 <= getattr(self, name) <= 10:
                raise ValueError(f"{name} must be between 0 and 10")
        if self.cpu_threads < 1:
            raise ValueError("cpu_threads must be at least 1: 0 would mean a number that differs by machine")


class SherpaOnnxDiarizer:
    """See <https://k2-fsa.github.io/sherpa/onnx/speaker-diarization/index.html>.

    Its weights are a folder with two models: a segmentation, with `segmentation` in its path, and a speaker embedding.
    """

    tasks: ClassVar[frozenset[str]] = frozenset({"diarize"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu", "cuda"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ("sherpa-onnx", "sherpa-onnx-core")
    needs_weights: ClassVar[bool] = True
    extra: ClassVar[str] = "sherpa-onnx"
    Options: ClassVar[type[Any]] = SherpaOnnxDiarizerOptions

    def __init__(self, pipeline: Any, options: SherpaOnnxDiarizerOptions, device: str) -> None:
        self._pipeline = pipeline
        self._options = options
        self._device = device

    @classmethod
    def load(cls, request: LoadRequest) -> SherpaOnnxDiarizer:
        import sherpa_onnx

        if request.weights is None:
            raise ValueError("sherpa-onnx-diarizer needs `weights:` in the model's spec")
        options = SherpaOnnxDiarizerOptions(**request.options)
        kind = request.device.kind
        # The library falls back to the CPU without a word.
        if kind == "cuda" and "cuda" not in sherpa_onnx.version:
            raise ValueError("this sherpa-onnx is a build for the CPU: install one with CUDA")
        segmentation, embedding = model_files(request.weights, int8=options.int8)
        common = {"num_threads": options.cpu_threads, "provider": kind}
        config = sherpa_onnx.OfflineSpeakerDiarizationConfig(
            segmentation=sherpa_onnx.OfflineSpeakerSegmentationModelConfig(
                pyannote=sherpa_onnx.OfflineSpeakerSegmentationPyannoteModelConfig(model=str(segmentation)), **common
            ),
            embedding=sherpa_onnx.SpeakerEmbeddingExtractorConfig(model=str(embedding), **common),
            clustering=sherpa_onnx.FastClusteringConfig(
                num_clusters=-1 if options.speakers is None else options.speakers, threshold=options.threshold
            ),
            min_duration_on=options.min_duration_on_s,
            min_duration_off=options.min_duration_off_s,
        )
        if not config.validate():
            raise ValueError(f"sherpa-onnx refuses the models in {request.weights}: it says on the terminal why")
        pipeline = sherpa_onnx.OfflineSpeakerDiarization(config)
        if pipeline.sample_rate != cls.rate:
            raise ValueError(f"the models take {pipeline.sample_rate} Hz, and clips come at {cls.rate} Hz")
        return cls(pipeline, options, kind if kind == "cpu" else f"{kind}:{request.device.index}")

    def diarize(self, clip: Clip) -> list[SpeakerSegment]:
        found = self._pipeline.process(clip.samples).sort_by_start_time()
        return [SpeakerSegment(float(each.start), float(each.end), f"speaker_{each.speaker}") for each in found]

    def facts(self) -> dict[str, str | int | float | bool | None]:
        options = self._options
        return {
            "device": self._device,
            "family": "pyannote segmentation, speaker embeddings, fast clustering",
            "cpu_threads": options.cpu_threads,
            "speakers": "by the threshold" if options.speakers is None else options.speakers,
        }

    def synchronize(self) -> None:
        """Nothing to wait for: the call returns with the segments."""

    def close(self) -> None:
        del self._pipeline


def model_files(weights: Path, *, int8: bool) -> tuple[Path, Path]:
    """The models of segmentation and of embeddings. Raises ValueError unless there is one of each."""
    every = sorted(weights.rglob("*.onnx"))
    segmentation = [path for path in every if "segmentation" in path.relative_to(weights).as_posix().lower()]
    others = [path for path in every if path not in segmentation]
    found = [_chosen(each, int8=int8) for each in (segmentation, others)]
    if any(len(each) != 1 for each in found):
        names = ", ".join(path.relative_to(weights).as_posix() for path in every) or "none"
        raise ValueError(
            "sherpa-onnx diarizes by two models, an .onnx file with `segmentation` in its path and one of speaker"
            f" embeddings; found in {weights}: {names}"
        )
    return found[0][0], found[1][0]


def _chosen(paths: list[Path], *, int8: bool) -> list[Path]:
    return [path for path in paths if (".int8." in path.name) == int8] if len(paths) > 1 else paths
