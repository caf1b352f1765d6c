"""Download of a file over HTTP(S), in pieces, with a progress bar; errors become failures of the source."""

from collections.abc import Callable, Generator, Mapping
from http.client import HTTPException
from typing import TypeVar
from urllib.error import HTTPError, URLError
from urllib.request import Request
from urllib.response import addinfourl

from .archives import chunks_of
from .errors import SourceFailed
from .partial import PartialDownload
from .progress import Progress
from .web import Access, without_credentials

_SOCKET_SECONDS = 30.0
_T = TypeVar("_T")


def open_url(
    url: str,
    access: Access,
    *,
    accept: str = "*/*",
    secret: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> addinfourl:
    """The answer of a server to GET; `secret` is the value of the Authorization header. Raises SourceFailed."""
    request = Request(without_credentials(url), headers={"Accept": accept, **(headers or {})})
    if secret:
        # Unredirected: a redirect to another host must not carry the password there.
        request.add_unredirected_header("Authorization", secret)
    answer: addinfourl = reading(request.full_url, lambda: access.opener().open(request, timeout=_SOCKET_SECONDS))
    return answer


def download(
    url: str,
    label: str,
    access: Access,
    progress: Progress,
    *,
    secret: str | None = None,
    partial: PartialDownload | None = None,
) -> Generator[bytes, None, None]:
    """The bytes at `url`, whole or not at all: a connection that breaks off raises SourceFailed.

    What has come until then is kept in `partial`; a later call goes on from there, if the server still has the same.
    """
    kept = PartialDownload.nowhere() if partial is None else partial
    with kept.held(), open_url(url, access, secret=secret, headers=kept.condition()) as answer:
        begin = kept.goes_on(answer)
        declared = answer.headers.get("Content-Length", "")
        total = begin + int(declared) if declared.isdigit() else None
        count = begin
        pieces = chunks_of(answer)
        with progress.bar(label, total) as advance:
            for piece in kept.read(begin):
                advance(len(piece))
                yield piece
            while piece := reading(url, lambda: next(pieces, b"")):
                kept.append(piece)
                count += len(piece)
                advance(len(piece))
                yield piece
        # A connection that is cut short looks like the end of the file to http.client.
        if total is not None and count != total:
            raise SourceFailed(f"{url} broke off after {count} of {total} bytes; the next try goes on from there")
        kept.remove()


def reading(url: str, read: Callable[[], _T]) -> _T:
    """Run a network operation. Network errors are raised as SourceFailed, errors of the local disk unchanged."""
    try:
        return read()
    except HTTPError as error:
        error.close()
        raise SourceFailed(f"{url} answered {error.code} {error.reason}") from error
    except URLError as error:
        raise SourceFailed(f"{url} cannot be read ({error.reason})") from error
    except (OSError, HTTPException, ValueError) as error:
        raise SourceFailed(f"{url} cannot be read ({error!r})") from error
