"""`modellab serve`."""

from __future__ import annotations

import argparse
import sys
import webbrowser

from pytest_modellab.reports.web import guard
from pytest_modellab.reports.web.server import ReportsServer

from .command import Commands, whole
from .exits import Exit, UsageError
from .place import reports_folder
from .tell import tell


def run(options: argparse.Namespace) -> int:
    """Show the reports until interrupted."""
    reports = reports_folder(options)
    if not reports.is_dir():
        raise UsageError(f"no folder {reports}; run pytest first, or name another: --reports DIR")
    if not options.exposed and not guard.is_loopback(options.host):
        raise UsageError(
            f"{options.host} is not a loopback address: anyone who can reach it could read every transcript and play"
            " every recording, without a password; --exposed allows that"
        )
    try:
        server = ReportsServer(reports, options.host, options.port, exposed=options.exposed)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"can't listen on {options.host}:{options.port}: {why}; --port 0 takes any") from None
    with server:
        tell(f"{reports}: {server.url} (Ctrl-C ends it)", flush=True)
        if options.exposed:
            tell("whoever can reach it can read all of it", file=sys.stderr, flush=True)
        if options.open:
            open_browser(server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            tell("ended", flush=True)
        finally:
            server.ended.set()
    return Exit.OK


def open_browser(url: str) -> bool:
    """Show a page in a browser with windows of its own; one that would take over the terminal is left alone."""
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return False
    if type(found) is webbrowser.GenericBrowser:
        return False
    return found.open(url)


def add(commands: Commands) -> None:
    """Add the command with its options."""
    shown = commands.add(
        "serve",
        run,
        "Show the reports to a browser on this machine, running sessions among them.",
        example="serve --open",
    )
    shown.add_argument("--host", default="127.0.0.1", metavar="HOST", help="address to listen on (default: 127.0.0.1)")
    shown.add_argument(
        "--port", type=whole(0, 65_535), default=8000, metavar="PORT", help="port; 0 for any free one (default: 8000)"
    )
    shown.add_argument(
        "--exposed", action="store_true", help="listen also where others can reach it: they can read all of it"
    )
    shown.add_argument("--open", action="store_true", help="open a browser, where there is one")
    shown.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
