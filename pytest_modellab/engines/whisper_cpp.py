"""whisper.cpp: Whisper in C++ by ggml, through pywhispercpp, on CPU."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pytest_modellab.core.language import canonical_name

from .base import Clip, LoadRequest, Transcript, check_language, expected_language
from .whisper_translation import check_target

_WINDOW_S = 30
_GREEDY, _BEAM_SEARCH = 0, 1
_PROMPT_TOKENS = 224
"""Half of Whisper's text context, as in OpenAI's code."""
_FIXED_TOKENS = 51_765
"""Tokens that are neither languages nor, in multilingual models, the one more."""
_NO_LIMIT = 0


_DTYPES = {0: "float32", 1: "float16"}
"""Of the library's types of files; all others are quantized."""


@dataclass(frozen=True)
class WhisperCppOptions:
    """Deterministic by default: one temperature (a list of them makes WER flicker), no text carried over."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    beam_size: int = 5
    """1 takes the best token each time."""
    cpu_threads: int = 2
    temperature: float = 0.0
    condition_on_previous_text: bool = False
    language: str | None = None
    """Fixed language, or `auto` to have it detected; else the clip's own."""
    initial_prompt: str | None = None
    suppress_non_speech: bool = True
    """Whether tokens such as brackets and notes are never written, as in other Whispers; the library's own is false."""
    flash_attention: bool = True
    """The library's own; keys and values are float16 with it."""

    def __post_init__(self) -> None:
        if not 1 <= self.beam_size <= 8:
            raise ValueError("beam_size must be between 1 and 8, the library's bound")
        if self.cpu_threads < 1:
            raise ValueError("cpu_threads must be at least 1: 0 would mean a number that differs by machine")
        if not 0 <= self.temperature <= 1:
            raise ValueError("temperature must be between 0 and 1")
        if self.initial_prompt and not self.condition_on_previous_text:
            raise ValueError("initial_prompt goes with `condition_on_previous_text: true`: the library keeps one text")


class WhisperCpp:
    """See <https://github.com/ggml-org/whisper.cpp> and <https://github.com/absadiki/pywhispercpp>."""

    tasks: ClassVar[frozenset[str]] = frozenset({"asr", "translate"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ("pywhispercpp",)
    needs_weights: ClassVar[bool] = True
    extra: ClassVar[str] = "whisper-cpp"
    Options: ClassVar[type[Any]] = WhisperCppOptions

    def __init__(self, library: Any, model: Any, options: WhisperCppOptions, spoken: Collection[str]) -> None:
        """`library`: the C interface; `model`: what holds its context and parameters."""
        self._library = library
        self._model = model
        self._options = options
        self._spoken = spoken

    @classmethod
    def load(cls, request: LoadRequest) -> WhisperCpp:
        options = WhisperCppOptions(**request.options)
        file = _file(request.weights)
        import _pywhispercpp
        from pywhispercpp.model import Model

        model: Any = Model(
            str(file),
            params_sampling_strategy=_GREEDY if options.beam_size == 1 else _BEAM_SEARCH,
            context_params={"use_gpu": False, "flash_attn": options.flash_attention},
            **_parameters(options),
        )
        if model._ctx is None:
            raise ValueError(f"{file} is no model that whisper.cpp can load")
        spoken = _languages(_pywhispercpp, model._ctx)
        check_language(options.language, spoken)
        return cls(_pywhispercpp, model, options, spoken)

    def transcribe(self, clip: Clip) -> Transcript:
        return self._written(clip, translate=False)

    def translate(self, clip: Clip, target: str) -> Transcript:
        check_target(target, multilingual=len(self._spoken) > 1)
        return self._written(clip, translate=True)

    def _written(self, clip: Clip, *, translate: bool) -> Transcript:
        language = expected_language(self._options.language, clip, self._spoken)
        library, context, parameters = self._library, self._model._ctx, self._model._params
        parameters.language = language or "auto"
        parameters.translate = translate
        # Model.transcribe leaves out whether it failed, and the space that a segment begins with.
        failed = library.whisper_full(context, parameters, clip.samples, len(clip.samples))
        if failed:
            raise RuntimeError(f"whisper.cpp failed with code {failed}")
        count = library.whisper_full_n_segments(context)
        text = b"".join(library.whisper_full_get_segment_text(context, i) for i in range(count))
        return Transcript(
            text.decode("utf-8", "replace").strip(), self._detected() if language is None and count else None
        )

    def _detected(self) -> str | None:
        """The language of the last clip, as the model made it out; an English-only one reports `en` for every clip."""
        if len(self._spoken) == 1:
            return None
        return canonical_name(self._library.whisper_lang_str(self._library.whisper_full_lang_id(self._model._ctx)))

    def facts(self) -> dict[str, str | int | float | bool | None]:
        return {
            "device": "cpu",
            "dtype": _DTYPES.get(ftype := self._library.whisper_model_ftype(self._model._ctx), f"quantized, {ftype}"),
            "cpu_threads": self._options.cpu_threads,
            "family": "whisper",
            "long_audio": "window after window, each from the last timestamp of the one before",
            "chunk_s": _WINDOW_S,
        }

    def synchronize(self) -> None:
        """Nothing to wait for: the call returns with the text."""

    def close(self) -> None:
        del self._model


def _parameters(options: WhisperCppOptions) -> dict[str, Any]:
    """By the library's names."""
    return {
        "n_threads": options.cpu_threads,
        "temperature": options.temperature,
        "temperature_inc": 0.0,
        "beam_search": {"beam_size": options.beam_size, "patience": -1.0},
        "greedy": {"best_of": 1},
        "no_context": True,  # of another clip
        "n_max_text_ctx": _PROMPT_TOKENS if options.condition_on_previous_text else _NO_LIMIT,
        "suppress_nst": options.suppress_non_speech,
        "print_progress": False,
        "print_realtime": False,
        **({"initial_prompt": options.initial_prompt} if options.initial_prompt else {}),
    }


def _file(weights: Path | None) -> Path:
    if weights is None:
        raise ValueError("whisper-cpp needs `weights:` in the model's spec")
    found = sorted(weights.glob("*.bin"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise ValueError(f"whisper-cpp loads one file that ends in .bin; found in {weights}: {names}")
    return found[0]


def _languages(library: Any, context: Any) -> tuple[str, ...]:
    """The languages that the weights have a token for: the library lists Cantonese for all of them."""
    if not library.whisper_is_multilingual(context):
        return ("en",)
    count = library.whisper_n_vocab(context) - _FIXED_TOKENS - 1
    return tuple(library.whisper_lang_str(i) for i in range(min(count, library.whisper_lang_max_id() + 1)))
