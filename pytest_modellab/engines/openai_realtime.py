"""Streams to a server with OpenAI's realtime interface for transcription, over a websocket."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .asr_contract import joined
from .base import Partial, Transcript
from .openai_client import AnswerTimeout, BadAnswer, ConnectionLost, ServerError
from .pcm import encoded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .openai_client import OpenAiClient
    from .openai_options import OpenAiOptions

RATE = 24_000
"""Hz of the interface's PCM."""
POLL_S = 0.05
MOST_MESSAGE_BYTES = 2**22
MOST_MESSAGES = 100_000
_TRANSCRIPTION = "conversation.item.input_audio_transcription."


class RealtimeStream:
    """A `Stream` that is recognised by a server, item by item: what stands between two commits."""

    def __init__(self, options: OpenAiOptions, client: OpenAiClient, language: str | None, rate: int) -> None:
        """`rate` is that of the samples that are pushed. Raises ConnectionLost or ServerError."""
        import soxr

        self._options = options
        self._client = client
        self._resampled = soxr.ResampleStream(rate, RATE, 1, dtype="float32")
        # All below is shared, and changed only with this held.
        self._changed = threading.Condition()
        self._items: dict[str, str] = {}
        """Text by item, in their order."""
        self._open: set[str] = set()
        """Items that were committed and whose text isn't final."""
        self._committed = 0
        """Commits that were asked for and not answered."""
        self._stopped = False
        self._shown = ""
        self._partials: list[Partial] = []
        self._failure: Exception | None = None
        self._heard = time.monotonic()
        self._socket = self._connected()
        self._send({"type": "session.update", "session": _session(options, language)})
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    @property
    def finds_ends(self) -> bool:
        return self._options.turn_detection

    def push(self, samples: NDArray[np.float32]) -> None:
        self._append(self._resampled.resample_chunk(samples))
        with self._changed:
            self._raise()

    def partials(self) -> Sequence[Partial]:
        with self._changed:
            self._raise()
            partials, self._partials = self._partials, []
            return partials

    def finish(self) -> Transcript:
        import numpy as np

        self._append(self._resampled.resample_chunk(np.zeros(0, np.float32), last=True))
        with self._changed:
            self._committed += 1
            self._stopped = True
            self._heard = time.monotonic()
        self._send({"type": "input_audio_buffer.commit"})
        with self._changed:
            while self._failure is None and (self._committed or self._open):
                self._changed.wait(POLL_S)
                if time.monotonic() - self._heard > self._options.answer_timeout_s:
                    raise AnswerTimeout(
                        f"{self._options.shown} has said nothing for {self._options.answer_timeout_s:g} s since the end"
                        " of the audio (see `answer_timeout_s`)"
                    )
            self._raise()
            return Transcript(joined(self._items.values()))

    def close(self) -> None:
        self._connection.__exit__(None, None, None)
        self._thread.join(self._options.connect_timeout_s)

    def _connected(self) -> Any:
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect

        address = f"ws{self._options.shown.removeprefix('http')}/realtime?intent=transcription"
        try:
            self._connection = connect(
                address,
                additional_headers=self._client.headers,
                open_timeout=self._options.connect_timeout_s,
                close_timeout=1,
                max_size=MOST_MESSAGE_BYTES,
                compression=None,
                proxy=None if self._client.loopback else True,
            )
            return self._connection.__enter__()
        except (OSError, WebSocketException) as error:
            told = self._client.hidden(str(error) or type(error).__name__)
            raise ConnectionLost(f"the connection to {self._options.shown}/realtime failed: {told}") from None

    def _append(self, samples: NDArray[np.float32]) -> None:
        if len(samples):
            audio = base64.b64encode(encoded(samples)).decode("ascii")
            self._send({"type": "input_audio_buffer.append", "audio": audio})

    def _send(self, event: dict[str, Any]) -> None:
        from websockets.exceptions import WebSocketException

        try:
            self._socket.send(json.dumps(event))
        except (OSError, WebSocketException) as error:
            with self._changed:
                self._raise()
            told = self._client.hidden(str(error) or type(error).__name__)
            raise ConnectionLost(f"the connection to {self._options.shown} was lost: {told}") from None

    def _receive(self) -> None:
        from websockets.exceptions import WebSocketException

        try:
            for number, raw in enumerate(self._socket):
                if number > MOST_MESSAGES:
                    raise BadAnswer(f"{self._options.shown} sent more than {MOST_MESSAGES:,} messages in one stream")
                self._take(self._event(raw), time.perf_counter())
            self._fail(ConnectionLost(f"{self._options.shown} closed the connection"))
        except (OSError, WebSocketException) as error:
            told = self._client.hidden(str(error) or type(error).__name__)
            self._fail(ConnectionLost(f"the connection to {self._options.shown} was lost: {told}"))
        except Exception as error:  # it must not die unheard in its thread
            self._fail(error)

    def _event(self, raw: str | bytes) -> dict[str, Any]:
        try:
            said = json.loads(raw)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict) or not isinstance(said.get("type"), str):
            raise BadAnswer(self._client.hidden(f"{self._options.shown} sent no event: {raw!r:.120}"))
        found: dict[str, Any] = self._client.cleaned(said)
        return found

    def _take(self, event: dict[str, Any], at: float) -> None:
        kind, item = event["type"], str(event.get("item_id", ""))
        with self._changed:
            self._heard = time.monotonic()
            match kind.removeprefix(_TRANSCRIPTION):
                case "input_audio_buffer.committed":
                    self._items.setdefault(item, "")
                    self._open.add(item)
                    self._committed = max(0, self._committed - 1)
                case "delta":
                    self._items[item] = self._items.get(item, "") + str(event.get("delta", ""))
                    self._show(at)
                case "completed":
                    self._items[item] = str(event.get("transcript", ""))
                    self._open.discard(item)
                    # Before the audio is over, the server has found an end by itself.
                    self._show(at, end_of_speech=self.finds_ends and not self._stopped)
                case "failed":
                    raise ServerError(self._client.hidden(f"{self._options.shown} says: {_message(event)}"))
                case "error" if _nothing_to_commit(event):
                    self._committed = max(0, self._committed - 1)
                case "error":
                    raise ServerError(self._client.hidden(f"{self._options.shown} says: {_message(event)}"))
            self._changed.notify_all()

    def _show(self, at: float, *, end_of_speech: bool = False) -> None:
        text = joined(self._items.values())
        if text != self._shown or end_of_speech:
            self._shown = text
            self._partials.append(Partial(text, at, end_of_speech))

    def _fail(self, error: Exception) -> None:
        with self._changed:
            self._failure = self._failure or error
            self._changed.notify_all()

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure


def _session(options: OpenAiOptions, language: str | None) -> dict[str, Any]:
    transcription = {"model": options.model, "prompt": options.prompt, "language": language}
    said = {name: value for name, value in transcription.items() if value not in {None, "", "auto"}}
    return {
        "type": "transcription",
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": RATE},
                "transcription": said,
                "turn_detection": {"type": "server_vad"} if options.turn_detection else None,
            }
        },
    }


def _message(event: dict[str, Any]) -> str:
    error = event.get("error")
    return str(error.get("message", error) if isinstance(error, dict) else error)[:300]


def _nothing_to_commit(event: dict[str, Any]) -> bool:
    """Whether an error says that all audio had been committed before."""
    error = event.get("error")
    return isinstance(error, dict) and error.get("code") == "input_audio_buffer_commit_empty"
