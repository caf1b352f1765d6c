"""A scorecard as JUnit XML: a test case for each case and limit, as CI systems show them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from pytest_modellab.core.console import printable
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.results.verdicts import Status

from .tables import by_task

if TYPE_CHECKING:
    from .card import Scorecard
    from .format import FormatContext
    from .row import Judgement, Row

_SKIPPED = {Status.NOT_AVAILABLE, Status.INCONCLUSIVE}


class JUnit:
    """The format; what is inconclusive or not available is a skipped test with its reason."""

    def render(self, card: Scorecard, context: FormatContext) -> str:
        root = ElementTree.Element("testsuites", name="modellab")
        for task, rows in by_task(card.rows):
            suite = ElementTree.SubElement(root, "testsuite", name=task, timestamp=card.created)
            for row in rows:
                suite.extend(_cases(row))
            for kind in ("failure", "skipped"):
                count = len(suite.findall(f"testcase/{kind}"))
                suite.set("failures" if kind == "failure" else kind, str(count))
            suite.set("tests", str(len(suite.findall("testcase"))))
            suite.set("errors", "0")
        ElementTree.indent(root)
        return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _cases(row: Row) -> Iterator[ElementTree.Element]:
    if not row.verdicts:
        yield _case(row, "measured", row.status, row.reason)
    for each in row.verdicts:
        yield _case(row, _named(each), each.status, each.reason, each)
    judged = {each.status for each in row.verdicts}
    if row.status is Status.FAIL and Status.FAIL not in judged and row.verdicts:
        yield _case(row, "tests", row.status, row.reason)


def _named(judgement: Judgement) -> str:
    by = f" by {judgement.by}" if judgement.by else ""
    return f"{judgement.metric}{by}"


def _case(row: Row, name: str, status: Status, reason: str, judgement: Judgement | None = None) -> ElementTree.Element:
    found = ElementTree.Element("testcase", classname=f"{row.case.task}.{row.case.id}", name=name)
    if judgement is not None:
        properties = ElementTree.SubElement(found, "properties")
        for key, value in (("value", judgement.value), ("limit", judgement.bound), ("source", judgement.source)):
            if value not in {None, ""}:
                ElementTree.SubElement(properties, "property", name=key, value=printable(str(value)))
    message = printable(_told(judgement, reason))
    if status is Status.FAIL:
        ElementTree.SubElement(found, "failure", message=message)
    elif status in _SKIPPED:
        ElementTree.SubElement(found, "skipped", message=message)
    return found


def _told(judgement: Judgement | None, reason: str) -> str:
    if judgement is None or judgement.value is None or judgement.bound is None:
        return reason
    metric = METRICS.get(judgement.metric)
    value, bound = (
        (str(judgement.value), str(judgement.bound))
        if metric is None
        else metric.beside(judgement.value, judgement.bound)
    )
    return f"{value}, limit {judgement.comparison} {bound}{f': {reason}' if reason else ''}"


FORMAT = JUnit()
