"""A reference server of the contract in docs/streaming.md, for any streaming engine.

For development and tests: no encryption, no authentication, one engine for all connections, which take turns. It
listens on the loopback interface by default, and limits what clients can request.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, cast
from urllib.parse import urlsplit

from pytest_modellab.engines.asr_contract import (
    MOST_MESSAGE_BYTES,
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
from pytest_modellab.engines.base import Endpointing, Settled, Settling, Stream, StreamingTranscriber
from pytest_modellab.reports.web import guard

START_S = 30.0
"""How long a client may take to say `start`."""
IDLE_S = 60.0
"""How long it may say nothing after that."""
MOST_CONNECTIONS = 8
"""At once: each has a thread, and a stream of the engine."""
MOST_AUDIO_S = 6 * 3600.0
"""Of one connection."""
FULL = 1013
"""The closing code for `try again later` (IANA's registry of WebSocket close codes)."""
UNREADABLE = 1002
"""The closing code of a protocol error (RFC 6455, section 7.4.1)."""


class StreamingServer:
    """Serves `engine` at `url` from a thread of its own, until closed. Use it as a context manager."""

    def __init__(
        self,
        engine: StreamingTranscriber,
        name: str,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        exposed: bool = False,
        idle_s: float = IDLE_S,
    ) -> None:
        """`name` is what the server calls itself; port 0 is any that is free. Raises OSError, as for a port in use.

        Raises ValueError for an engine that doesn't take audio at the contract's rate, and for a host that others can
        reach, unless it is `exposed`.
        """
        from websockets.sync.server import serve

        if not exposed and not guard.is_loopback(host):
            raise ValueError(f"{host} is not a loopback address")

        if engine.rate != RATE:
            raise ValueError(f"{name} takes audio at {engine.rate} Hz, the contract has {RATE} Hz")
        self._engine = engine
        self._name = name
        self._exposed = exposed
        self._idle_s = idle_s
        self._turn = threading.Lock()
        self._places = threading.BoundedSemaphore(MOST_CONNECTIONS)
        # No pings: time-outs of its own and TCP see to clients that are gone.
        self._server = serve(
            self._serve,
            host,
            port,
            ping_interval=None,
            compression=None,
            max_size=MOST_MESSAGE_BYTES,
            process_request=self._refusal,
        )
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

    def _refusal(self, connection: Any, request: Any) -> Any:
        """An answer to a handshake that isn't meant for this server; None to one that is.

        Browsers let any page connect to this machine, and tell whose page it was: a page of this server's own host may.
        """
        hosts, origins = (request.headers.get_all(name) for name in ("Host", "Origin"))
        if len(hosts) != 1 or not guard.host_allowed(hosts[0], self._exposed):
            return connection.respond(421, "this server doesn't go by that name\n")
        if origins and (len(origins) != 1 or urlsplit(origins[0]).netloc.lower() != hosts[0].lower()):
            return connection.respond(403, "pages of other sites may not connect\n")
        return None

    def _serve(self, socket: Any) -> None:
        """One connection, in a thread of its own."""
        from websockets.exceptions import ConnectionClosed

        if not self._places.acquire(blocking=False):
            with suppress(ConnectionClosed):
                socket.send(server_message(Status("error", f"{MOST_CONNECTIONS} are connected already")))
                socket.close(FULL)
            return
        try:
            self._answer(socket)
        finally:
            self._places.release()

    def _answer(self, socket: Any) -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            try:
                self._converse(socket)
            except ConnectionClosed:
                raise
            except ContractError as error:
                socket.send(server_message(Status("error", str(error))))
                socket.close(UNREADABLE)
            except Exception as error:  # engines may raise anything; the client gets the error
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
            finds_ends = isinstance(stream, Endpointing) and stream.finds_ends
            socket.send(server_message(Status("ready", server=self._name, finds_ends=finds_ends)))
            self._listen(socket, stream, start.offset_s)
        finally:
            with self._turn:
                stream.close()

    def _listen(self, socket: Any, stream: Stream, offset_s: float) -> None:
        told, heard = Settled("", 0.0), 0
        while isinstance(said := self._next(socket), bytes):
            samples = from_pcm(said)
            heard += len(samples)
            if heard > MOST_AUDIO_S * RATE:
                raise ContractError(f"more than {MOST_AUDIO_S / 3600:g} hours of audio on one connection")
            with self._turn:
                stream.push(samples)
                partials = stream.partials()
                settled = stream.settled() if isinstance(stream, Settling) else told
            for partial in partials:
                socket.send(server_message(AsrPartial(_after(told.text, partial.text), partial.end_of_speech)))
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

    def _next(self, socket: Any) -> str | bytes:
        try:
            said: str | bytes = socket.recv(timeout=self._idle_s)
        except TimeoutError:
            raise ContractError(f"nothing was sent for {self._idle_s:g} s") from None
        return said


def _after(settled: str, text: str) -> str:
    """What `text` has beyond what it begins with."""
    return text.removeprefix(settled).strip()


def load_engine(target: type[Any], request: Any) -> StreamingTranscriber:
    """An engine loaded into this process. Raises ValueError where it doesn't do streaming, or what `load` raises."""
    if "streaming" not in target.tasks:
        raise ValueError(f"{target.__name__} does not do `streaming`, only {', '.join(sorted(target.tasks))}")
    return cast(StreamingTranscriber, target.load(request))
