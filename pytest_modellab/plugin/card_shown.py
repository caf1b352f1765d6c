"""The scorecard at the end of a session's output: in full, short, as a line, or only where the session did not pass."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytest

from pytest_modellab.core.console import encodable, from_here, printable, wrapped
from pytest_modellab.reports.scorecard import short
from pytest_modellab.reports.scorecard.terminal import Line, render

from .absent_devices import message

if TYPE_CHECKING:
    from pytest_modellab.reports.scorecard.card import Scorecard

    from .session import LabSession

_COLOURS = {"pass": {"green": True}, "fail": {"red": True}}


def show(lab: LabSession, card: Scorecard, reporter: pytest.TerminalReporter) -> None:
    """Print the scorecard in the form that the session asks for. One that did not pass is never silent."""
    form = lab.config.card
    if form != "none" or not card.passed:
        reporter.ensure_newline()
        if form in {"full", "short"}:
            failed = form == "short" and not card.passed
            reporter.section(f"modellab scorecard{': NOT PASSED' if failed else ''}")
        _write(reporter, _lines(lab, card, form, reporter.config.get_terminal_writer().fullwidth))
    if lab.summary_error:
        _write(reporter, [(printable(lab.summary_error), "warn")])


def _lines(lab: LabSession, card: Scorecard, form: str, width: int) -> Iterable[Line]:
    details = from_here(lab.scorecard_path)
    left = lab.left
    page = "" if left is None else left.hint if left.page is None else from_here(left.page)
    if form == "full":
        beside = wrapped(message(lab.needless, lab.absent), width) if lab.needless else []
        return [*((text, None) for text in beside), *render(card, details, page, width)]
    found = left is not None and left.page is not None
    place = f"page: {page}" if found else f"details: {details}"
    if form != "short":
        return [short.line(card, place, width)]
    return short.render(card, place if found or not page else f"{place}; page: {page}", width)


def _write(reporter: pytest.TerminalReporter, lines: Iterable[Line]) -> None:
    encoding = getattr(reporter.config.get_terminal_writer()._file, "encoding", None)
    for line, status in lines:
        markup = {} if status is None else _COLOURS.get(status, {"yellow": True})
        reporter.write_line(encodable(line, encoding), **markup)
