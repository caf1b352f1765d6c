"""sherpa-onnx: recognisers of whole clips and of streams on onnxruntime in C++, on CPU and CUDA."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

from .base import MOST_IN_BATCH, Clip, LoadRequest, Transcript
from .utterances import UtteranceStream

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OfflineArchitecture = Literal[
    "transducer",
    "nemo-transducer",
    "nemo-ctc",
    "nemo-canary",
    "zipformer-ctc",
    "paraformer",
    "sense-voice",
    "whisper",
    "moonshine",
]
StreamingArchitecture = Literal[
    "streaming-transducer",
    "streaming-paraformer",
    "streaming-zipformer-ctc",
    "streaming-nemo-ctc",
]

_FACTORIES: Mapping[str, tuple[str, tuple[str, ...], Mapping[str, Any]]] = {
    "transducer": ("from_transducer", ("encoder", "decoder", "joiner"), {}),
    "nemo-transducer": (
        "from_transducer",
        ("encoder", "decoder", "joiner"),
        {"model_type": "nemo_transducer"},
    ),
    "nemo-ctc": ("from_nemo_ctc", ("model",), {}),
    "nemo-canary": ("from_nemo_canary", ("encoder", "decoder"), {}),
    "zipformer-ctc": ("from_zipformer_ctc", ("model",), {}),
    "paraformer": ("from_paraformer", ("paraformer",), {}),
    "sense-voice": ("from_sense_voice", ("model",), {}),
    "whisper": ("from_whisper", ("encoder", "decoder"), {}),
    "moonshine": ("from_moonshine_v2", ("encoder", "decoder"), {}),
    "streaming-transducer": ("from_transducer", ("encoder", "decoder", "joiner"), {}),
    "streaming-paraformer": ("from_paraformer", ("encoder", "decoder"), {}),
    "streaming-zipformer-ctc": ("from_zipformer2_ctc", ("model",), {}),
    "streaming-nemo-ctc": ("from_nemo_ctc", ("model",), {}),
}
"""By architecture: the library's function, the files that it takes, and what else tells it apart."""
_FILE_NAMES: Mapping[str, str] = {"paraformer": "model"}
"""What the file of a role is named by, where that isn't the role."""
_TAIL_S = 0.66
"""Silence after a stream, so that its last frames are decoded, as in the library's examples."""


@dataclass(frozen=True)
class SherpaOnnxOptions:
    """The library's own defaults, written down."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    architecture: OfflineArchitecture | StreamingArchitecture
    """What kind of model the files are; those of `streaming-` decode as the audio comes."""
    int8: bool = False
    """Of files in both forms, take those with `.int8.` in their names."""
    beam_size: int = 1
    """Paths that a transducer keeps; 1 takes the best token each time."""
    cpu_threads: int = 2
    batch_size: int = 1
    """So many different clips share a call; of architectures that don't stream."""
    language: str = ""
    """Of Whisper, Canary and SenseVoice; empty for the library's default."""
    inverse_normalization: bool = False
    """SenseVoice only: whether numbers become digits, with punctuation."""
    step_s: float = 0.2
    """A stream is decoded with so much new audio; after it, it may find the end of an utterance."""
    endpoint_s: float | None = 1.2
    """A stream takes speech as finished after so many seconds without it; null for never."""

    def __post_init__(self) -> None:
        if self.beam_size < 1:
            raise ValueError("beam_size must be at least 1")
        if self.beam_size > 1 and not self.architecture.endswith("transducer"):
            raise ValueError("beam_size above 1 goes with transducers")
        if self.cpu_threads < 1:
            raise ValueError("cpu_threads must be at least 1: 0 would mean a number that differs by machine")
        if not 1 <= self.batch_size <= MOST_IN_BATCH:
            raise ValueError(f"batch_size must be between 1 and {MOST_IN_BATCH}")
        if self.batch_size > 1 and self.streams:
            raise ValueError(f"batch_size above 1 doesn't go with {self.architecture}")
        if self.language and self.architecture not in _LANGUAGE_OPTIONS:
            raise ValueError(f"language goes with {', '.join(sorted(_LANGUAGE_OPTIONS))}")
        if self.inverse_normalization and self.architecture != "sense-voice":
            raise ValueError("inverse_normalization goes with sense-voice")
        if not 0.05 <= self.step_s <= 5:
            raise ValueError("step_s must be between 0.05 and 5")
        if self.endpoint_s is not None and not 0.1 <= self.endpoint_s <= 10:
            raise ValueError("endpoint_s must be between 0.1 and 10, or null")

    @property
    def streams(self) -> bool:
        return self.architecture in get_args(StreamingArchitecture)


