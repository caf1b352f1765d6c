"""The recognition of one utterance by a server, with reconnection.

One thread holds the connection and reads, another one sends. The audio after the end of the last final is kept: after
a lost connection it is sent again from there, and the partial results of the lost connection are dropped.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from socket import SO_SNDBUF, SOL_SOCKET
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .asr_contract import (
    LATE_S,
    MOST_MESSAGE_BYTES,
    RATE,
    SAMPLE_BYTES,
    AsrFinal,
    AsrPartial,
    ContractError,
    FinalSummary,
    FromServer,
    Start,
    Status,
    joined,
    parse_server,
    start_message,
    stop_message,
    to_pcm,
)
from .base import Partial, Transcript

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .websocket_options import WebsocketOptions

FRAME_BYTES = RATE * SAMPLE_BYTES // 10
"""A tenth of a second: what is sent at once."""
SEND_BUFFER_BYTES = RATE * SAMPLE_BYTES // 2
"""Of the system, half a second; Linux takes twice as much."""
POLL_S = 0.1
"""How often a thread that waits looks whether it is still wanted."""
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
"""Pauses before a connection is tried again double from the first to the longest."""
MOST_MESSAGES = 100_000
"""Of a server in one utterance, on all its connections: some ten a second for hours."""
MOST_SHOWN = 50_000_000
"""Characters of all partials and finals of one utterance, which are kept until it is over."""


@dataclass(frozen=True)
class Connection:
    """A connection whose server has reported that it is ready."""

    socket: Any
    server: str
    finds_ends: bool = False
    """Whether its partials say where speech ends."""

    @classmethod
    @contextmanager
    def open(cls, options: WebsocketOptions, language: str | None, offset_s: float) -> Iterator[Connection]:
        """Connect, say where the audio begins, wait for `ready`.

        Raises ContractError for what the contract doesn't know; OSError, TimeoutError or websockets' own for a
        connection that can't be made or is lost.
        """
        from websockets.sync.client import connect

        # No pings: a server that reads slowly would seem dead. Time-outs of ours tell the difference.
        with connect(
            options.url,
            open_timeout=options.connect_timeout_s,
            close_timeout=1,
            ping_interval=None,
            compression=None,
            max_size=MOST_MESSAGE_BYTES,
            user_agent_header=None,
            proxy=None if urlsplit(options.url).hostname in {"localhost", "127.0.0.1", "::1"} else True,
        ) as socket:
            # Else the system takes in minutes of audio that no server has read, and nobody has to wait.
            socket.socket.setsockopt(SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES)
            socket.send(start_message(Start(offset_s, language, options.model, options.vad_filter)))
            until = time.monotonic() + options.connect_timeout_s
            while True:
                try:
                    raw = socket.recv(timeout=max(0.0, until - time.monotonic()))
                except TimeoutError:
                    raise ContractError(
                        f"{options.shown} took the connection and has not said `ready` in"
                        f" {options.connect_timeout_s:g} s: is it a server of the contract in docs/streaming.md?"
                        " `connect_timeout_s` is how long to wait"
                    ) from None
                said = parse_server(raw, options.shown)
                if isinstance(said, Status) and said.state == "error":
                    raise ContractError(f"{options.shown} says: {said.message or 'an error, without a word on it'}")
                if not isinstance(said, Status):
                    raise ContractError(
                        f"{options.shown} sent {raw!r:.120} before `ready`; the first is a message of type `status`"
                    )
                if said.state == "ready":
                    break
            yield cls(socket, said.server, said.finds_ends)


class WebsocketStream:
    """A `Stream` that is recognised by a server."""

    def __init__(self, options: WebsocketOptions, language: str | None) -> None:
        self._options = options
        self._language = language
        self._queue_bytes = max(SAMPLE_BYTES, round(options.queue_s * RATE) * SAMPLE_BYTES)
        # All below is shared, and changed only with this held.
        self._changed = threading.Condition()
        self._kept = bytearray()
        """Audio from `_acked` on."""
        self._acked = 0
        """Byte up to which the text is final."""
        self._sent = 0
        """Byte up to which audio was sent on this connection."""
        self._pushed = 0
        self._stopped: float | None = None
        """When all was sent, `stop` too, on this connection."""
        self._finished = False
        self._closed = False
        self._finals: list[str] = []
        self._heard_of: list[str] = []
        """Finals of the connections before this one."""
        self._partials: list[Partial] = []
        self._shown = ""
        self._transcript: Transcript | None = None
        self._failure: Exception | None = None
        self._connections = 0
        self._finds_ends = False
        self._waited_s = 0.0
        self._messages = 0
        self._characters = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def finds_ends(self) -> bool:
        return self._finds_ends

    @property
    def reconnects(self) -> int:
        return max(0, self._connections - 1)

    @property
    def waited_s(self) -> float:
        return self._waited_s

    def push(self, samples: NDArray[np.float32]) -> None:
        pcm = to_pcm(samples)
        with self._changed:
            start, sent, since = time.perf_counter(), self._sent, time.perf_counter()
            while self._failure is None and self._full(len(pcm)):
                self._changed.wait(POLL_S)
                if self._sent != sent:
                    sent, since = self._sent, time.perf_counter()
                if time.perf_counter() - since > self._options.answer_timeout_s:
                    self._failure = ContractError(
                        f"{self._options.shown} has taken no audio for {self._options.answer_timeout_s:g} s:"
                        " it hangs, or is far too slow (`answer_timeout_s` is how long to wait)"
                    )
            self._waited_s += time.perf_counter() - start
            self._raise()
            self._kept += pcm
            self._pushed += len(pcm)
            self._changed.notify_all()

    def partials(self) -> Sequence[Partial]:
        with self._changed:
            self._raise()
            partials, self._partials = self._partials, []
            return partials

    def finish(self) -> Transcript:
        with self._changed:
            self._finished = True
            self._changed.notify_all()
            while self._transcript is None and self._failure is None:
                self._changed.wait(POLL_S)
            self._raise()
            assert self._transcript is not None
            return self._transcript

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(self._options.connect_timeout_s)

    def _full(self, more: int) -> bool:
        waiting = self._pushed - self._sent
        return waiting > 0 and waiting + more > self._queue_bytes

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        """Talk until there is a transcript, over a new connection whenever one is lost."""
        from websockets.exceptions import WebSocketException

        lost = 0
        while not self._closed:
            try:
                with Connection.open(self._options, self._language, self._acked / SAMPLE_BYTES / RATE) as connection:
                    self._begin(connection)
                    self._talk(connection.socket)
                return
            except ContractError as error:
                self._fail(error)
                return
            except (OSError, WebSocketException) as error:  # TimeoutError is an OSError
                lost += 1
                if lost > self._options.reconnects:
                    self._fail(
                        ConnectionError(
                            f"the connection to {self._options.shown} was lost {lost} times in one utterance, the last"
                            f" time: {error or type(error).__name__}; `reconnects` is how often it is made again"
                        )
                    )
                    return
                self._pause(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (lost - 1)))
            except Exception as error:  # it must not die unheard in its thread
                self._fail(error)
                return

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed, seconds)

    def _fail(self, error: Exception) -> None:
        with self._changed:
            self._failure = self._failure or error
            self._changed.notify_all()

    def _begin(self, connection: Connection) -> None:
        """A new connection: all that is not final goes out again."""
        with self._changed:
            self._finds_ends = connection.finds_ends
            self._connections += 1
            self._sent = self._acked
            self._stopped = None
            self._heard_of = list(self._finals)
            self._changed.notify_all()

    def _talk(self, socket: Any) -> None:
        over = threading.Event()
        sender = threading.Thread(target=self._send, args=(socket, over), daemon=True)
        sender.start()
        try:
            self._receive(socket)
        finally:
            over.set()
            with self._changed:
                self._changed.notify_all()
            socket.close()
            sender.join(self._options.connect_timeout_s)

    def _send(self, socket: Any, over: threading.Event) -> None:
        from websockets.exceptions import WebSocketException

        try:
            while not over.is_set():
                frame = self._next_frame(over.is_set)
                if frame is None:
                    break
                socket.send(frame)
                with self._changed:
                    self._sent += len(frame)
                    self._changed.notify_all()
            if not over.is_set() and not self._closed:
                with self._changed:
                    self._stopped = time.monotonic()  # before it is sent: the answer may be quick
                socket.send(stop_message())
        except (OSError, WebSocketException):
            pass  # the reading thread gets the error, too

    def _next_frame(self, over: Callable[[], bool]) -> bytes | None:
        """What to send next, once there is something; None where nothing more will come."""
        with self._changed:
            while True:
                if over() or self._closed:
                    return None
                start = self._sent - self._acked
                # A final may reach beyond what was sent, within its tolerance.
                if start < 0:
                    self._sent, start = self._acked, 0
                if start < len(self._kept):
                    return bytes(self._kept[start : start + FRAME_BYTES])
                if self._finished:
                    return None
                self._changed.wait(POLL_S)

    def _receive(self, socket: Any) -> None:
        heard = time.monotonic()
        while not self._closed and self._failure is None:
            try:
                raw = socket.recv(timeout=POLL_S)
            except TimeoutError:
                if self._stopped is not None:
                    silent = time.monotonic() - max(heard, self._stopped)
                    if silent > self._options.answer_timeout_s:
                        raise ContractError(
                            f"{self._options.shown} has said nothing for {silent:.0f} s since `stop`: a server must"
                            " send `final_summary` (`answer_timeout_s` is how long to wait)"
                        ) from None
                continue
            heard = time.monotonic()
            if self._take(parse_server(raw, self._options.shown)):
                return

    def _take(self, said: FromServer) -> bool:
        """Take in one message; whether it was the last one."""
        now = time.perf_counter()
        with self._changed:
            self._bound(said)
            match said:
                case Status("error", message):
                    raise ContractError(f"{self._options.shown} gives up: {message or 'it does not say why'}")
                case AsrPartial(text, end_of_speech):
                    self._show(joined([*self._finals, text]), now, end_of_speech=end_of_speech)
                case AsrFinal(text, end_s):
                    self._acknowledge(end_s)
                    self._finals.append(text)
                    self._show(joined(self._finals), now)
                case FinalSummary(text, language):
                    if self._stopped is None:
                        raise ContractError(f"{self._options.shown} sent `final_summary` before it was sent `stop`")
                    self._transcript = Transcript(joined([*self._heard_of, text]), language)
                    self._changed.notify_all()
                    return True
        return False

    def _bound(self, said: FromServer) -> None:
        """Raise ContractError where the server says more than one utterance is worth keeping."""
        self._messages += 1
        if isinstance(said, AsrPartial | AsrFinal):
            # Each is shown with all that is final.
            self._characters += len(said.text) + sum(map(len, self._finals))
        if self._messages > MOST_MESSAGES or self._characters > MOST_SHOWN:
            raise ContractError(
                f"{self._options.shown} has sent {self._messages:,} messages, {self._characters:,} characters with what"
                f" is final, in one utterance; at most {MOST_MESSAGES:,} and {MOST_SHOWN:,} are taken"
            )

    def _acknowledge(self, end_s: float) -> None:
        acked_s, sent_s = (count / SAMPLE_BYTES / RATE for count in (self._acked, self._sent))
        if not acked_s - LATE_S <= end_s <= sent_s + LATE_S:
            raise ContractError(
                f"{self._options.shown} sent a final that ends at {end_s:g} s; it must lie between the end of the one"
                f" before, {acked_s:g} s, and of the audio it was sent, {sent_s:g} s, counted from the beginning of the"
                " utterance"
            )
        until = min(max(self._acked, round(end_s * RATE) * SAMPLE_BYTES), self._acked + len(self._kept))
        del self._kept[: until - self._acked]
        self._acked = until

    def _show(self, text: str, at: float, *, end_of_speech: bool = False) -> None:
        if text != self._shown or end_of_speech:
            self._shown = text
            self._partials.append(Partial(text, at, end_of_speech))
