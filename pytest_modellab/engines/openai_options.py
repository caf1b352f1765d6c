"""Options of the engine `openai-audio`: the server, its model, the key, time-outs and retries."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from .base import MOST_IN_BATCH

RESERVED = frozenset(
    {
        *("file", "model", "language", "prompt", "temperature", "response_format", "stream", "input", "voice"),
        *("instructions", "messages", "modalities", "audio"),
    }
)
"""Fields of requests that have an option of their own."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True)
class OpenAiOptions:
    """The server's address and model, and how patient the client is."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    url: str
    """Up to and with the version: `https://api.example.com/v1`."""
    model: str
    """The server's name for the model."""
    api_key_env: str | None = None
    """The environment variable with the key, which is sent as a bearer token; null for none."""
    headers_env: dict[str, str] = field(default_factory=dict)
    """More headers, each with the environment variable that has its value."""
    extra: dict[str, str | int | float | bool] = field(default_factory=dict)
    """More fields of each request, as the server takes them."""
    language: str | None = None
    """Fixed language, or `auto` to have it detected; else the clip's own."""
    prompt: str | None = None
    """Passed on with each recognition: words to expect, for one."""
    temperature: float = 0.0
    response_format: Literal["json", "verbose_json"] = "json"
    """Of recognition; `verbose_json` tells the language that was detected, too."""
    batch_size: int = 1
    """So many clips are sent at once, each in a request of its own; recognition only."""
    stream: bool = False
    """Whether recognised text is asked for as events, as it comes."""
    turn_detection: bool = True
    """Whether the server is to find the ends of speech in a stream."""
    voice: str = "alloy"
    speech_format: Literal["pcm", "wav"] = "pcm"
    speech_rate: int = 24_000
    """Hz of speech that comes as raw PCM, whose rate isn't told; 24,000 by the interface's documentation."""
    instructions: str | None = None
    """Of synthesis: how to speak. Of dialogues: the system's message."""
    connect_timeout_s: float = 10.0
    answer_timeout_s: float = 60.0
    """How long the server may say nothing."""
    retries: int = 2
    """How often a call is repeated that was refused (429), failed on the server's side (5xx) or lost its connection."""
    longest_wait_s: float = 30.0
    """A server that asks for a longer pause than this is not asked again."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("url must be an address such as http://127.0.0.1:8000/v1 or https://api.example.com/v1")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("url holds no user, password or query: keys come from the environment, by `api_key_env`")
        if taken := sorted(RESERVED & set(self.extra)):
            raise ValueError(f"extra: `{taken[0]}` is a field that the other options give")
        if not self.model:
            raise ValueError("model must be the server's name for the model")
        for name in (*([] if self.api_key_env is None else [self.api_key_env]), *self.headers_env.values()):
            if not _VARIABLE.fullmatch(name):
                raise ValueError("api_key_env and headers_env name environment variables, they hold no keys themselves")
        if wrong := [name for name in self.headers_env if not _HEADER.fullmatch(name)]:
            raise ValueError(f"headers_env: {wrong[0]!r:.60} is no name of a header")
        if not 1 <= self.batch_size <= MOST_IN_BATCH:
            raise ValueError(f"batch_size must be between 1 and {MOST_IN_BATCH}")
        if not 0 <= self.temperature <= 2:
            raise ValueError("temperature must be between 0 and 2")
        if not 4_000 <= self.speech_rate <= 192_000:
            raise ValueError("speech_rate must be between 4000 and 192000 Hz")
        if self.connect_timeout_s <= 0 or self.answer_timeout_s <= 0:
            raise ValueError("connect_timeout_s and answer_timeout_s must be more than 0")
        if not 0 <= self.retries <= 20:
            raise ValueError("retries must be between 0 and 20")
        if self.longest_wait_s <= 0:
            raise ValueError("longest_wait_s must be more than 0")

    @property
    def shown(self) -> str:
        """The address."""
        return self.url.rstrip("/")
