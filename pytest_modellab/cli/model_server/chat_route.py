"""The route `chat/completions`: what the user says in audio or in writing, the reply as events."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from pytest_modellab.core import audio
from pytest_modellab.engines.base import Clip, Exchange, Heard, Speech, Turn

from .audio_routes import SPEECH_RATE, Resampler
from .host import Hosted, Models, RequestError


async def completions(request: Request) -> Response:
    """A reply in text and, where it is asked for and the model speaks, in audio."""
    models: Models = request.app.state.models
    try:
        asked = json.loads(await request.body())
    except ValueError:
        raise RequestError("the body must be JSON") from None
    if not isinstance(asked, dict) or not isinstance(asked.get("messages"), list):
        raise RequestError("`messages` must be a list")
    hosted = models.of(asked.get("model"), "chat")
    turn = turn_of(asked["messages"], hosted.engine.rate, hears=bool(getattr(hosted.engine, "hears", True)))
    spoken = "audio" in (asked.get("modalities") or [])
    if asked.get("stream"):
        return StreamingResponse(_events(hosted, turn, spoken, str(asked["model"])), media_type="text/event-stream")
    pieces = await hosted.call(lambda: [*hosted.engine.respond(turn)])
    text = "".join(piece for piece in pieces if isinstance(piece, str))
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if spoken and any(isinstance(piece, Speech) for piece in pieces):
        resampled = Resampler(SPEECH_RATE)
        data = b"".join(resampled.encoded(piece) for piece in pieces if isinstance(piece, Speech)) + resampled.rest()
        message["audio"] = {"data": base64.b64encode(data).decode(), "transcript": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return JSONResponse({"object": "chat.completion", "model": asked["model"], "choices": [choice]})


async def _events(hosted: Hosted, turn: Turn, spoken: bool, model: str) -> AsyncIterator[str]:
    resampled = Resampler(SPEECH_RATE)

    def event(delta: Mapping[str, Any], finished: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finished}
        return f"data: {json.dumps({'object': 'chat.completion.chunk', 'model': model, 'choices': [choice]})}\n\n"

    try:
        yield event({"role": "assistant", "content": ""})
        async for piece in hosted.pieces(lambda: iter(hosted.engine.respond(turn))):
            match piece:
                case str():
                    yield event({"content": piece})
                case Speech() if spoken:
                    yield event({"audio": {"data": base64.b64encode(resampled.encoded(piece)).decode()}})
                case Speech() | Heard():
                    pass
        if rest := resampled.rest():
            yield event({"audio": {"data": base64.b64encode(rest).decode()}})
        yield event({}, "stop")
    except Exception as error:  # an engine may raise anything; the headers are gone
        yield f"data: {json.dumps({'error': {'message': f'{type(error).__name__}: {error}'}})}\n\n"
    yield "data: [DONE]\n\n"


def turn_of(messages: list[Any], rate: int, *, hears: bool) -> Turn:
    """The user's last turn, with those before. A system's message is passed over: engines take none.

    Raises RequestError.
    """
    history: list[Exchange] = []
    said: tuple[Clip | None, str | None] | None = None
    for each in messages:
        role = each.get("role") if isinstance(each, dict) else None
        if role == "user":
            said = _content(each.get("content"), rate)
        elif role == "assistant" and said is not None:
            history.append(Exchange(*said, None, str(each.get("content") or "")))
            said = None
        elif role not in {"system", "developer"}:
            raise RequestError("`messages` must be those of a system, then of the user and the assistant in turn")
    if said is None:
        raise RequestError("the last of the `messages` must be the user's")
    if hears and said[0] is None:
        raise RequestError("the model takes what the user says as `input_audio`")
    if not hears and said[1] is None:
        raise RequestError("the model takes what the user says in writing")
    return Turn(*said, history)


def _content(content: Any, rate: int) -> tuple[Clip | None, str | None]:
    if isinstance(content, str):
        return None, content
    clip: Clip | None = None
    text: str | None = None
    for part in content if isinstance(content, list) else []:
        match part:
            case {"type": "text", "text": str(written)}:
                text = written
            case {"type": "input_audio", "input_audio": {"data": str(data)}}:
                try:
                    raw = base64.b64decode(data, validate=True)
                    clip = Clip(audio.load(raw, rate, name="input_audio"), rate)
                except (binascii.Error, audio.AudioError) as error:
                    raise RequestError(f"`input_audio` can't be read: {error}") from None
    if clip is None and text is None:
        raise RequestError("`content` must be text, or parts of type `text` and `input_audio`")
    return clip, text
