"""websocket: a client of recognition servers that follow the contract in docs/streaming.md."""

from __future__ import annotations

from typing import Any, ClassVar

from .asr_contract import RATE, ContractError
from .base import LoadRequest
from .websocket_options import WebsocketOptions
from .websocket_stream import Connection, WebsocketStream


class WebsocketAsr:
    """A client. Times include the server and the network; memory and processor time are the client's alone."""

    tasks: ClassVar[frozenset[str]] = frozenset({"streaming"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = RATE
    distributions: ClassVar[tuple[str, ...]] = ("websockets",)
    needs_weights: ClassVar[bool] = False
    outside: ClassVar[bool] = True
    extra: ClassVar[str] = "websocket"
    Options: ClassVar[type[Any]] = WebsocketOptions

    def __init__(self, options: WebsocketOptions, server: str) -> None:
        self._options = options
        self._server = server

    @classmethod
    def load(cls, request: LoadRequest) -> WebsocketAsr:
        """Check that the server answers. Raises ContractError, or ConnectionError with what to do."""
        options = WebsocketOptions(**request.options)
        try:
            with Connection.open(options, None, 0.0) as connection:
                return cls(options, connection.server)
        except ContractError:
            raise
        except Exception as error:
            raise ConnectionError(
                f"no server at {options.shown}: {error or type(error).__name__}. Start one there, such as"
                " `modellab serve-asr MODEL`, or set `url` in the model's spec"
            ) from error

    def start(self, language: str | None) -> WebsocketStream:
        return WebsocketStream(self._options, self._options.language or language)

    def facts(self) -> dict[str, str | int | float | bool | None]:
        return {"server": self._server, "address": self._options.shown}

    def synchronize(self) -> None:
        """Nothing to wait for: what the server's device does is told by its answers."""

    def close(self) -> None:
        """Each stream closes its own connection."""
