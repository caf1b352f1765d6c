"""wyoming: a client of recognition servers that speak the Wyoming protocol, as those of Home Assistant do."""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from pytest_modellab.core.language import canonical_name, primary_language

from . import pcm
from .base import Clip, LoadRequest, Partial, Transcript
from .wyoming_events import Event, ProtocolError, read, to_bytes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RATE = 16_000
CHUNK = RATE // 10
"""Samples of what is sent at once."""
_FORMAT = {"rate": RATE, "width": pcm.SAMPLE_BYTES, "channels": 1}
_SEND_BUFFER_BYTES = RATE * pcm.SAMPLE_BYTES // 2
"""Of the system, half a second; Linux takes twice as much."""
_MOST_EVENTS = 100_000
"""Of a server in one utterance."""


@dataclass(frozen=True)
class WyomingOptions:
    """The server's address, and the time-outs of the client."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    url: str
    """`tcp://HOST:PORT`."""
    model: str | None = None
    """The server's model to use; null for the server's default."""
    language: str | None = None
    """Fixed language; else the clip's own."""
    connect_timeout_s: float = 10.0
    """For connecting, and for what the server says of itself."""
    answer_timeout_s: float = 60.0
    """How long it may take no audio where some is waiting, and say nothing once all is sent."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme != "tcp" or not parts.hostname or not parts.port:
            raise ValueError("url must be an address such as tcp://127.0.0.1:10300")
        if self.connect_timeout_s <= 0:
            raise ValueError("connect_timeout_s must be more than 0")
        if self.answer_timeout_s <= 0:
            raise ValueError("answer_timeout_s must be more than 0")

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return str(parts.hostname), int(parts.port or 0)


class Wyoming:
    """A client. Times include the server and the network; memory and processor time are the client's alone."""

    tasks: ClassVar[frozenset[str]] = frozenset({"asr", "streaming"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = RATE
    distributions: ClassVar[tuple[str, ...]] = ()
    needs_weights: ClassVar[bool] = False
    outside: ClassVar[bool] = True
    extra: ClassVar[str] = ""
    Options: ClassVar[type[Any]] = WyomingOptions

    def __init__(self, options: WyomingOptions, program: Program) -> None:
        self._options = options
        self._program = program

    @classmethod
    def load(cls, request: LoadRequest) -> Wyoming:
        """Ask the server what it is. Raises ProtocolError, or ConnectionError with what to do."""
        options = WyomingOptions(**request.options)
        try:
            return cls(options, _described(options))
        except ProtocolError:
            raise
        except OSError as error:
            raise ConnectionError(
                f"no server at {options.url}: {error or type(error).__name__}. Start one there, such as"
                " wyoming-faster-whisper, or set `url` in the model's spec"
            ) from error

    def transcribe(self, clip: Clip) -> Transcript:
        stream = self.start(clip.language)
        try:
            stream.push(clip.samples)
            return stream.finish()
        finally:
            stream.close()

    def start(self, language: str | None) -> WyomingStream:
        asked = self._options.language or primary_language(language) or None
        return WyomingStream(self._options, asked, finds_ends=self._program.finds_ends)

    def facts(self) -> dict[str, str | int | float | bool | None]:
        return {
            "server": self._program.name,
            "server_version": self._program.version,
            "server_models": self._program.models,
            "address": self._options.url,
        }

    def synchronize(self) -> None:
        """Nothing to wait for: what the server's device does is told by its answers."""

    def close(self) -> None:
        """Each stream closes its own connection."""


@dataclass(frozen=True)
class Program:
    """What a server says of itself."""

    name: str
    version: str | None
    models: str
    finds_ends: bool
    """Whether it finds the end of speech by itself."""


def _described(options: WyomingOptions) -> Program:
    with socket.create_connection(options.address, options.connect_timeout_s) as connection:
        connection.sendall(to_bytes(Event("describe")))
        with connection.makefile("rb") as stream:
            event = read(stream)
    if event is None or event.type != "info":
        told = "nothing" if event is None else f"`{event.type}`"
        raise ProtocolError(f"the server at {options.url} answers {told} to `describe`: it speaks another protocol")
    programs = event.data.get("asr")
    if not isinstance(programs, list) or not programs or not isinstance(programs[0], dict):
        raise ProtocolError(f"the server at {options.url} recognises no speech")
    first, version = programs[0], programs[0].get("version")
    models = first.get("models")
    names = [str(each.get("name")) for each in (models if isinstance(models, list) else []) if isinstance(each, dict)]
    if options.model is not None and options.model not in names:
        raise ValueError(f"the server at {options.url} has no model `{options.model}`: {', '.join(names) or 'none'}")
    return Program(
        name=str(first.get("name")),
        version=None if version is None else str(version),
        models=", ".join(names),
        finds_ends=first.get("requires_external_vad") is False,
    )


class WyomingStream:
    """One utterance, with a connection of its own: a lost one is an error, as the protocol can't resume.

    A thread reads while another one sends. The server's transcript is final, also where it sends it before the audio is
    over, which marks the end of speech; it hears no more then.
    """

    reconnects = 0

    def __init__(self, options: WyomingOptions, language: str | None, *, finds_ends: bool) -> None:
        self.finds_ends = finds_ends
        self.waited_s = 0.0
        self._timeout_s = options.answer_timeout_s
        self._news = threading.Condition()
        self._text = ""
        self._final: str | None = None
        self._detects = language is None
        self._language: str | None = None
        """That the server says it detected."""
        self._error: Exception | None = None
        self._partials: list[Partial] = []
        self._stopped = False
        """Whether the end of the audio has been sent."""
        self._connection = socket.create_connection(options.address, options.connect_timeout_s)
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        self._connection.settimeout(options.answer_timeout_s)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        wanted = {"name": options.model, "language": language}
        try:
            self._send(Event("transcribe", {name: value for name, value in wanted.items() if value is not None}))
            self._send(Event("audio-start", _FORMAT))
        except BaseException:
            self.close()
            raise

    def push(self, samples: NDArray[np.float32]) -> None:
        for place in range(0, len(samples), CHUNK):
            if self._final is not None:
                return  # it hears no more
            start = time.perf_counter()
            self._send(Event("audio-chunk", _FORMAT, pcm.encoded(samples[place : place + CHUNK])))
            self.waited_s += time.perf_counter() - start

    def partials(self) -> Sequence[Partial]:
        with self._news:
            partials, self._partials = self._partials, []
        return partials

    def finish(self) -> Transcript:
        self._stopped = True
        if self._final is None:
            self._send(Event("audio-stop"))
        with self._news:
            self._news.wait_for(lambda: self._final is not None or self._error is not None, self._timeout_s)
            if self._final is None:
                silent = TimeoutError(f"the server sent no transcript within {self._timeout_s:g} s")
                raise self._error or silent
            self._partials.clear()
            return Transcript(self._final, self._language)

    def close(self) -> None:
        with suppress(OSError):  # closed by the server, or already
            self._connection.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._connection.close()

    def _send(self, event: Event) -> None:
        try:
            self._connection.sendall(to_bytes(event))
        except OSError as error:
            with self._news:  # what the server said before it closed the connection tells more
                self._news.wait_for(lambda: self._final is not None or self._error is not None, 1.0)
                if self._final is None:
                    raise self._error or ConnectionError(f"the connection was lost: {error}") from error

    def _read(self) -> None:
        stream = io.BufferedReader(_Patient(self._connection))
        try:
            for _ in range(_MOST_EVENTS):
                event = read(stream)
                if event is None:
                    raise ConnectionError("the server closed the connection without a transcript")
                with self._news:
                    self._take(event)
                    self._news.notify_all()
                    if self._final is not None:
                        return
            raise ProtocolError(f"the server sent more than {_MOST_EVENTS} events")
        except Exception as error:
            with self._news:
                self._error = error
                self._news.notify_all()

    def _take(self, event: Event) -> None:
        now = time.perf_counter()
        if event.type == "error":
            raise RuntimeError(f"the server failed: {event.text('text')}")
        if event.type == "transcript":
            self._final = event.text("text").strip()
            if self._detects and isinstance(event.data.get("language"), str):
                self._language = canonical_name(event.data["language"])
            if not self._stopped:
                self._partials.append(Partial(self._final, at=now, end_of_speech=bool(self._final)))
        elif event.type == "transcript-start":
            self._text = ""
        elif event.type == "transcript-chunk":
            self._text += event.text("text")
            self._partials.append(Partial(self._text.strip(), at=now))


class _Patient(io.RawIOBase):
    """What a socket receives. Its time-out is for sending: a server may say nothing while somebody speaks."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            try:
                return self._connection.recv_into(buffer)
            except TimeoutError:
                continue
