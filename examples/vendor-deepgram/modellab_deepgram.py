"""Recognition by Deepgram, as a worked example of an engine for a vendor's own JSON interface.

The interface: https://developers.deepgram.com/docs/getting-started-with-pre-recorded-audio.
"""

import io
import os
import wave
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from pytest_modellab import Clip, LoadRequest, Transcript, TryAgain

PASSING = {408, 429, 500, 502, 503, 504}


@dataclass(frozen=True)
class Options:
    """Model, address, the name of the environment variable with the key, patience."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
    model: str = "nova-3"
    url: str = "https://api.deepgram.com/v1"
    api_key_env: str = "DEEPGRAM_API_KEY"
    smart_format: bool = False
    timeout_s: float = 60.0
    retries: int = 2


class Deepgram:
    """A client of the vendor: nothing is reused (`outside`), and a call may be made anew (`repeats`)."""

    tasks, devices, rate = frozenset({"asr"}), frozenset({"cpu"}), 16_000
    distributions, extra, Options = ("httpx2",), "served", Options
    needs_weights, outside, repeats = False, True, True

    def __init__(self, client: Any, options: Options, key: str) -> None:
        self.client, self.options, self._key = client, options, key

    @classmethod
    def load(cls, request: LoadRequest) -> "Deepgram":
        """Raises ValueError where the environment has no key."""
        import httpx2

        options = Options(**request.options)
        key = os.environ.get(options.api_key_env, "").strip()
        if not key:
            raise ValueError(f"the environment variable {options.api_key_env} is not set: export it with your key")
        headers = {"Authorization": f"Token {key}", "Content-Type": "audio/wav"}
        return cls(httpx2.Client(headers=headers, timeout=options.timeout_s), options, key)

    def transcribe(self, clip: Clip) -> Transcript:
        """Raises TryAgain for what may pass; RuntimeError for what the vendor refuses, or an answer without a text."""
        import httpx2

        asked = {"model": self.options.model, "smart_format": str(self.options.smart_format).lower()}
        asked |= {"language": clip.language} if clip.language else {"detect_language": "true"}
        try:
            answer = self.client.post(f"{self.options.url}/listen", params=asked, content=_wav(clip))
        except httpx2.TransportError as error:
            raise self._again(f"no answer: {type(error).__name__}") from None
        if answer.status_code in PASSING:
            raise self._again(f"{answer.status_code}: {answer.text[:200]}", answer.headers.get("retry-after", ""))
        if answer.status_code >= 400:
            raise RuntimeError(self._hidden(f"{answer.status_code}: {answer.text[:200]}"))
        try:
            return Transcript(answer.json()["results"]["channels"][0]["alternatives"][0]["transcript"].strip())
        except (ValueError, LookupError, TypeError, AttributeError):
            raise RuntimeError(self._hidden(f"an answer without a transcript: {answer.text[:200]}")) from None

    def _again(self, why: str, after: str = "") -> TryAgain:
        pause_s = float(after) if after.isdecimal() else 0.5
        return TryAgain(RuntimeError(self._hidden(why)), after_s=pause_s, most=self.options.retries)

    def _hidden(self, text: str) -> str:
        """A text without the key: errors stand in records and reports."""
        return text.replace(self._key, "***")

    def synchronize(self) -> None: ...

    def close(self) -> None:
        self.client.close()


def _wav(clip: Clip) -> bytes:
    """16-bit PCM."""
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(clip.rate)
        file.writeframes((np.clip(clip.samples, -1, 1) * 32767).astype("<i2").tobytes())
    return written.getvalue()
