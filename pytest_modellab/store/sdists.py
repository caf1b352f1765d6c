"""Source distributions, fetched from the index without pip: `pip download` would run their setup.py."""

import hashlib
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request
from urllib.response import addinfourl

from .archives import chunks_of
from .errors import SourceFailed
from .pipconfig import PipSettings
from .progress import Progress
from .simpleindex import ACCEPT, Link, find_sdist, page_url, read_page
from .sources import split_requirement
from .web import Access, authorization, origin, why_unreachable, without_credentials

_SOCKET_SECONDS = 30.0
_T = TypeVar("_T")


def download_sdist(requirement: str, folder: Path, settings: PipSettings, progress: Progress) -> Path:
    """Download the source distribution of `name==version` into `folder` and give its path.

    Raises SourceFailed with what each index answered, and OSError where `folder` cannot be written.
    """
    project, version = split_requirement(requirement)
    if not settings.indexes:
        raise SourceFailed("pip is configured with no index; set PIP_INDEX_URL")
    reasons = []
    for index in settings.indexes:
        try:
            link = _look_up(index, project, version, settings.access)
            return _download(link, index, folder, settings.access, progress)
        except SourceFailed as error:
            reasons.append(str(error))
    raise SourceFailed("; ".join(reasons))


def _look_up(index: str, project: str, version: str, access: Access) -> Link:
    reason = why_unreachable(index, access)
    if reason is not None:
        raise SourceFailed(reason)
    page = page_url(without_credentials(index), project)
    with _open(page, index, access, accept=ACCEPT) as answer:
        url, kind = answer.geturl(), answer.headers.get("Content-Type", "")
        body = _reading(page, answer.read)
    link = find_sdist(read_page(body, kind, url), project, version)
    if link is None:
        raise SourceFailed(f"{page} lists no source distribution of version {version}")
    return link


def _download(link: Link, index: str, folder: Path, access: Access, progress: Progress) -> Path:
    schemes = {"http", "https"} | {urlsplit(index).scheme}
    if urlsplit(link.url).scheme not in schemes:
        raise SourceFailed(f"{link.url} is no address that an index may point to")
    archive = folder / Path(link.filename).name
    digest, count = hashlib.sha256(), 0
    with _open(link.url, index, access) as answer, archive.open("wb") as out:
        declared = answer.headers.get("Content-Length", "")
        total = int(declared) if declared.isdigit() else None
        pieces = chunks_of(answer)
        with progress.bar(archive.name, total) as advance:
            while piece := _reading(link.url, lambda: next(pieces, b"")):
                out.write(piece)
                digest.update(piece)
                count += len(piece)
                advance(len(piece))
    # A connection that is cut short looks like the end of the file to http.client.
    if total is not None and count != total:
        raise SourceFailed(f"{link.url} broke off after {count} of {total} bytes")
    if link.sha256 and digest.hexdigest() != link.sha256:
        raise SourceFailed(f"{link.url} has sha256 {digest.hexdigest()}, its index says {link.sha256}")
    return archive


def _open(url: str, index: str, access: Access, accept: str = "*/*") -> addinfourl:
    request = Request(without_credentials(url), headers={"Accept": accept})
    secret = authorization(url) or (authorization(index) if origin(url) == origin(index) else None)
    if secret:
        # Unredirected: a redirect to another host must not carry the password there.
        request.add_unredirected_header("Authorization", secret)
    answer: addinfourl = _reading(request.full_url, lambda: access.opener().open(request, timeout=_SOCKET_SECONDS))
    return answer


def _reading(url: str, read: Callable[[], _T]) -> _T:
    """Run a network operation. Errors of the network are the source's, those of our disk are not."""
    try:
        return read()
    except HTTPError as error:
        error.close()
        raise SourceFailed(f"{url} answered {error.code} {error.reason}") from error
    except URLError as error:
        raise SourceFailed(f"{url} cannot be read ({error.reason})") from error
    except (OSError, HTTPException, ValueError) as error:
        raise SourceFailed(f"{url} cannot be read ({error!r})") from error