_LANGUAGE_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "whisper": ("language",),
    "sense-voice": ("language",),
    "nemo-canary": ("src_lang", "tgt_lang"),
}
"""The library's names for the language, by architecture."""


class SherpaOnnx:
    """See <https://github.com/k2-fsa/sherpa-onnx>."""

    tasks: ClassVar[frozenset[str]] = frozenset({"asr", "streaming"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu", "cuda"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ("sherpa-onnx", "sherpa-onnx-core")
    needs_weights: ClassVar[bool] = True
    extra: ClassVar[str] = "sherpa-onnx"
    Options: ClassVar[type[Any]] = SherpaOnnxOptions

    def __init__(self, recognizer: Any, options: SherpaOnnxOptions, device: str) -> None:
        self._recognizer = recognizer
        self._options = options
        self._device = device

    @classmethod
    def load(cls, request: LoadRequest) -> SherpaOnnx:
        import sherpa_onnx

        if request.weights is None:
            raise ValueError("sherpa-onnx needs `weights:` in the model's spec")
        options = SherpaOnnxOptions(**request.options)
        device = request.device
        # The library falls back to the CPU without a word.
        if device.kind == "cuda" and "cuda" not in sherpa_onnx.version:
            raise ValueError("this sherpa-onnx is a build for the CPU: install one with CUDA")
        name, roles, more = _FACTORIES[options.architecture]
        kind = sherpa_onnx.OnlineRecognizer if options.streams else sherpa_onnx.OfflineRecognizer
        files = {role: str(_file(request.weights, role, int8=options.int8)) for role in roles}
        with tempfile.TemporaryDirectory() as scratch:
            tokens = _tokens(request.weights, Path(scratch))
            recognizer = getattr(kind, name)(
                **files,
                tokens=str(tokens),
                provider=device.kind,
                num_threads=options.cpu_threads,
                **more,
                **_settings(options),
                **({"device": device.index} if options.streams else {}),
            )
        return cls(recognizer, options, device.kind if device.kind == "cpu" else f"{device.kind}:{device.index}")

    def transcribe(self, clip: Clip) -> Transcript:
        if self._options.streams:
            streamed = self.start(clip.language)
            streamed.push(clip.samples)
            return streamed.finish()
        return self.transcribe_batch([clip])[0]

    def transcribe_batch(self, clips: Sequence[Clip]) -> list[Transcript]:
        streams = [self._recognizer.create_stream() for _ in clips]
        for stream, clip in zip(streams, clips, strict=True):
            stream.accept_waveform(clip.rate, clip.samples)
        self._recognizer.decode_streams(streams)
        return [Transcript(stream.result.text.strip()) for stream in streams]

    def start(self, language: str | None) -> UtteranceStream:
        options = self._options
        if not options.streams:
            raise ValueError(f"architecture `{options.architecture}` recognises whole clips: it doesn't stream")
        decoder = _Decoder(self._recognizer, self.rate)
        return UtteranceStream(decoder, self.rate, options.step_s, finds_ends=options.endpoint_s is not None)

    def facts(self) -> dict[str, str | int | float | bool | None]:
        options = self._options
        return {
            "device": self._device,
            "family": options.architecture,
            "cpu_threads": options.cpu_threads,
            "decoding": f"beam {options.beam_size}" if options.beam_size > 1 else "best token",
            "long_audio": "utterance after utterance, by the library's own endpointing" if options.streams else "whole",
        }

    def synchronize(self) -> None:
        """Nothing to wait for: the call returns with the text."""

    def close(self) -> None:
        del self._recognizer


class _Decoder:
    """A stream of the library, reset where an utterance ends."""

    def __init__(self, recognizer: Any, rate: int) -> None:
        self._recognizer = recognizer
        self._rate = rate
        self._stream = recognizer.create_stream()

    def hear(self, samples: NDArray[np.float32]) -> tuple[str, bool]:
        self._stream.accept_waveform(self._rate, samples)
        text = self._decoded()
        over = bool(self._recognizer.is_endpoint(self._stream))
        if over:
            self._recognizer.reset(self._stream)
        return text, over

    def rest(self) -> str:
        import numpy as np

        self._stream.accept_waveform(self._rate, np.zeros(round(_TAIL_S * self._rate), np.float32))
        self._stream.input_finished()
        return self._decoded()

    def _decoded(self) -> str:
        while self._recognizer.is_ready(self._stream):
            self._recognizer.decode_stream(self._stream)
        return str(self._recognizer.get_result(self._stream)).strip()


def _settings(options: SherpaOnnxOptions) -> dict[str, Any]:
    """By the library's names; only what the architecture's function takes."""
    found: dict[str, Any] = {"decoding_method": "modified_beam_search" if options.beam_size > 1 else "greedy_search"}
    if options.beam_size > 1:
        found["max_active_paths"] = options.beam_size
    if options.language:
        found |= dict.fromkeys(_LANGUAGE_OPTIONS[options.architecture], options.language)
    if options.architecture == "sense-voice":
        found["use_itn"] = options.inverse_normalization
    if options.streams:
        found["enable_endpoint_detection"] = options.endpoint_s is not None
        if options.endpoint_s is not None:
            found["rule2_min_trailing_silence"] = options.endpoint_s
    return found


def _file(weights: Path, role: str, *, int8: bool) -> Path:
    """The one model file of a role. Raises ValueError for none or several."""
    name = _FILE_NAMES.get(role, role)
    # `model` is also in names such as encoder_model.ort, which no architecture with a `model` has.
    found = sorted(path for path in weights.iterdir() if name in path.name and path.suffix in {".onnx", ".ort"})
    chosen = [path for path in found if (".int8." in path.name) == int8] if len(found) > 1 else found
    if len(chosen) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise ValueError(f"sherpa-onnx loads one {role}, a file with `{name}` in its name; found in {weights}: {names}")
    return chosen[0]


def _tokens(weights: Path, scratch: Path) -> Path:
    """The list of tokens, or one made in `scratch` from the tokenizer that Moonshine is published with."""
    found = sorted(weights.glob("*tokens.txt"))
    if len(found) == 1:
        return found[0]
    tokenizer = weights / "tokenizer.bin"
    if found or not tokenizer.is_file():
        raise ValueError(f"sherpa-onnx needs one list of tokens, *tokens.txt, in {weights}")
    made = scratch / "tokens.txt"
    tokens = _moonshine_tokens(tokenizer.read_bytes())
    made.write_text("".join(f"{base64.b64encode(token).decode()} {i}\n" for i, token in enumerate(tokens)), "ascii")
    return made


def _moonshine_tokens(data: bytes) -> Iterator[bytes]:
    """The tokens of a `tokenizer.bin`: each with its length before it, in one byte, or in two from 128 on."""
    at = 0
    while at < len(data):
        length, at = data[at], at + 1
        if length >= 128:
            length, at = (data[at] << 7) + length - 128, at + 1
        yield data[at : at + length]
        at += length
