"""The websocket `realtime`: recognition of a stream, item by item."""

from __future__ import annotations

import base64
import json
from functools import partial as partial_function
from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from pytest_modellab.engines.base import Partial, Stream

from .host import Hosted, Models, RequestError

RATE = 24_000
MOST_AUDIO_S = 6 * 3600
_TRANSCRIPTION = "conversation.item.input_audio_transcription."


async def realtime(socket: WebSocket) -> None:
    """A connection, until the client ends it or sends what can't be understood."""
    await socket.accept()
    session = Session(socket, socket.app.state.models)
    try:
        await session.told("session.created", session={"type": "transcription"})
        while True:
            await session.take(json.loads(await socket.receive_text()))
    except WebSocketDisconnect:
        pass
    except (ValueError, KeyError, TypeError, RequestError) as error:
        told = str(error) if isinstance(error, RequestError) else f"an event that can't be understood: {error!r:.120}"
        await session.failed(told)
    except Exception as error:  # an engine may raise anything; the client gets the error
        await session.failed(f"{type(error).__name__}: {error}")
    finally:
        await session.close()


class Session:
    """The items of a connection: what stands between two commits, or two ends of speech."""

    def __init__(self, socket: WebSocket, models: Models) -> None:
        self._socket = socket
        self._models = models
        self._hosted: Hosted | None = None
        self._language: str | None = None
        self._rate = RATE
        self._detects = True
        self._stream: Stream | None = None
        self._resampled: Any = None
        self._number = 0
        self._sent = ""
        """What was told of the item's text."""
        self._samples = 0

    async def take(self, event: dict[str, Any]) -> None:
        """One event of the client. Raises RequestError, or others for what can't be understood."""
        match event["type"]:
            case "session.update" | "transcription_session.update":
                self._set_up(event["session"])
                await self.told("session.updated", session=event["session"])
            case "input_audio_buffer.append":
                await self._append(base64.b64decode(event["audio"], validate=True))
            case "input_audio_buffer.commit" if self._stream is None:
                error = {"code": "input_audio_buffer_commit_empty", "message": "no audio since the last commit"}
                await self.told("error", error=error)
            case "input_audio_buffer.commit":
                await self._commit()
            case "input_audio_buffer.clear":
                await self._drop()
            case _:
                raise RequestError(f"an event of type {event['type']!r:.80}")

    async def told(self, kind: str, **fields: Any) -> None:
        await self._socket.send_text(json.dumps({"type": kind, **fields}))

    async def failed(self, message: str) -> None:
        """Tell what went wrong, and end."""
        try:
            await self.told("error", error={"type": "invalid_request_error", "message": message})
            await self._socket.close(1008)
        except (RuntimeError, WebSocketDisconnect):
            pass  # the client is gone

    async def close(self) -> None:
        await self._drop()

    @property
    def _item(self) -> str:
        return f"item_{self._number}"

    def _set_up(self, session: dict[str, Any]) -> None:
        given = session.get("audio", {}).get("input", {})
        asked = given.get("transcription", session.get("input_audio_transcription") or {})
        self._hosted = self._models.of(asked.get("model"), "streaming")
        self._language = asked.get("language")
        self._rate = int(given.get("format", {}).get("rate", RATE))
        if not 8_000 <= self._rate <= 48_000:
            raise RequestError(f"audio of {self._rate} Hz is not taken")
        self._detects = given.get("turn_detection", session.get("turn_detection", {})) is not None

    async def _append(self, pcm: bytes) -> None:
        import soxr

        hosted = self._hosted
        if hosted is None:
            raise RequestError("`session.update` with a model comes first")
        if len(pcm) % 2:
            raise RequestError("audio ends in the middle of a sample")
        self._samples += len(pcm) // 2
        if self._samples > MOST_AUDIO_S * self._rate:
            raise RequestError(f"more than {MOST_AUDIO_S // 3600} hours of audio on one connection")
        samples = (np.frombuffer(pcm, "<i2") / np.float32(32768.0)).astype(np.float32)
        stream = self._stream
        if stream is None:
            self._resampled = soxr.ResampleStream(self._rate, hosted.engine.rate, 1, dtype="float32")
            started: Stream = await hosted.call(lambda: hosted.engine.start(self._language))
            stream = self._stream = started
            self._sent = ""
        chunk = self._resampled.resample_chunk(samples)
        for partial in await hosted.call(partial_function(_pushed, stream, chunk)):
            await self._show(partial)
            if partial.end_of_speech and self._detects:
                await self.told("input_audio_buffer.speech_stopped", item_id=self._item)
                await self._completed(partial.text)
                return

    async def _show(self, partial: Partial) -> None:
        """Tell the words that are new; events only add to a text, so the last word waits until another follows."""
        text = partial.text.rpartition(" ")[0]
        if len(text) > len(self._sent) and text.startswith(self._sent):
            await self.told(f"{_TRANSCRIPTION}delta", item_id=self._item, delta=text[len(self._sent) :])
            self._sent = text

    async def _commit(self) -> None:
        hosted, stream = self._hosted, self._stream
        assert hosted is not None  # there is a stream
        assert stream is not None  # `take` saw to it
        rest = self._resampled.resample_chunk(np.zeros(0, np.float32), last=True)

        def finished() -> str:
            stream.push(rest)
            return stream.finish().text

        await self._completed(await hosted.call(finished))

    async def _completed(self, text: str) -> None:
        await self.told("input_audio_buffer.committed", item_id=self._item)
        await self._drop()
        await self.told(f"{_TRANSCRIPTION}completed", item_id=self._item, transcript=text)
        self._number += 1

    async def _drop(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            await run_in_threadpool(stream.close)


def _pushed(stream: Stream, chunk: Any) -> list[Partial]:
    stream.push(chunk)
    return list(stream.partials())
