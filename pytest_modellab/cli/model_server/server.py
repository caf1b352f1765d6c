"""A server of models in a thread of this process."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import uvicorn

from .app import application

END_S = 10.0
"""For the calls that are being answered."""
MOST_CONNECTIONS = 256


class ModelServer:
    """It listens from the start to the end of its context.

    Attributes:
        url: its address, up to and with the version.
    """

    def __init__(
        self, engines: Mapping[str, Any], *, host: str = "127.0.0.1", port: int = 0, exposed: bool = False
    ) -> None:
        """`engines` are loaded, by the name of their model. Raises OSError where it can't listen there."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=MOST_CONNECTIONS)
        port = self._socket.getsockname()[1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{port}/v1"
        config = uvicorn.Config(
            application(engines, exposed=exposed),
            log_level="warning",
            access_log=False,
            lifespan="off",
            ws="websockets-sansio",
            ws_max_size=2**22,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        # An event, since a thread whose `join` is interrupted counts as ended from then on (Python 3.11).
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def join(self) -> None:
        """Return once it has ended."""
        while not self._ended.wait(0.5):
            pass

    def close(self) -> None:
        self._server.should_exit = True
        self._ended.wait(END_S)
        self._socket.close()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._ended.set()

    def __enter__(self) -> ModelServer:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
