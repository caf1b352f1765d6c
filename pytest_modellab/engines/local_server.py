"""A server on this machine: its processes, found by the port it listens on; their processor time and memory."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import psutil

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class LocalServer:
    """The process that listens on a port of this machine, with those that it started."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process

    @classmethod
    def at(cls, url: str) -> LocalServer | None:
        """The server of an address.

        None where it is elsewhere, in this process or its parent, or where the system doesn't tell whose a port is.
        """
        import psutil

        parts = urlsplit(url)
        if parts.hostname not in LOOPBACK:
            return None
        port = parts.port or (443 if parts.scheme in {"https", "wss"} else 80)
        with suppress(psutil.Error, OSError):
            for each in psutil.net_connections(kind="tcp"):
                listens = each.status == psutil.CONN_LISTEN and each.laddr and each.laddr.port == port
                if listens and each.pid not in {None, os.getpid(), os.getppid()}:
                    return cls(psutil.Process(each.pid))
        return None

    def cpu_s(self) -> float:
        """Processor time so far, seconds; 0 once it has ended."""
        import psutil

        total = 0.0
        for process in self._processes():
            with suppress(psutil.Error):
                times = process.cpu_times()
                total += times.user + times.system
        return total

    def rss_bytes(self) -> int:
        """Resident memory now; 0 once it has ended. What its processes share is counted for each."""
        import psutil

        total = 0
        for process in self._processes():
            with suppress(psutil.Error):
                total += process.memory_info().rss
        return total

    def _processes(self) -> list[psutil.Process]:
        import psutil

        try:
            return [self._process, *self._process.children(recursive=True)]
        except psutil.Error:
            return []
