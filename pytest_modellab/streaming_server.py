"""A reference server of the contract in docs/streaming.md: it puts any streaming engine of this process on the net.

For development and tests: no encryption, no login, one engine for all connections, which take turns.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any, cast

from .engines.asr_contract import (
    RATE,
    AsrFinal,
    AsrPartial,
    ContractError,
    FinalSummary,
    Status,
    from_pcm,
    parse_start,
    parse_stop,
    server_message,
)
from .engines.base import Settled, Settling, Stream, StreamingTranscriber

START_S = 30.0
"""How long a client may take to say `start`."""
UNREADABLE = 1002
"""The closing code of a protocol error (RFC 6455, section 7.4.1)."""


class StreamingServer:
    """Serves `engine` at `url` from a thread of its own, until closed. Use it as a context manager."""

    def __init__(self, engine: StreamingTranscriber, name: str, *, host: str = "127.0.0.1", port: int = 0) -> None:
        """`name` is what the server calls itself; port 0 is any that is free. Raises OSError, as for a port in use.

        Raises ValueError for an engine that doesn't take audio at the contract's rate.
        """
        from websockets.sync.server import serve

        if engine.rate != RATE:
            raise ValueError(f"{name} takes audio at {engine.rate} Hz, the contract has {RATE} Hz")
        self._engine = engine
        self._name = name
        self._turn = threading.Lock()
        # No pings and no limit on what waits: the client's own time-outs and TCP see to both.
        self._server = serve(self._serve, host, port, ping_interval=None, compression=None)
        port = self._server.socket.getsockname()[1]
        self.url = f"ws://[{host}]:{port}" if ":" in host else f"ws://{host}:{port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Return once it is closed."""
        self._thread.join()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()

    def __enter__(self) -> StreamingServer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _serve(self, socket: Any) -> None:
        """One connection, in a thread of its own."""
        from websockets.exceptions import ConnectionClosed

        try:
            try:
                self._converse(socket)
            except ConnectionClosed:
                raise
            except ContractError as error:
                socket.send(server_message(Status("error", str(error))))
                socket.close(UNREADABLE)
            except Exception as error:  # whatever an engine raises, the client is to hear of it
                socket.send(server_message(Status("error", f"{type(error).__name__}: {error}")))
                socket.close(1011)
        except ConnectionClosed:
            pass  # the client comes again with what it has kept, or doesn't

    def _converse(self, socket: Any) -> None:
        try:
            start = parse_start(socket.recv(timeout=START_S))
        except TimeoutError:
            raise ContractError(f"no `start` within {START_S:g} s") from None
        with self._turn:
            stream = self._engine.start(start.language)
        try:
            socket.send(server_message(Status("ready", server=self._name)))
            self._listen(socket, stream, start.offset_s)
        finally:
            with self._turn:
                stream.close()

    def _listen(self, socket: Any, stream: Stream, offset_s: float) -> None:
        told, heard = Settled("", 0.0), 0
        while isinstance(said := socket.recv(), bytes):
            samples = from_pcm(said)
            heard += len(samples)
            with self._turn:
                stream.push(samples)
                partials = stream.partials()
                settled = stream.settled() if isinstance(stream, Settling) else told
            for partial in partials:
                socket.send(server_message(AsrPartial(_after(told.text, partial.text))))
            if settled.end_s > told.end_s:
                text = _after(told.text, settled.text)
                socket.send(server_message(AsrFinal(text, offset_s + settled.end_s)))
                told = settled
        parse_stop(said)
        with self._turn:
            transcript = stream.finish()
        rest = _after(told.text, transcript.text)
        socket.send(server_message(AsrFinal(rest, offset_s + heard / RATE)))
        socket.send(server_message(FinalSummary(transcript.text, transcript.language)))


def _after(settled: str, text: str) -> str:
    """What `text` has beyond what it begins with."""
    return text.removeprefix(settled).strip()


def load_engine(target: type[Any], request: Any) -> StreamingTranscriber:
    """An engine loaded into this process. Raises ValueError where it doesn't do streaming, or what `load` raises."""
    if "streaming" not in target.tasks:
        raise ValueError(f"{target.__name__} does not do `streaming`, only {', '.join(sorted(target.tasks))}")
    return cast(StreamingTranscriber, target.load(request))
