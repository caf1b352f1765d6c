"""Speaker diarization by clusters of voices: Silero VAD, Resemblyzer's embeddings of windows, agglomerative clustering.

Both networks come in Python packages. One speaker at a time: of speech that overlaps it finds one voice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from . import silero_vad
from .base import Clip, LoadRequest
from .diarizer import SpeakerSegment

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RATE = 16_000
WINDOW_S = 1.6
"""The windows that the encoder was trained on."""
LEVEL_DBFS = -30.0
"""Quieter clips are turned up to this root mean square, as the encoder's own preparation does."""


@dataclass(frozen=True)
class VoiceClustersOptions:
    """Of detector, windows and clustering."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    threshold: float = 0.35
    """Mean cosine distance of two clusters from which on they are two speakers: higher finds fewer."""
    speakers: int | None = None
    """Their number, where it is known; else by the threshold."""
    step_s: float = 0.4
    """From one window of 1.6 s to the next."""
    vad_threshold: float = 0.5
    """Probability from which on the detector takes sound for speech."""
    shortest_pause_s: float = 0.1
    """Silence between two segments."""
    cpu_threads: int = 1
    """Its networks are so small that more are slower where others want the cores."""

    def __post_init__(self) -> None:
        if not 0 < self.threshold < 2:
            raise ValueError("threshold must be between 0 and 2, a cosine distance")
        if self.speakers is not None and self.speakers < 1:
            raise ValueError("speakers must be at least 1, or null")
        if not 0.05 <= self.step_s <= WINDOW_S:
            raise ValueError(f"step_s must be between 0.05 and {WINDOW_S}")
        if not 0 < self.vad_threshold < 1:
            raise ValueError("vad_threshold must be between 0 and 1")
        if not 0.03 <= self.shortest_pause_s <= 5:
            raise ValueError("shortest_pause_s must be between 0.03 and 5")
        if self.cpu_threads < 1:
            raise ValueError("cpu_threads must be at least 1: 0 would mean a number that differs by machine")


class VoiceClusters:
    """See <https://github.com/snakers4/silero-vad> and <https://github.com/resemble-ai/Resemblyzer>."""

    tasks: ClassVar[frozenset[str]] = frozenset({"diarize"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = RATE
    distributions: ClassVar[tuple[str, ...]] = (
        *("faster-whisper", "onnxruntime"),  # which has the detector, and what runs it
        *("resemblyzer", "librosa", "torch", "scipy"),
    )
    needs_weights: ClassVar[bool] = False
    extra: ClassVar[str] = "diarize"
    Options: ClassVar[type[Any]] = VoiceClustersOptions

    def __init__(self, encoder: Any, options: VoiceClustersOptions) -> None:
        self._encoder = encoder
        self._options = options

    @classmethod
    def load(cls, request: LoadRequest) -> VoiceClusters:
        import torch
        from resemblyzer import VoiceEncoder

        options = VoiceClustersOptions(**request.options)
        torch.set_num_threads(options.cpu_threads)
        silero_vad.prepare()
        return cls(VoiceEncoder("cpu", verbose=False), options)

    def diarize(self, clip: Clip) -> list[SpeakerSegment]:
        import numpy as np

        options = self._options
        spoken = silero_vad.speech(clip.samples, options.vad_threshold, options.shortest_pause_s)
        if not spoken:
            return []
        samples = turned_up(clip.samples)
        centres, embeddings = [], []
        for start, end in spoken:
            own, places = self._embedded(samples[start:end])
            embeddings.append(own)
            centres.append(places + start / RATE)
        labels = clustered(np.concatenate(embeddings), options.threshold, options.speakers)
        found = []
        for (start, end), places in zip(spoken, centres, strict=True):
            own_labels, labels = labels[: len(places)], labels[len(places) :]
            found += [*segments(start / RATE, end / RATE, places, own_labels)]
        return found

    def _embedded(self, samples: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Embeddings of unit length of windows, shape (n, 256), and the middle of each in seconds, shape (n,)."""
        import numpy as np

        _, embeddings, places = self._encoder.embed_utterance(
            samples, return_partials=True, rate=1 / self._options.step_s
        )
        # A window may reach beyond the end, where it is filled up with zeros.
        middles = [(place.start + min(place.stop, len(samples))) / 2 / RATE for place in places]
        return np.asarray(embeddings), np.asarray(middles)

    def facts(self) -> dict[str, str | int | float | bool | None]:
        options = self._options
        return {
            "device": "cpu",
            "family": "Silero VAD, Resemblyzer, average linkage of cosine distances",
            "cpu_threads": options.cpu_threads,
            "speakers": "by the threshold" if options.speakers is None else options.speakers,
            "overlapping speech": "one speaker",
        }

    def synchronize(self) -> None:
        """Nothing to do: calls are synchronous."""

    def close(self) -> None:
        del self._encoder


def turned_up(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """A clip with its level raised to LEVEL_DBFS where it is lower."""
    import numpy as np

    level = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    gain = 10 ** (LEVEL_DBFS / 20) / level if level else 1.0
    return np.asarray(samples * max(1.0, gain), dtype=np.float32)


def clustered(embeddings: NDArray[np.float32], threshold: float, speakers: int | None) -> NDArray[np.int_]:
    """The cluster of each embedding, shape (n,), numbered in the order in which they first occur.

    Average linkage of cosine distances, cut at the threshold or into so many clusters.
    """
    import numpy as np
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(embeddings) == 1:
        return np.zeros(1, dtype=np.int_)
    tree = linkage(embeddings, method="average", metric="cosine")
    if speakers is None:
        found = fcluster(tree, threshold, criterion="distance")
    else:
        found = fcluster(tree, speakers, criterion="maxclust")
    _, first, numbers = np.unique(found, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[numbers], dtype=np.int_)


def segments(
    start_s: float, end_s: float, middles: NDArray[np.float64], labels: Sequence[int] | NDArray[np.int_]
) -> Iterator[SpeakerSegment]:
    """A stretch of speech divided among speakers: each moment is of the window whose middle is nearest."""
    begins = start_s
    for i, label in enumerate(labels):
        last = i + 1 == len(labels)
        if not last and labels[i + 1] == label:
            continue
        ends = end_s if last else float(middles[i] + middles[i + 1]) / 2
        yield SpeakerSegment(begins, ends, f"speaker_{label}")
        begins = ends
