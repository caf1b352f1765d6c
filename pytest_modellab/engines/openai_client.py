"""Calls of an OpenAI-compatible server over HTTP: the key, time-outs, what failed and whether to try again."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from functools import cached_property
from time import perf_counter, time
from typing import TYPE_CHECKING, Any

from pytest_modellab.core.variables import Variable

from .base import TryAgain
from .local_server import LocalServer

if TYPE_CHECKING:
    from httpx2 import Response

    from .openai_options import OpenAiOptions

FIRST_PAUSE_S = 0.5
MOST_ANSWER_BYTES = 64 * 2**20
"""Of one answer: an hour of 16-bit speech at 8 kHz and more."""
MOST_TOLD = 300
"""Characters of a server's own words in an error."""
PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""States of HTTP that may be others in a moment."""
HIDDEN = "***"


class ServerError(Exception):
    """A server that answers with an error."""


class ServerBusy(ServerError):
    """A server that takes no more for now (429)."""


class ConnectionLost(Exception):
    """A connection that could not be made, or ended before the answer did."""


class AnswerTimeout(Exception):
    """A server that said nothing for too long."""


class BadAnswer(Exception):
    """An answer that isn't what the interface tells."""


class OpenAiClient:
    """One server. Calls may be made from several threads."""

    def __init__(self, options: OpenAiOptions) -> None:
        """Raises ValueError for a key that the environment doesn't have."""
        import httpx2

        self._options = options
        self.loopback = _loopback(options.url)
        self._secrets: list[str] = []
        self.headers = {name: self._secret(variable) for name, variable in options.headers_env.items()}
        if options.api_key_env is not None:
            self.headers["Authorization"] = f"Bearer {self._secret(options.api_key_env)}"
        self._client = httpx2.Client(
            headers=self.headers,
            timeout=httpx2.Timeout(options.answer_timeout_s, connect=options.connect_timeout_s),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=None),
            follow_redirects=False,
            # A proxy has no business between this machine and itself.
            trust_env=not self.loopback,
        )
        self._call = threading.local()

    def begin(self) -> None:
        """A call begins: what is done until its request is sent is the client's own."""
        self._call.began = perf_counter()

    def client_s(self) -> float | None:
        """See `base.Client`."""
        found: float | None = getattr(self._call, "client_s", None)
        return found

    def server_cpu_s(self) -> float | None:
        """See `base.Client`."""
        server = self._server
        return None if server is None else server.cpu_s()

    def server_rss_bytes(self) -> int | None:
        """Resident memory now of a server on this machine; None of one elsewhere."""
        server = self._server
        return None if server is None else server.rss_bytes() or None

    @cached_property
    def _server(self) -> LocalServer | None:
        return LocalServer.at(self._options.url)

    def get(self, path: str) -> tuple[Any, Mapping[str, str]]:
        """The JSON at `path`, and the headers of the answer. Raises as `post` does."""
        with self._request("GET", path) as response:
            return self.parsed(response), dict(response.headers)

    @contextmanager
    def post(self, path: str, **content: Any) -> Iterator[Response]:
        """The answer to a request, its body unread; `content` is as httpx2 takes it, such as `json` or `files`.

        Raises TryAgain for what may pass; ServerError, AnswerTimeout or BadAnswer.
        """
        with self._request("POST", path, **content) as response:
            yield response

    def parsed(self, response: Response) -> Any:
        """The JSON of an answer. Raises BadAnswer."""
        return self._parsed(b"".join(self.body(response)).decode("utf-8", "replace"))

    def events(self, response: Response) -> Iterator[dict[str, Any]]:
        """The server-sent events of an answer, until `[DONE]`.

        Raises BadAnswer, or ServerError for an error among them.
        """
        from httpx2 import EventSource

        for event in EventSource(response, MOST_ANSWER_BYTES):
            if event.data.strip() == "[DONE]":
                return
            said = self._parsed(event.data)
            if isinstance(said, dict) and (said.get("error") or said.get("type") == "error"):
                raise ServerError(self.hidden(f"{self._options.shown} says: {_words(said)}"))
            if not isinstance(said, dict):
                raise BadAnswer(self.hidden(f"{self._options.shown} sent an event that is no object: {said!r:.120}"))
            yield said

    def body(self, response: Response) -> Iterator[bytes]:
        """The bytes of an answer as they come. Raises BadAnswer where they are too many."""
        size = 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > MOST_ANSWER_BYTES:
                raise BadAnswer(f"{self._options.shown} sent more than {MOST_ANSWER_BYTES:,} bytes in one answer")
            yield chunk

    def hidden(self, text: str) -> str:
        """A text without keys, which servers quote in their errors, as they are or as JSON or Python writes them."""
        for secret in self._secrets:
            for form in {
                secret,
                json.dumps(secret)[1:-1],
                json.dumps(secret, ensure_ascii=False)[1:-1],
                repr(secret)[1:-1],
            }:
                text = text.replace(form, HIDDEN)
        return text

    def cleaned(self, said: Any) -> Any:
        """A JSON value without keys in any of its texts."""
        if isinstance(said, str):
            return self.hidden(said)
        if isinstance(said, dict):
            return {name: self.cleaned(value) for name, value in said.items()}
        return [self.cleaned(each) for each in said] if isinstance(said, list) else said

    def close(self) -> None:
        self._client.close()

    def _secret(self, variable: str) -> str:
        value = Variable(variable, "a key of the server").get() or ""
        if not value.strip():
            raise ValueError(f"the environment variable {variable} is not set: export it with the key of the server")
        if not value.isascii() or not value.strip().isprintable():
            raise ValueError(f"the environment variable {variable} holds a character that no header can have")
        self._secrets.append(value.strip())
        return value.strip()

    @contextmanager
    def _request(self, method: str, path: str, **content: Any) -> Iterator[Response]:
        import httpx2

        began: float = getattr(self._call, "began", None) or perf_counter()
        self._call.began = self._call.client_s = None

        def trace(event: str, details: Mapping[str, Any]) -> None:
            if event.endswith("send_request_body.complete"):
                self._call.client_s = perf_counter() - began

        shown = self._options.shown
        try:
            with self._client.stream(method, f"{shown}/{path}", extensions={"trace": trace}, **content) as response:
                if response.status_code >= 400:
                    response.read()
                    self._refused(response)
                if response.status_code != 200:
                    raise BadAnswer(f"{shown} answers {response.status_code}, where an answer has 200")
                yield response
        except (TryAgain, ServerError, AnswerTimeout, BadAnswer):
            raise
        except httpx2.TimeoutException as error:
            if isinstance(error, httpx2.ConnectTimeout | httpx2.PoolTimeout):
                self._again(ConnectionLost(f"{shown} took no connection in {self._options.connect_timeout_s:g} s"))
            raise AnswerTimeout(
                f"{shown} said nothing for {self._options.answer_timeout_s:g} s (see `answer_timeout_s`)"
            ) from None
        except httpx2.SSEError as error:
            raise BadAnswer(self.hidden(f"{shown}: {error}")) from None
        except httpx2.DecodingError as error:
            raise BadAnswer(self.hidden(f"{shown} sent what can't be decoded: {error}")) from None
        except httpx2.HTTPError as error:
            self._again(
                ConnectionLost(self.hidden(f"the connection to {shown} failed: {error or type(error).__name__}"))
            )

    def _refused(self, response: Response) -> None:
        """Raise what an answer of 400 or above means."""
        state = response.status_code
        try:
            told = _words(response.json())
        except ValueError:
            told = response.text
        words = self.hidden(" ".join(told.split())[:MOST_TOLD])
        message = f"{self._options.shown} answers {state}{f': {words}' if words else ''}"
        error = ServerBusy(message) if state == 429 else ServerError(message)
        if state in PASSING:
            self._again(error, _retry_after(response.headers.get("retry-after")))
        raise error

    def _again(self, error: Exception, after_s: float | None = None) -> None:
        """Raise TryAgain for an error; or the error itself, where the server wants a pause that is too long."""
        if after_s is not None and after_s > self._options.longest_wait_s:
            raise type(error)(
                f"{error}; it is to be asked again in {after_s:.0f} s, `longest_wait_s` is"
                f" {self._options.longest_wait_s:g}"
            ) from None
        raise TryAgain(error, after_s=FIRST_PAUSE_S if after_s is None else after_s, most=self._options.retries)

    def _parsed(self, text: str) -> Any:
        try:
            return self.cleaned(json.loads(text)) if self._secrets else json.loads(text)
        except (ValueError, RecursionError):
            raise BadAnswer(self.hidden(f"{self._options.shown} sent what is no JSON: {text!r:.120}")) from None


def _words(said: Any) -> str:
    """The message of an error, as the interface tells it, or as it came."""
    error = said.get("error", said.get("detail", said)) if isinstance(said, dict) else said
    message = error.get("message") if isinstance(error, dict) else error
    return str(message if message is not None else error)


def _retry_after(value: str | None) -> float | None:
    """Seconds that a header `Retry-After` asks for: a number of them, or a date (RFC 9110, section 10.2.3)."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time())
    except (TypeError, ValueError):
        return None


def _loopback(url: str) -> bool:
    from urllib.parse import urlsplit

    return urlsplit(url).hostname in {"localhost", "127.0.0.1", "::1"}
