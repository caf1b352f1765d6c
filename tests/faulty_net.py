"""A way between a client and a server on which things go wrong: a TCP relay for tests of faults."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from urllib.parse import urlsplit


@dataclass
class FaultyNet:
    """Relays to the server at `target` from `url`.

    The connections, one after the other, are broken off once so many bytes of `drop_after` have gone to the server;
    those after them are left alone. `bytes_per_s` slows down what goes to the server.
    """

    target: str
    drop_after: tuple[int, ...] = ()
    bytes_per_s: float | None = None
    dropped: int = 0
    url: str = field(init=False)

    def __enter__(self) -> FaultyNet:
        # A small buffer, or the system would take in all of a short clip at once.
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._listener.close()

    def _accept(self) -> None:
        faults = [*self.drop_after]
        parts = urlsplit(self.target)
        with suppress(OSError):  # the listener was closed
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection((parts.hostname or "", parts.port or 0))
                limit = faults.pop(0) if faults else None
                threading.Thread(target=self._relay, args=(client, server, limit), daemon=True).start()
                threading.Thread(target=self._relay, args=(server, client, None), daemon=True).start()

    def _relay(self, source: socket.socket, sink: socket.socket, limit: int | None) -> None:
        passed = 0
        with suppress(OSError):
            while data := source.recv(2048):
                passed += len(data)
                if limit is not None and passed > limit:
                    self.dropped += 1
                    for each in (source, sink):
                        # A reset and no farewell, as of a cable that is pulled.
                        each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        each.shutdown(socket.SHUT_RDWR)
                        each.close()
                    return
                if self.bytes_per_s and limit is None and source.getsockname()[1] == self._port:
                    time.sleep(len(data) / self.bytes_per_s)
                sink.sendall(data)
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    @property
    def _port(self) -> int:
        return int(urlsplit(self.url).port or 0)
