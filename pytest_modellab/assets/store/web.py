"""HTTP with the standard library: proxies, certificates, credentials and time-outs."""

import base64
import ssl
import threading
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import (
    BaseHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

from pytest_modellab.core.variables import PIP_CERT, REQUESTS_CA_BUNDLE

PROBE_SECONDS = 3.0
"""How long a host may take to show that it is there, name resolution included."""


class _NoRedirect(HTTPRedirectHandler):
    """Redirects aren't followed: for a probe a redirect is an answer."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


def _trust(certificates: str | None) -> ssl.SSLContext:
    # The default context reads SSL_CERT_FILE and SSL_CERT_DIR by itself.
    chosen = certificates or PIP_CERT.get() or REQUESTS_CA_BUNDLE.get()
    if not chosen:
        return ssl.create_default_context()
    if Path(chosen).is_dir():
        return ssl.create_default_context(capath=chosen)
    return ssl.create_default_context(cafile=chosen)


@dataclass(frozen=True, slots=True)
class Access:
    """Settings of web access. None leaves a setting to the environment."""

    proxy: str | None = None
    certificates: str | None = None
    """A file or folder of certificate authorities."""

    def opener(self, follow: bool = True) -> OpenerDirector:
        """An opener for http, https and file. Raises OSError where the certificates cannot be read."""
        handlers: list[BaseHandler] = [HTTPSHandler(context=_trust(self.certificates))]
        if self.proxy:
            address = self.proxy if "://" in self.proxy else f"http://{self.proxy}"
            handlers.append(ProxyHandler({"http": address, "https": address}))
        if not follow:
            handlers.append(_NoRedirect())
        return build_opener(*handlers)


def without_credentials(url: str) -> str:
    """The URL without `user:password@`, for messages and request lines."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def authorization(url: str) -> str | None:
    """The value of the Authorization header that the URL's `user:password@` asks for."""
    parts: SplitResult = urlsplit(url)
    if parts.username is None:
        return None
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return "Basic " + base64.b64encode(pair.encode()).decode("ascii")


def origin(url: str) -> str:
    """Scheme, host and port: the unit of reachability, and of where a password may be sent."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower()


_verdicts: dict[str, str | None] = {}
_probing = threading.Lock()


def why_unreachable(url: str, access: Access) -> str | None:
    """Why the host of `url` cannot be used, or None where it answers (be it with an error).

    Each host is asked once in the life of the process, for `PROBE_SECONDS` at most.
    """
    if urlsplit(url).scheme == "file":
        return None
    host = origin(url)
    with _probing:
        if host not in _verdicts:
            _verdicts[host] = _probe(host, access)
        return _verdicts[host]


def _probe(host: str, access: Access) -> str | None:
    outcome: list[str | None] = []

    def ask() -> None:
        try:
            request = Request(host + "/", method="HEAD")
            access.opener(follow=False).open(request, timeout=PROBE_SECONDS).close()
        except HTTPError as answer:
            answer.close()
        except URLError as error:
            # A host that speaks TLS is reachable; the download reports problems with its certificate.
            if not isinstance(error.reason, ssl.SSLError):
                outcome.append(f"{host} cannot be reached ({error.reason})")
        except OSError as error:
            outcome.append(f"{host} cannot be reached ({error})")
        except (HTTPException, ValueError) as error:
            outcome.append(f"{host} does not speak HTTP ({error})")
        outcome.append(None)

    # Name resolution takes no time-out, so the bound is on the thread that waits for it.
    asking = threading.Thread(target=ask, name=f"probe {host}", daemon=True)
    asking.start()
    asking.join(PROBE_SECONDS)
    return outcome[0] if outcome else f"{host} did not answer within {PROBE_SECONDS:g} s"
