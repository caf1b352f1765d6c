"""The application: routes of OpenAI's interface, for models that are loaded in this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from pytest_modellab.core.version import __version__
from pytest_modellab.reports.web import guard

from .audio_routes import speech, transcriptions
from .chat_route import completions
from .host import Models, RequestError
from .realtime import realtime


def application(engines: Mapping[str, Any], *, exposed: bool = False) -> Starlette:
    """The application of loaded engines, by the name of their model.

    It answers to names of this machine alone, unless `exposed`.
    """
    app = Starlette(
        routes=[
            Route("/v1/models", _models),
            Route("/v1/audio/transcriptions", transcriptions, methods=["POST"]),
            Route("/v1/audio/speech", speech, methods=["POST"]),
            Route("/v1/chat/completions", completions, methods=["POST"]),
            WebSocketRoute("/v1/realtime", realtime),
        ],
        exception_handlers={RequestError: _refused, HTTPException: _not_found, Exception: _failed},
    )
    app.state.models = Models(engines)
    app.add_middleware(Guard, exposed=exposed)
    return app


async def _models(request: Request) -> Response:
    names = request.app.state.models.names
    data = [{"id": name, "object": "model", "owned_by": "modellab"} for name in names]
    return JSONResponse({"object": "list", "data": data}, headers={"x-server-version": f"modellab {__version__}"})


def _error(message: str, state: int, kind: str) -> Response:
    return JSONResponse({"error": {"message": message, "type": kind}}, status_code=state)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    return _error(str(error), error.state, "invalid_request_error")


async def _not_found(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _error(error.detail, error.status_code, "invalid_request_error")


async def _failed(request: Request, error: Exception) -> Response:
    return _error(f"{type(error).__name__}: {error}", 500, "server_error")


class Guard:
    """A check of each request: for this server's own name, and not from a page of another site."""

    def __init__(self, app: ASGIApp, *, exposed: bool) -> None:
        self._app = app
        self._exposed = exposed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"} or self._allowed(Headers(scope=scope)):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            answer = _error("this server doesn't go by that name, or that page may not ask it", 421, "refused")
            await answer(scope, receive, send)

    def _allowed(self, headers: Headers) -> bool:
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or not guard.host_allowed(hosts[0], self._exposed):
            return False
        return all(urlsplit(origin).netloc.lower() == hosts[0].lower() for origin in origins)
