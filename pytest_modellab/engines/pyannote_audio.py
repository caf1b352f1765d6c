"""pyannote.audio: its pretrained pipelines of speaker diarization, out of a folder, on CPU and CUDA."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from . import on_torch
from .base import Clip, LoadRequest
from .diarizer import SpeakerSegment


@dataclass(frozen=True)
class PyannoteAudioOptions:
    """Of the number of speakers, which a pipeline else finds by itself."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    speakers: int | None = None
    """Their number, where it is known."""
    min_speakers: int | None = None
    max_speakers: int | None = None
    exclusive: bool = False
    """One speaker at a time, as pipelines of version 4 give it beside the other, for words that are to be assigned."""
    cpu_threads: int = 2

    def __post_init__(self) -> None:
        for name in ("speakers", "min_speakers", "max_speakers"):
            if (given := getattr(self, name)) is not None and given < 1:
                raise ValueError(f"{name} must be at least 1, or null")
        if self.speakers is not None and (self.min_speakers is not None or self.max_speakers is not None):
            raise ValueError("speakers is their number: leave min_speakers and max_speakers out")
        if self.cpu_threads < 1:
            raise ValueError("cpu_threads must be at least 1: 0 would mean a number that differs by machine")


class PyannoteAudio:
    """See <https://github.com/pyannote/pyannote-audio>."""

    tasks: ClassVar[frozenset[str]] = frozenset({"diarize"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu", "cuda"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ("pyannote-audio", "torch")
    needs_weights: ClassVar[bool] = True
    extra: ClassVar[str] = "pyannote"
    Options: ClassVar[type[Any]] = PyannoteAudioOptions

    def __init__(self, pipeline: Any, device: Any, options: PyannoteAudioOptions) -> None:
        self._pipeline = pipeline
        self._device = device
        self._options = options

    @classmethod
    def load(cls, request: LoadRequest) -> PyannoteAudio:
        from pyannote.audio import Pipeline

        if request.weights is None:
            raise ValueError("pyannote-audio needs `weights:` in the model's spec")
        options = PyannoteAudioOptions(**request.options)
        device = on_torch.begin(request.device, "float32", options.cpu_threads)
        # A folder that holds all parts of the pipeline, as those of version 4 do: nothing is fetched.
        pipeline = Pipeline.from_pretrained(request.weights)
        if pipeline is None:
            raise ValueError(f"{request.weights} holds no pipeline of pyannote.audio: it has no config.yaml")
        pipeline.to(device)
        return cls(pipeline, device, options)

    def diarize(self, clip: Clip) -> list[SpeakerSegment]:
        import torch

        options = self._options
        asked = {
            "num_speakers": options.speakers,
            "min_speakers": options.min_speakers,
            "max_speakers": options.max_speakers,
        }
        heard = {"waveform": torch.from_numpy(clip.samples)[None], "sample_rate": clip.rate}
        found = self._pipeline(heard, **{name: value for name, value in asked.items() if value is not None})
        return [*_segments(found, exclusive=options.exclusive)]

    def facts(self) -> dict[str, str | int | float | bool | None]:
        return {
            "device": str(self._device),
            "family": type(self._pipeline).__name__,
            "cpu_threads": self._options.cpu_threads,
            "speakers": "by the pipeline" if self._options.speakers is None else self._options.speakers,
        }

    def synchronize(self) -> None:
        on_torch.wait_for(self._device)

    def close(self) -> None:
        del self._pipeline


def _segments(found: Any, *, exclusive: bool) -> Iterator[SpeakerSegment]:
    """What version 4 gives, an object with two annotations, or version 3, the annotation itself."""
    name = "exclusive_speaker_diarization" if exclusive else "speaker_diarization"
    if exclusive and not hasattr(found, name):
        raise ValueError("this pipeline gives no exclusive diarization: leave `exclusive` out")
    annotation = getattr(found, name, found)
    tracks: Iterable[Any] = annotation.itertracks(yield_label=True)
    for place, _, label in tracks:
        yield SpeakerSegment(float(place.start), float(place.end), str(label))
