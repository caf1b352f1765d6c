"""espeak-ng: formant synthesis, a lower reference point for neural voices. The library is GPL-3.0."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from pytest_modellab.core.language import canonical_name

from .base import Fact, LoadRequest, Speech

# Of speak_lib.h.
_AUDIO_OUTPUT_SYNCHRONOUS = 2
_CHARS_UTF8 = 1
_END_PAUSE = 0x1000
_POS_CHARACTER = 1
_RATE = 1
_DONT_EXIT = 0x8000


@dataclass(frozen=True)
class EspeakNgOptions:
    """The options of espeak-ng's command line."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    voice: str = "en-us"
    """A language or a voice, as espeak-ng names them."""
    words_per_minute: int = 175

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9+/_-]+", self.voice):
            raise ValueError("voice must be a name such as en-us")
        if not 80 <= self.words_per_minute <= 450:
            raise ValueError("words_per_minute must be between 80 and 450")


class EspeakNg:
    """See <https://github.com/espeak-ng/espeak-ng>; the library itself comes with espeakng-loader."""

    tasks: ClassVar[frozenset[str]] = frozenset({"tts"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = 22_050
    distributions: ClassVar[tuple[str, ...]] = ("espeakng-loader",)
    needs_weights: ClassVar[bool] = False
    extra: ClassVar[str] = "espeak"
    Options: ClassVar[type[Any]] = EspeakNgOptions

    def __init__(self, library: ctypes.CDLL, rate: int, options: EspeakNgOptions) -> None:
        self._library = library
        self._rate = rate
        self._options = options
        self._pieces: list[bytes] = []
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        self._callback = kind(self._take)  # kept: the library holds only its address
        library.espeak_SetSynthCallback(self._callback)

    @classmethod
    def load(cls, request: LoadRequest) -> EspeakNg:
        import espeakng_loader

        options = EspeakNgOptions(**request.options)
        library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = str(espeakng_loader.get_data_path()).encode()
        rate = int(library.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, 0, data, _DONT_EXIT))
        if rate <= 0:
            raise RuntimeError(f"espeak-ng could not start: {rate}")
        if library.espeak_SetVoiceByName(options.voice.encode()):
            raise ValueError(f"espeak-ng has no voice `{options.voice}`")
        library.espeak_SetParameter(_RATE, options.words_per_minute, 0)
        return cls(library, rate, options)

    def _take(self, samples: Any, count: int, _: Any) -> int:
        if samples and count:
            self._pieces.append(ctypes.string_at(samples, 2 * count))
        return 0

    def synthesize(self, text: str, language: str | None) -> Iterator[Speech]:
        import numpy as np

        spoken = canonical_name(self._options.voice)
        if canonical_name(language) not in {"", spoken}:
            raise ValueError(f"the text is in `{language}`: this voice speaks {spoken}")
        self._pieces.clear()
        # A zero would end the text.
        data = text.replace("\0", " ").encode("utf-8", "replace")
        flags = _CHARS_UTF8 | _END_PAUSE
        if self._library.espeak_Synth(data, len(data) + 1, 0, _POS_CHARACTER, 0, flags, None, None):
            raise RuntimeError("espeak-ng could not speak the text")
        self._library.espeak_Synchronize()
        pcm = np.frombuffer(b"".join(self._pieces), dtype=np.int16)
        yield Speech(pcm.astype(np.float32) / np.float32(32768), self._rate)

    def facts(self) -> dict[str, Fact]:
        return {"device": "cpu", "voice": self._options.voice}

    def synchronize(self) -> None:
        """Nothing to do: calls are synchronous."""

    def close(self) -> None:
        self._library.espeak_Terminate()
