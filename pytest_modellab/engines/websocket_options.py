"""Options of the engine `websocket`: the server's URL, and time-outs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit


@dataclass(frozen=True)
class WebsocketOptions:
    """The server's URL, and the time-outs and retries of the client."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    url: str
    """`ws://` or `wss://`."""
    model: str | None = None
    """The server's model to use; passed on to the server."""
    language: str | None = None
    """Fixed language; else the clip's own."""
    vad_filter: bool | None = None
    """Whether the server is to leave out non-speech; null for the server's default."""
    connect_timeout_s: float = 10.0
    """For connecting, and for its `ready`."""
    answer_timeout_s: float = 60.0
    """How long it may take no audio where some is waiting, and say nothing once all is sent."""
    reconnects: int = 5
    """The most reconnections in one stream."""
    queue_s: float = 2.0
    """Seconds of audio that may wait to be sent before the speaker has to wait."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"ws", "wss"} or not parts.hostname:
            raise ValueError("url must be an address such as ws://127.0.0.1:8765 or wss://asr.example.com/live")
        if self.connect_timeout_s <= 0:
            raise ValueError("connect_timeout_s must be more than 0")
        if self.answer_timeout_s <= 0:
            raise ValueError("answer_timeout_s must be more than 0")
        if self.reconnects < 0:
            raise ValueError("reconnects must be at least 0")
        if self.queue_s <= 0:
            raise ValueError("queue_s must be more than 0")

    @property
    def shown(self) -> str:
        """The address without user, password and query, which may hold a secret."""
        parts = urlsplit(self.url)
        host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
        return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"
