"""The routes `audio/transcriptions` and `audio/speech`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from pytest_modellab.core import audio
from pytest_modellab.engines.base import Clip, Speech, Transcript
from pytest_modellab.engines.pcm import encoded, wav

from .host import Hosted, Models, RequestError

SPEECH_RATE = 24_000
"""Hz of raw PCM, as the interface has it."""
MOST_UPLOAD_BYTES = 64 * 2**20
FORMATS = ("json", "verbose_json", "text")


async def transcriptions(request: Request) -> Response:
    """A recording's text: as JSON, as text, or as events."""
    models: Models = request.app.state.models
    async with request.form(max_files=1, max_fields=20, max_part_size=MOST_UPLOAD_BYTES) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise RequestError("`file` must be the recording")
        data = await file.read()
        told = {name: value for name, value in form.items() if isinstance(value, str)}
    if len(data) > MOST_UPLOAD_BYTES:
        raise RequestError(f"a recording of more than {MOST_UPLOAD_BYTES // 2**20} MiB is not taken", 413)
    shown = told.get("response_format", "json")
    if shown not in FORMATS:
        raise RequestError(f"response_format {shown!r:.40}: choose from {', '.join(FORMATS)}")
    hosted = models.of(told.get("model"), "asr")
    clip = await run_in_threadpool(_clip, data, file.filename or "file", hosted.engine.rate, told.get("language"))
    transcript = await hosted.call(lambda: _transcribed(hosted, clip))
    if told.get("stream", "").lower() == "true":
        return StreamingResponse(_events(transcript.text), media_type="text/event-stream")
    if shown == "text":
        return PlainTextResponse(transcript.text)
    if shown == "json":
        return JSONResponse({"text": transcript.text})
    language = transcript.language or clip.language
    said = {"task": "transcribe", "language": language, "duration": clip.seconds, "text": transcript.text}
    return JSONResponse({**said, "segments": [], "words": []})


async def speech(request: Request) -> Response:
    """A text spoken, as raw PCM piece by piece, or as a WAV file."""
    models: Models = request.app.state.models
    try:
        asked = json.loads(await request.body())
    except ValueError:
        raise RequestError("the body must be JSON") from None
    if not isinstance(asked, dict) or not isinstance(asked.get("input"), str):
        raise RequestError("`input` must be the text to speak")
    shown = asked.get("response_format", "wav")
    if shown not in {"pcm", "wav"}:
        raise RequestError(f"response_format {shown!r:.40}: choose from pcm, wav")
    hosted = models.of(asked.get("model"), "tts")
    text, language = asked["input"], asked.get("language")
    if shown == "wav":
        pieces = await hosted.call(lambda: [*hosted.engine.synthesize(text, language)])
        return Response(_wav(pieces), media_type="audio/wav")
    spoken = hosted.pieces(lambda: iter(hosted.engine.synthesize(text, language)))
    # The first piece before the headers: a model that fails at once is an error and no empty sound.
    first = await anext(spoken, None)
    return StreamingResponse(_pcm(first, spoken), media_type="audio/pcm")


def _clip(data: bytes, name: str, rate: int, language: str | None) -> Clip:
    try:
        return Clip(audio.load(data, rate, name=name), rate, language or None)
    except audio.AudioError as error:
        raise RequestError(str(error)) from None


def _transcribed(hosted: Hosted, clip: Clip) -> Transcript:
    transcript: Transcript = hosted.engine.transcribe(clip)
    hosted.engine.synchronize()
    return transcript


def _events(text: str) -> Iterator[str]:
    yield f"data: {json.dumps({'type': 'transcript.text.delta', 'delta': text})}\n\n"
    yield f"data: {json.dumps({'type': 'transcript.text.done', 'text': text})}\n\n"
    yield "data: [DONE]\n\n"


def _wav(pieces: list[Speech]) -> bytes:
    import numpy as np

    rate = pieces[0].rate if pieces else SPEECH_RATE
    samples = [np.asarray(piece.samples, np.float32) for piece in pieces]
    return wav(Clip(np.concatenate(samples) if samples else np.zeros(0, np.float32), rate))


async def _pcm(first: Speech | None, rest: AsyncIterator[Speech]) -> AsyncIterator[bytes]:
    resampled = Resampler(SPEECH_RATE)
    if first is not None:
        yield resampled.encoded(first)
    async for piece in rest:
        yield resampled.encoded(piece)
    yield resampled.rest()


class Resampler:
    """Speech in pieces of one rate as 16-bit PCM of another."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._stream: Any = None

    def encoded(self, piece: Speech) -> bytes:
        import numpy as np
        import soxr

        samples = np.asarray(piece.samples, np.float32)
        if piece.rate == self._rate:
            return encoded(samples)
        if self._stream is None:
            self._stream = soxr.ResampleStream(piece.rate, self._rate, 1, dtype="float32")
        return encoded(self._stream.resample_chunk(samples))

    def rest(self) -> bytes:
        """What is still to come once all pieces were given."""
        import numpy as np

        return b"" if self._stream is None else encoded(self._stream.resample_chunk(np.zeros(0, np.float32), last=True))
